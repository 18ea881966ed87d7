import {contains, firstAddress, type Prefix, prefixLength, sizeOf, toNumber} from './prefix.ts';
import type {Group, NetworkTree} from './state.ts';

/** The leaf that a prefix lies in. The groups of a group are equal parts in order, so each level costs a division and no search. */
export function leafAround({root}: NetworkTree, inner: Prefix): Group | undefined {
  if (!contains(root.cidr, inner)) return undefined;
  const start = toNumber(firstAddress(inner));
  let group: Group | undefined = root;
  while (group !== undefined && group.groups.length > 0) {
    const part: Prefix | undefined = group.groups[0]?.cidr;
    if (part === undefined || prefixLength(inner) < prefixLength(part)) return undefined;
    group = group.groups[Number((start - toNumber(firstAddress(group.cidr))) / sizeOf(part))];
  }
  return group;
}
