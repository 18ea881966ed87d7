import {joinPrefixes, overlaps, type Prefix, prefixLength, sizeOf} from './prefix.ts';
import {rangeOf} from './range-set.ts';
import type {Group, Network, NetworkTree} from './state.ts';
import {blockSize, type LeafLoad} from './topology-plan-demand.ts';
import type {Amount, GroupPlan} from './topology-plan-model.ts';

export interface GroupPlanOptions {
  readonly tree: NetworkTree;
  readonly loads: ReadonlyMap<Group, LeafLoad>;
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
    const closed = commonParts(group.cidr, blackouts);
    const sums = isLeaf ? leafSums(network, group, loads.get(group), hostsIn.get(group) ?? 0) : childSums(network, group, children);
    const {blocks, addresses, ...rest} = sums;
    const plan = {
      ...place,
      ...rest,
      blocks: amountOf(sizeOf(group.cidr) / blockSize(network), blocks, closedBlocks(closed, network)),
      addresses: amountOf(
        sizeOf(group.cidr),
        addresses,
        closed.reduce((sum, prefix) => sum + sizeOf(prefix), 0n),
      ),
    };
    return [plan, ...below.flat()];
  };
  return visit(root, 0, '');
}

/** How many blocks of a group can be owned: those that are not blacked out whole. */
export function ownableBlocks(network: Network, cidr: Prefix, blackouts: readonly Prefix[]): bigint {
  return sizeOf(cidr) / blockSize(network) - closedBlocks(commonParts(cidr, blackouts), network);
}

type Sums = Pick<GroupPlan, 'room' | 'hosts' | 'neededBlocks' | 'hostsWhenFull' | 'addressesPerHostWhenFull'> & {
  readonly blocks: Pick<Amount, 'used' | 'padding'>;
  readonly addresses: Pick<Amount, 'used' | 'padding'>;
};

function leafSums(network: Network, {cidr}: Group, load: LeafLoad | undefined, hosts: number): Sums {
  const {capacity = 0n, usedBlocks = 0n, usedAddresses = 0n, neededBlocks = 0n} = load ?? {};
  return {
    hosts,
    neededBlocks,
    blocks: {used: usedBlocks, padding: 0n},
    addresses: {used: usedAddresses, padding: 0n},
    ...(neededBlocks > 0n && hosts > 0 && {hostsWhenFull: (capacity * BigInt(hosts)) / neededBlocks}),
    ...(hosts > 0 && {addressesPerHostWhenFull: least(capacity / BigInt(hosts), sizeOf(cidr)) * blockSize(network)}),
  };
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
    blocks: {used: sumOf(child => child.blocks.used), padding: padding / blockSize(network) + sumOf(child => child.blocks.padding)},
    addresses: {used: sumOf(child => child.addresses.used), padding: padding + sumOf(child => child.addresses.padding)},
    ...(hostsWhenFull.length > 0 && {hostsWhenFull: hostsWhenFull.reduce((sum, count) => sum + count, 0n)}),
    ...(perHost.length > 0 && {addressesPerHostWhenFull: perHost.reduce(least)}),
  };
}

function amountOf(capacity: bigint, {used, padding}: Pick<Amount, 'used' | 'padding'>, closed: bigint): Amount {
  // Addresses that were in use before a blackout came stay in use.
  const blackedOut = least(closed, capacity - used);
  return {capacity, used, free: capacity - used - blackedOut, blackedOut, padding};
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

function commonParts(cidr: Prefix, blackouts: readonly Prefix[]): Prefix[] {
  const touching = blackouts.filter(blackout => overlaps(cidr, blackout));
  return joinPrefixes(touching.map(blackout => (prefixLength(blackout) < prefixLength(cidr) ? cidr : blackout)));
}

/** Whole blocks only: of others, some addresses are left. Blackouts that lie beside each other may cover one together. */
function closedBlocks(closed: readonly Prefix[], network: Network): bigint {
  const size = blockSize(network);
  const runs: {start: bigint; end: bigint}[] = [];
  for (const {start, end} of closed.map(rangeOf)) {
    const last = runs.at(-1);
    if (last?.end === start) last.end = end;
    else runs.push({start, end});
  }
  return runs.reduce((sum, {start, end}) => {
    const [first, last] = [(start + size - 1n) / size, end / size];
    return last > first ? sum + last - first : sum;
  }, 0n);
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
