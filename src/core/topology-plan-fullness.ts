import type {Unserved} from './topology-plan-demand.ts';
import type {GroupPlan, NetworkPlan, PlannedLoad} from './topology-plan-model.ts';
import {type Loads, type OwnPrefix, ownableIn, type Pool} from './topology-plan-pools.ts';
import {capitalise, renderAmount, renderGroup, renderGroups, renderNumberOf, renderOwnPrefixes, renderPlace} from './topology-plan-text.ts';

export interface FullnessFacts {
  readonly networks: readonly NetworkPlan[];
  readonly loads: Loads;
  readonly load: PlannedLoad;
  readonly unserved: readonly Unserved[];
}

/** Which groups, and own prefixes of hosts, have little left, and which send endpoints on to another network. */
export function fullnessWarnings({networks, loads, load, unserved}: FullnessFacts): string[] {
  // Leaves do not overlap, in whatever network they are.
  const loadAt = new Map([...loads].map(([leaf, leafLoad]) => [leaf.cidr, leafLoad]));
  const lost = Map.groupBy(unserved, ({pool}) => pool);
  const passedOn = (pool: Pool) => pool.turnedAway - (lost.get(pool) ?? []).reduce((sum, {endpoints}) => sum + endpoints, 0n);
  return networks.flatMap(({network, groups}) => {
    const leaves = groups.flatMap((plan): LeafFullness[] => {
      const leafLoad = plan.isLeaf ? loadAt.get(plan.cidr) : undefined;
      if (leafLoad === undefined) return [];
      return [{plan, pool: leafLoad.shared, owners: [...leafLoad.own.keys()], passedOn: passedOn(leafLoad.shared)}];
    });
    const own = groups.flatMap(({isLeaf, cidr}) => [...((isLeaf ? loadAt.get(cidr) : undefined)?.own.values() ?? [])]);
    const prefixes = own.flatMap(pool => (pool.own === undefined ? [] : [{own: pool.own, pool, passedOn: passedOn(pool)}]));
    const fullness = {network, leaves, prefixes};
    return [
      ...fullWarnings(fullness, load),
      ...fullPrefixWarnings(fullness, load),
      ...overflowWarnings(fullness),
      ...prefixOverflowWarnings(fullness),
    ];
  });
}

interface Fullness {
  readonly network: NetworkPlan['network'];
  readonly leaves: readonly LeafFullness[];
  readonly prefixes: readonly PrefixFullness[];
}

interface LeafFullness {
  readonly plan: GroupPlan;
  /** What its hosts share. */
  readonly pool: Pool;
  /** Hosts with own prefixes in it. */
  readonly owners: readonly string[];
  /** Endpoints that go to another network. */
  readonly passedOn: bigint;
}

interface PrefixFullness {
  readonly own: OwnPrefix;
  readonly pool: Pool;
  readonly passedOn: bigint;
}

function fullWarnings({network, leaves}: Fullness, load: PlannedLoad): string[] {
  const full = fullest(leaves);
  const [first] = full;
  if (first === undefined) return [];
  const {plan, pool, owners} = first;
  const beside = owners.length === 0 ? '' : ` beside ${renderOwnPrefixes(owners)}`;
  const left = plan.hostsWhenFull === undefined ? 0n : plan.hostsWhenFull - BigInt(plan.hosts);
  const end =
    plan.hostsWhenFull === undefined
      ? ''
      : `, room for ${left > 0n ? renderNumberOf(left, 'more host') : 'no other host'} like its ${renderAmount(plan.hosts - owners.length)}`;
  const used = `${renderUsed(pool)}${beside}${end}`;
  if (full.length === 1)
    return [`${capitalise(renderGroup(plan, network))} ${isSure(load) ? 'is' : 'would be'} ${percentOf(pool)} % full: ${used}.`];
  const count = `${full.length} of ${renderGroups(leaves.length, plan.level)} of network ${network.name}`;
  return [
    `${count} ${isSure(load) ? 'are' : 'would be'} at least 80 % full, most of all ${renderPlace(plan)} with ${percentOf(pool)} %: ${used}.`,
  ];
}

function fullPrefixWarnings({network, prefixes}: Fullness, load: PlannedLoad): string[] {
  const full = fullest(prefixes);
  const [first] = full;
  if (first === undefined) return [];
  const {own, pool} = first;
  if (full.length === 1)
    return [`${capitalise(renderPrefix(own))} ${isSure(load) ? 'is' : 'would be'} ${percentOf(pool)} % full: ${renderUsed(pool)}.`];
  return [
    `${full.length} of ${renderAmount(prefixes.length)} own prefixes of hosts in network ${network.name} ${isSure(load) ? 'are' : 'would be'} at least 80 % full, most of all ${own.cidr} of host ${own.host} with ${percentOf(pool)} %: ${renderUsed(pool)}.`,
  ];
}

function overflowWarnings({network, leaves}: Fullness): string[] {
  const full = leaves.filter(({passedOn}) => passedOn > 0n);
  const [first] = full;
  if (first === undefined) return [];
  if (full.length === 1) return [`${capitalise(renderGroup(first.plan, network))} is full: ${renderPassedOn(full)}`];
  const count = renderGroups(full.length, first.plan.level);
  return [`${count} of network ${network.name} are full, first ${renderPlace(first.plan)}: ${renderPassedOn(full)}`];
}

function prefixOverflowWarnings({network, prefixes}: Fullness): string[] {
  const full = prefixes.filter(({passedOn}) => passedOn > 0n);
  const [first] = full;
  if (first === undefined) return [];
  if (full.length === 1) return [`${capitalise(renderPrefix(first.own))} is full: ${renderPassedOn(full)}`];
  const {cidr, host} = first.own;
  return [
    `${full.length} own prefixes of hosts in network ${network.name} are full, first ${cidr} of host ${host}: ${renderPassedOn(full)}`,
  ];
}

/** Those that are nearly full, and not too small for what is asked: that is a problem, or sends endpoints on. */
function fullest<Place extends {readonly pool: Pool}>(places: readonly Place[]): Place[] {
  return places
    .filter(({pool}) => pool.turnedAway === 0n && pool.usedBlocks > 0n && pool.usedBlocks * 5n >= ownableIn(pool) * 4n)
    .sort((a, b) => Number(percentOf(b.pool) - percentOf(a.pool)));
}

function percentOf(pool: Pool): bigint {
  return ownableIn(pool) === 0n ? 100n : (pool.usedBlocks * 100n) / ownableIn(pool);
}

function renderUsed(pool: Pool): string {
  return `${renderAmount(pool.usedBlocks)} of ${renderNumberOf(ownableIn(pool), 'block')}`;
}

function renderPrefix({cidr, host}: OwnPrefix): string {
  return `own prefix ${cidr} of host ${host}`;
}

function renderPassedOn(full: readonly {readonly passedOn: bigint}[]): string {
  const endpoints = full.reduce((sum, {passedOn}) => sum + passedOn, 0n);
  return `${renderNumberOf(endpoints, 'endpoint')} must look for an address in another network.`;
}

function isSure({isLive, endpointsPerHost}: PlannedLoad): boolean {
  return isLive && endpointsPerHost === undefined;
}
