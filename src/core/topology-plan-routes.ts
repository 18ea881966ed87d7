import {type Family, familyOf} from './prefix.ts';
import type {Group, NetworkTree} from './state.ts';
import type {LeafLoad} from './topology-plan-demand.ts';
import type {HostSet} from './topology-plan-hosts.ts';
import type {AnnouncedCounts, RouteCounts, RoutePlan, Span} from './topology-plan-model.ts';

/** The blocks that the hosts of a set have together in each network, and the prefixes that they make when each host joins its own. */
export interface HostLoad {
  readonly set: HostSet;
  readonly carried: ReadonlyMap<NetworkTree, Carried>;
}

export interface Carried {
  readonly blocks: bigint;
  readonly joined: Span;
}

/** How many routes of a family each kind of router carries at most. Groups without a block in use cost none. */
export function planRoutes(
  family: Family,
  trees: readonly NetworkTree[],
  loads: ReadonlyMap<Group, LeafLoad>,
  hosts: readonly HostLoad[],
): RoutePlan {
  const own = trees.filter(({network}) => familyOf(network.cidr) === family);
  const networks = own.map(tree => countNetwork(tree, loads, hosts));
  const isNested = networks.some(network => network.isNested);
  const topology = hosts.map(load => countsOf(load, networks, isNested)).reduce(larger, nothing(isNested));
  const all = sum(networks.map(({blocks}) => blocks));
  const scattered = (count: bigint): AnnouncedCounts => ({blocks: count, aggregate: {least: count, most: count}});
  const flat: RouteCounts = {
    host: {kernel: scattered(topology.host.kernel.blocks), announced: scattered(topology.host.announced.blocks)},
    tor: scattered(all),
    spine: all,
    ...(isNested && {core: all}),
    vpc: all,
  };
  return {topology, flat};
}

interface NetworkCounts {
  readonly tree: NetworkTree;
  readonly blocks: bigint;
  /** Leaves that have a block in use; of a network of one group its blocks, since there is nothing to aggregate by. */
  readonly groupsInUse: bigint;
  /** The same of the groups at the top. */
  readonly top: bigint;
  readonly isNested: boolean;
  readonly leaves: ReadonlyMap<Group, LeafCounts>;
}

interface LeafCounts {
  blocks: bigint;
  joined: Span;
  /** Prefixes of the groups beside it, and beside those above it. */
  readonly beside: bigint;
  readonly spine: bigint;
}

function countNetwork(tree: NetworkTree, loads: ReadonlyMap<Group, LeafLoad>, hosts: readonly HostLoad[]): NetworkCounts {
  const {root} = tree;
  const isInUse = (group: Group): boolean => {
    return group.groups.length === 0 ? (loads.get(group)?.usedBlocks ?? 0n) > 0n : group.groups.some(isInUse);
  };
  const leaves = new Map<Group, LeafCounts>();
  const visit = (group: Group, beside: bigint, spine: bigint) => {
    if (group.groups.length === 0) {
      leaves.set(group, {blocks: 0n, joined: {least: 0n, most: 0n}, beside, spine});
      return;
    }
    const inUse = group.groups.map(isInUse);
    const count = BigInt(inUse.filter(Boolean).length);
    for (const [index, child] of group.groups.entries()) visit(child, beside + count - (inUse[index] === true ? 1n : 0n), beside + count);
  };
  visit(root, 0n, root.groups.length === 0 ? (loads.get(root)?.usedBlocks ?? 0n) : 0n);
  for (const {set, carried} of hosts) {
    const leaf = set.leaves.get(tree);
    const counts = leaf && leaves.get(leaf);
    const load = carried.get(tree);
    if (counts === undefined || load === undefined) continue;
    counts.blocks += load.blocks;
    counts.joined = plus(counts.joined, load.joined);
  }
  const blocks = sum([...leaves.keys()].map(leaf => loads.get(leaf)?.usedBlocks ?? 0n));
  const isDivided = root.groups.length > 0;
  const groupsInUse = BigInt([...leaves.keys()].filter(isInUse).length);
  return {
    tree,
    blocks,
    groupsInUse: isDivided ? groupsInUse : blocks,
    top: isDivided ? BigInt(root.groups.filter(isInUse).length) : blocks,
    isNested: root.groups.some(({groups}) => groups.length > 0),
    leaves,
  };
}

