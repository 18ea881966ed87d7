import type {Group, NetworkTree} from './state.ts';
import type {HostSet} from './topology-plan-hosts.ts';
import type {Span} from './topology-plan-model.ts';
import {type Loads, usedBlocksIn} from './topology-plan-pools.ts';

/** The blocks that the hosts of a set have together in each network, and the prefixes that they make when each host joins its own. */
export interface HostLoad {
  readonly set: HostSet;
  readonly carried: ReadonlyMap<NetworkTree, Carried>;
}

export interface Carried {
  readonly blocks: bigint;
  readonly joined: Span;
}

/** What routers carry of the prefixes of one network. */
export interface NetworkRoutes {
  readonly tree: NetworkTree;
  readonly blocks: bigint;
  /** Leaves that have a block in use; of a network of one group its blocks, since there is nothing to aggregate by. */
  readonly groupsInUse: bigint;
  /** The same of the groups at the top. */
  readonly top: bigint;
  readonly isNested: boolean;
  readonly leaves: ReadonlyMap<Group, LeafRoutes>;
  /** By the router of each group; hosts announce blocks. */
  readonly atGroup: ReadonlyMap<Group, bigint>;
}

interface LeafRoutes {
  blocks: bigint;
  joined: Span;
  /** Prefixes of the groups beside it, and beside those above it. */
  readonly beside: bigint;
  readonly spine: bigint;
}

/**
 * How many routes each router of a network carries when each group has one, which hears of the groups below it, of those beside it and beside
 * those above. Groups without a block in use cost none.
 */
export function countNetworkRoutes(tree: NetworkTree, loads: Loads, hosts: readonly HostLoad[]): NetworkRoutes {
  const {root} = tree;
  const isInUse = (group: Group): boolean => {
    return group.groups.length === 0 ? usedBlocksIn(loads, group) > 0n : group.groups.some(isInUse);
  };
  const leaves = new Map<Group, LeafRoutes>();
  const atGroup = new Map<Group, bigint>();
  const visit = (group: Group, beside: bigint, spine: bigint) => {
    if (group.groups.length === 0) {
      leaves.set(group, {blocks: 0n, joined: {least: 0n, most: 0n}, beside, spine});
      return;
    }
    const inUse = group.groups.map(isInUse);
    const count = BigInt(inUse.filter(Boolean).length);
    atGroup.set(group, beside + count);
    for (const [index, child] of group.groups.entries()) visit(child, beside + count - (inUse[index] === true ? 1n : 0n), beside + count);
  };
  visit(root, 0n, root.groups.length === 0 ? usedBlocksIn(loads, root) : 0n);
  for (const {set, carried} of hosts) {
    const leaf = set.leaves.get(tree);
    const counts = leaf && leaves.get(leaf);
    const load = carried.get(tree);
    if (counts === undefined || load === undefined) continue;
    counts.blocks += load.blocks;
    counts.joined = plus(counts.joined, load.joined);
  }
  for (const [leaf, {blocks, beside}] of leaves) atGroup.set(leaf, blocks + beside);
  const blocks = sum([...leaves.keys()].map(leaf => usedBlocksIn(loads, leaf)));
  const isDivided = root.groups.length > 0;
  const groupsInUse = BigInt([...leaves.keys()].filter(isInUse).length);
  return {
    tree,
    blocks,
    groupsInUse: isDivided ? groupsInUse : blocks,
    top: isDivided ? BigInt(root.groups.filter(isInUse).length) : blocks,
    isNested: root.groups.some(({groups}) => groups.length > 0),
    leaves,
    atGroup,
  };
}

function plus(a: Span, b: Span): Span {
  return {least: a.least + b.least, most: a.most + b.most};
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}
