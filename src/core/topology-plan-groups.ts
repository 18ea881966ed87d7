import {type Prefix, prefixLength, sizeOf} from './prefix.ts';
import type {Group, Network, NetworkTree} from './state.ts';
import {blockSize, closedBlocks, commonParts} from './topology-plan-blocks.ts';
import type {Amount, GroupPlan} from './topology-plan-model.ts';
import {type LeafLoad, type Loads, type Pool, poolsOf} from './topology-plan-pools.ts';

export interface GroupPlanOptions {
  readonly tree: NetworkTree;
  readonly loads: Loads;
  readonly hostsIn: ReadonlyMap<Group, number>;
  readonly blackouts: readonly Prefix[];
  /** What the router of each group carries. */
  readonly routesAt: ReadonlyMap<Group, bigint>;
}

/** Every group of a tree with what it holds, depth first. What a leaf has counts for all groups above it. */
export function planGroups({tree: {network, root}, loads, hostsIn, blackouts, routesAt}: GroupPlanOptions): GroupPlan[] {
  const levels = levelNames(root);
  const visit = (group: Group, depth: number, above: string): GroupPlan[] => {
    const title = titleOf(group);
    const label = above === '' ? title : `${above}/${title}`;
    const below = group.groups.map(child => visit(child, depth + 1, label));
    const children = below.flatMap(([child]) => child ?? []);
    const isLeaf = children.length === 0;
    const place = {
      name: group.name,
      path: group.path,
      title,
      label,
      cidr: group.cidr,
      depth,
      level: levels[depth] ?? '',
      isLeaf,
      children: children.length,
      routes: routesAt.get(group) ?? 0n,
    };
    const closed = closedIn(network, group.cidr, blackouts);
    const sums = isLeaf
      ? leafSums({network, cidr: group.cidr, load: loads.get(group), hosts: hostsIn.get(group) ?? 0, blackouts})
      : childSums(network, group, children);
    const {blocks, addresses, ...rest} = sums;
    const plan = {
      ...place,
      ...rest,
      blocks: amountOf(sizeOf(group.cidr) / blockSize(network), blocks, closed.blocks),
      addresses: amountOf(sizeOf(group.cidr), addresses, closed.addresses),
    };
    return [plan, ...below.flat()];
  };
  return visit(root, 0, '');
}

type Sums = Pick<GroupPlan, 'room' | 'hosts' | 'neededBlocks' | 'hostsWhenFull' | 'addressesPerHostWhenFull'> & {
  readonly blocks: Parts;
  readonly addresses: Parts;
};

type Parts = Pick<Amount, 'used' | 'padding' | 'reserved'>;

interface LeafFacts extends Pick<GroupPlanOptions, 'blackouts'> {
  readonly network: Network;
  readonly cidr: Prefix;
  readonly load: LeafLoad | undefined;
  readonly hosts: number;
}

function leafSums({network, cidr, load, hosts, blackouts}: LeafFacts): Sums {
  const pools = load === undefined ? [] : poolsOf(load);
  const sumOf = (value: (pool: Pool) => bigint) => pools.reduce((sum, pool) => sum + value(pool), 0n);
  const own = [...(load?.own.values() ?? [])];
  const unused = own.map(pool => unusedOf(network, pool, blackouts));
  const others = BigInt(hosts - own.length);
  const {capacity = 0n, neededBlocks = 0n} = load?.shared ?? {};
  // Own prefixes that fill a group leave no room for a host of any kind.
  const more = neededBlocks > 0n && others > 0n ? (capacity * others) / neededBlocks : own.length > 0 && capacity === 0n ? 0n : undefined;
  const perHost = [...(others > 0n ? [least(capacity / others, sizeOf(cidr))] : []), ...own.map(pool => pool.capacity)];
  return {
    hosts,
    neededBlocks: sumOf(pool => pool.neededBlocks),
    blocks: {used: sumOf(pool => pool.usedBlocks), padding: 0n, reserved: unused.reduce((sum, {blocks}) => sum + blocks, 0n)},
    addresses: {used: sumOf(pool => pool.usedAddresses), padding: 0n, reserved: unused.reduce((sum, {addresses}) => sum + addresses, 0n)},
    ...(more !== undefined && {hostsWhenFull: BigInt(own.length) + more}),
    ...(perHost.length > 0 && {addressesPerHostWhenFull: perHost.reduce(least) * blockSize(network)}),
  };
}

