import type {AnnouncedCounts, RouteCounts, RoutePlan, Span} from './topology-plan-model.ts';
import type {Carried, HostLoad, NetworkRoutes} from './topology-plan-network-routes.ts';

/** How many routes each kind of router carries at most, over networks of one family. */
export function planRoutes(networks: readonly NetworkRoutes[], hosts: readonly HostLoad[]): RoutePlan {
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

/** What a host of the set carries, its ToR, and the routers above that. */
function countsOf({set, carried}: HostLoad, networks: readonly NetworkRoutes[], isNested: boolean): RouteCounts {
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

function minus(a: Span, b: Span): Span {
  return {least: a.least - b.least, most: a.most - b.most};
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}
