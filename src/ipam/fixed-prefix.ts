import {InputError} from '../core/errors.ts';
import {placeIn, treeOf} from '../core/group-tree.ts';
import {contains, overlaps, type Prefix} from '../core/prefix.ts';
import {createRangeSet, rangeOf} from '../core/range-set.ts';
import type {NetworkTree} from '../core/state.ts';
import {fitsAsFixed} from '../core/topology-update.ts';
import type {Ledger} from './ledger.ts';

/**
 * The place of a new host that is to have a prefix to itself. Throws InputError: ERR_INVALID where the prefix is too small or in no single
 * group, ERR_CONFLICT where others are in it already.
 */
export function refuseUnfitPrefix({tables}: Ledger, host: string, fixed: Prefix): Record<string, Prefix> {
  const tree = treeOf(tables.topology?.value.trees ?? [], fixed);
  const label = `The fixed prefix ${fixed} of host ${host}`;
  if (tree === undefined) throw new InputError('ERR_CONFLICT', `${label} lies in no network that has a topology.`);
  const {name, blockMask} = tree.network;
  if (!fitsAsFixed(tree, fixed)) {
    throw new InputError(
      'ERR_INVALID',
      `${label} must lie in one group of network ${name} and be no smaller than its blocks (/${blockMask}).`,
    );
  }
  const others = [...tables.hosts.values()].map(({value}) => value);
  for (const other of others) {
    if (other.fixed !== undefined && overlaps(other.fixed, fixed))
      throw new InputError('ERR_CONFLICT', `${label} overlaps ${other.fixed} of host ${other.name}.`);
  }
  const taken = createRangeSet([fixed, ...others.flatMap(other => other.fixed ?? [])].filter(isIn(tree)).map(rangeOf));
  for (const other of others) {
    const group = other.fixed === undefined ? placeIn(other.groups, name) : undefined;
    if (group !== undefined && overlaps(group, fixed) && taken.covers(rangeOf(group)))
      throw new InputError('ERR_CONFLICT', `${label} leaves no room to host ${other.name}, whose group is ${group}.`);
  }
  for (const {value: block} of tables.blocks.values()) {
    const isInTheWay = overlaps(block.cidr, fixed) && (block.host !== '' || !contains(fixed, block.cidr));
    if (isInTheWay) throw new InputError('ERR_CONFLICT', `${label} overlaps block ${block.cidr} of host ${block.host || '(none)'}.`);
  }
  return {[name]: fixed};
}

function isIn({network}: NetworkTree): (prefix: Prefix) => boolean {
  return prefix => contains(network.cidr, prefix);
}
