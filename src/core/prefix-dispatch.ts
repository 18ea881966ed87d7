import {
  addressBits,
  comparePrefixes,
  contains,
  type Family,
  firstAddress,
  fromNumber,
  type Prefix,
  prefixLength,
  toNumber,
} from './prefix.ts';

/** Where packets of a prefix go on. */
export interface DispatchEntry {
  readonly prefix: Prefix;
  readonly target: string;
}

/** A list that is looked through until a prefix holds the address: another node, or one of the targets. */
export interface DispatchNode {
  /** What it stands for: all that is looked for here lies in it. */
  readonly prefix: Prefix;
  readonly entries: ReadonlyArray<{readonly prefix: Prefix; readonly to: DispatchNode | {readonly target: string}}>;
}

/** So many are looked through at most in one node. Few make the tree deep, many make its lists long. */
const mostEntries = 8;

/**
 * Builds the tree that finds the entry of an address in few steps, however many entries there are: with iptables, which has no table of prefixes, the cost of a packet then
 * grows with the logarithm of their number. The prefixes must be disjoint, and of one family. Undefined without any.
 */
export function buildDispatch(entries: readonly DispatchEntry[], family: Family): DispatchNode | undefined {
  const sorted = entries.toSorted((a, b) => comparePrefixes(a.prefix, b.prefix));
  return sorted.length === 0 ? undefined : buildNode(sorted, family);
}

/** How many comparisons the worst address costs. */
export function costOf({entries}: DispatchNode): number {
  return entries.reduce((worst, {to}, index) => Math.max(worst, index + 1 + ('target' in to ? 0 : costOf(to))), 0);
}

function buildNode(entries: readonly DispatchEntry[], family: Family): DispatchNode {
  const prefix = commonPrefix(entries, family);
  let groups: DispatchEntry[][] = [[...entries]];
  for (;;) {
    // The largest is what costs most.
    const largest = groups.reduce((most, group) => (group.length > most.length ? group : most));
    if (largest.length === 1 || groups.length === mostEntries) break;
    groups = groups.flatMap(group => (group === largest ? splitGroup(group, family) : [group]));
  }
  return {
    prefix,
    entries: groups.map(group => {
      const [only, ...others] = group;
      if (only !== undefined && others.length === 0) return {prefix: only.prefix, to: {target: only.target}};
      return {prefix: commonPrefix(group, family), to: buildNode(group, family)};
    }),
  };
}

/** In two, by the first bit in which they differ: so the prefixes around the halves are disjoint. */
function splitGroup(group: readonly DispatchEntry[], family: Family): DispatchEntry[][] {
  const length = prefixLength(commonPrefix(group, family)) + 1;
  const bit = 1n << BigInt(addressBits[family] - length);
  const isUpper = ({prefix}: DispatchEntry) => (toNumber(firstAddress(prefix)) & bit) !== 0n;
  return [group.filter(entry => !isUpper(entry)), group.filter(isUpper)];
}

/** The smallest prefix around all of them. */
function commonPrefix(entries: readonly DispatchEntry[], family: Family): Prefix {
  const [first, last] = [entries[0]?.prefix, entries.at(-1)?.prefix];
  if (first === undefined || last === undefined) throw new Error('nothing has no prefix');
  if (contains(first, last)) return first;
  const bits = addressBits[family];
  const [low, high] = [toNumber(firstAddress(first)), toNumber(firstAddress(last))];
  const different = (low ^ high).toString(2).length;
  const start = (low >> BigInt(different)) << BigInt(different);
  return `${fromNumber(start, family)}/${bits - different}` as Prefix;
}