/** What a host of the set carries, its ToR, and the routers above that. */
function countsOf({set, carried}: HostLoad, networks: readonly NetworkCounts[], isNested: boolean): RouteCounts {
  return networks.reduce((counts, {tree, groupsInUse, top, leaves}) => {
    const group = set.leaves.get(tree);
    const leaf = group && leaves.get(group);
    const load = carried.get(tree) ?? {blocks: 0n, joined: {least: 0n, most: 0n}};
    const own = ofOne(load, set.count);
    const above = {vpc: groupsInUse, ...(isNested && {core: top})};
    if (leaf === undefined) {
      // Its hosts have no addresses of this network, but reach those that others have.
      const tor = {blocks: top, aggregate: {least: top, most: top}, groups: top};
      return added(counts, {...nothing(isNested), tor, spine: top, ...above});
    }
    const hostGroups = own.blocks > 0n ? 1n : 0n;
    const behind = leaf.blocks > 0n ? 1n : 0n;
    return added(counts, {
      host: {
        kernel: {blocks: leaf.blocks - own.blocks, aggregate: minus(leaf.joined, own.joined)},
        announced: {blocks: own.blocks, aggregate: own.joined, groups: hostGroups},
      },
      tor: {
        blocks: leaf.blocks + leaf.beside,
        aggregate: {least: leaf.joined.least + leaf.beside, most: leaf.joined.most + leaf.beside},
        groups: behind + leaf.beside,
      },
      spine: leaf.spine,
      ...above,
    });
  }, nothing(isNested));
}

/** The most that one of some equal hosts has. */
function ofOne({blocks, joined: {least, most}}: Carried, count: number): Carried {
  const each = (value: bigint) => (value + BigInt(count) - 1n) / BigInt(count);
  return {blocks: each(blocks), joined: {least: each(least), most: each(most)}};
}

function nothing(isNested: boolean): RouteCounts {
  const none = {blocks: 0n, aggregate: {least: 0n, most: 0n}};
  return {
    host: {kernel: none, announced: {...none, groups: 0n}},
    tor: {...none, groups: 0n},
    spine: 0n,
    ...(isNested && {core: 0n}),
    vpc: 0n,
  };
}

function added(a: RouteCounts, b: RouteCounts): RouteCounts {
  return combine(a, b, (x, y) => x + y);
}

function larger(a: RouteCounts, b: RouteCounts): RouteCounts {
  return combine(a, b, (x, y) => (x > y ? x : y));
}

function combine(a: RouteCounts, b: RouteCounts, both: (x: bigint, y: bigint) => bigint): RouteCounts {
  const spans = (x: Span, y: Span): Span => ({least: both(x.least, y.least), most: both(x.most, y.most)});
  const maybe = (x: bigint | undefined, y: bigint | undefined) => (x === undefined || y === undefined ? undefined : both(x, y));
  const announced = (x: AnnouncedCounts, y: AnnouncedCounts): AnnouncedCounts => {
    return {blocks: both(x.blocks, y.blocks), aggregate: spans(x.aggregate, y.aggregate), groups: maybe(x.groups, y.groups)};
  };
  return {
    host: {
      kernel: {
        blocks: both(a.host.kernel.blocks, b.host.kernel.blocks),
        aggregate: spans(a.host.kernel.aggregate, b.host.kernel.aggregate),
      },
      announced: announced(a.host.announced, b.host.announced),
    },
    tor: announced(a.tor, b.tor),
    spine: both(a.spine, b.spine),
    core: maybe(a.core, b.core),
    vpc: both(a.vpc, b.vpc),
  };
}

function plus(a: Span, b: Span): Span {
  return {least: a.least + b.least, most: a.most + b.most};
}

function minus(a: Span, b: Span): Span {
  return {least: a.least - b.least, most: a.most - b.most};
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}
