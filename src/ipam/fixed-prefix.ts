import {InputError} from '../core/errors.ts';
import {treeOf} from '../core/group-tree.ts';
import {contains, overlaps, type Prefix} from '../core/prefix.ts';
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
  for (const {value: other} of tables.hosts.values()) {
    const theirs = other.fixed ?? Object.values(other.groups).find(group => contains(fixed, group));
    if (theirs !== undefined && overlaps(theirs, fixed))
      throw new InputError('ERR_CONFLICT', `${label} overlaps ${theirs} of host ${other.name}.`);
  }
  for (const {value: block} of tables.blocks.values()) {
    const isInTheWay = overlaps(block.cidr, fixed) && (block.host !== '' || !contains(fixed, block.cidr));
    if (isInTheWay) throw new InputError('ERR_CONFLICT', `${label} overlaps block ${block.cidr} of host ${block.host || '(none)'}.`);
  }
  return {[name]: fixed};
}