/** What nobody has of an own prefix. */
function unusedOf(network: Network, {own, capacity, usedBlocks, usedAddresses}: Pool, blackouts: readonly Prefix[]) {
  if (own === undefined) return {blocks: 0n, addresses: 0n};
  const size = sizeOf(own.cidr);
  const held = usedBlocks * blockSize(network) - usedAddresses;
  const closed = least(closedIn(network, own.cidr, blackouts).addresses, size - usedAddresses);
  return {blocks: notBelowZero(capacity - usedBlocks), addresses: notBelowZero(size - usedAddresses - closed - held)};
}

function childSums(network: Network, group: Group, children: readonly GroupPlan[]): Sums {
  const [first] = children;
  const part = first?.cidr ?? group.cidr;
  const room = 2 ** (prefixLength(part) - prefixLength(group.cidr)) - children.length;
  const padding = sizeOf(part) * BigInt(room);
  const sumOf = (value: (child: GroupPlan) => bigint) => children.reduce((sum, child) => sum + value(child), 0n);
  const hostsWhenFull = children.flatMap(child => child.hostsWhenFull ?? []);
  const perHost = children.flatMap(child => child.addressesPerHostWhenFull ?? []);
  return {
    room,
    hosts: children.reduce((sum, {hosts}) => sum + hosts, 0),
    neededBlocks: sumOf(child => child.neededBlocks),
    blocks: {
      used: sumOf(child => child.blocks.used),
      padding: padding / blockSize(network) + sumOf(child => child.blocks.padding),
      reserved: sumOf(child => child.blocks.reserved),
    },
    addresses: {
      used: sumOf(child => child.addresses.used),
      padding: padding + sumOf(child => child.addresses.padding),
      reserved: sumOf(child => child.addresses.reserved),
    },
    ...(hostsWhenFull.length > 0 && {hostsWhenFull: hostsWhenFull.reduce((sum, count) => sum + count, 0n)}),
    ...(perHost.length > 0 && {addressesPerHostWhenFull: perHost.reduce(least)}),
  };
}

function amountOf(capacity: bigint, {used, padding, reserved}: Parts, closed: bigint): Amount {
  // Addresses that were in use before a blackout came stay in use.
  const blackedOut = least(closed, capacity - used);
  return {capacity, used, free: capacity - used - blackedOut, blackedOut, padding, reserved};
}

/** Only the container of several groups has no path. */
function titleOf({name, path, cidr, assignment}: Group): string {
  return path === '' ? '' : name || Object.values(assignment).join(' ') || cidr;
}

/** What the groups of each depth are: the label that all of them are assigned by, and none above them. */
function levelNames(root: Group): string[] {
  const names: string[] = [];
  for (let groups: readonly Group[] = [root]; groups.length > 0; groups = groups.flatMap(group => group.groups)) {
    const labels = Object.keys(groups[0]?.assignment ?? {});
    const name = labels.find(label => !names.includes(label) && groups.every(({assignment}) => Object.hasOwn(assignment, label)));
    names.push(name ?? '');
  }
  return names;
}

function closedIn(network: Network, cidr: Prefix, blackouts: readonly Prefix[]) {
  const closed = commonParts(cidr, blackouts);
  return {blocks: closedBlocks(closed, network), addresses: closed.reduce((sum, prefix) => sum + sizeOf(prefix), 0n)};
}

function notBelowZero(value: bigint): bigint {
  return value > 0n ? value : 0n;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
