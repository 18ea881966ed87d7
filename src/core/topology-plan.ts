import {declaredHosts} from './declared-hosts.ts';
import {InputError} from './errors.ts';
import {networkTrees} from './group-tree.ts';
import {familyOf, joinPrefixes} from './prefix.ts';
import type {Group, NetworkTree} from './state.ts';
import type {TopologyDocument} from './topology-document.ts';
import {ownerKinds, placeEndpoints, type Unserved} from './topology-plan-demand.ts';
import {planGroups} from './topology-plan-groups.ts';
import {type HostSet, type KnownHost, planHosts} from './topology-plan-hosts.ts';
import {growInPlace, type LiveHost, type LiveSystem, meanEndpoints, type PlacedBlock, placeLiveBlocks} from './topology-plan-live.ts';
import type {NetworkPlan, PlannedLoad, TopologyPlan} from './topology-plan-model.ts';
import {type Carried, countNetworkRoutes, type HostLoad} from './topology-plan-network-routes.ts';
import {createLoads, type Loads, poolOf} from './topology-plan-pools.ts';
import {planProblems} from './topology-plan-problems.ts';
import {planRoutes} from './topology-plan-routes.ts';
import {planWarnings} from './topology-plan-warnings.ts';

export interface TopologyPlanOptions {
  readonly document: TopologyDocument;
  /** Each group is filled up to so many hosts; by default 1, or none where a running system is looked at. */
  readonly hostsPerGroup?: number | undefined;
  /** How many endpoints a host carries; by default one for each owner, or what the hosts of the running system have on the average. */
  readonly endpointsPerHost?: number | undefined;
  /** How many (tenant, segment) pairs share a host; by default one for each tenant that the networks name. */
  readonly ownersPerHost?: number | undefined;
  readonly live?: LiveSystem | undefined;
}

/**
 * What a topology holds and what it costs: the capacity of every group, what hosts and endpoints would use of it, and how many routes each kind of
 * router would carry, beside a flat topology. Throws InputError ERR_USAGE for fewer owners than there are tenants to tell apart.
 */
export function planTopology(options: TopologyPlanOptions): TopologyPlan {
  const {document, live} = options;
  const trees = networkTrees(document);
  const blackouts = live?.blackouts ?? [];
  const load = plannedLoad(options, trees);
  const loads = createLoads(trees, blackouts, live?.hosts ?? []);
  const {sets, refused} = planHosts({
    trees,
    known: live === undefined ? declared(document) : live.hosts.map(asKnown),
    hostsPerGroup: load.hostsPerGroup,
    isTaken: leaf => loads.get(leaf)?.isTaken === true,
  });
  const hostsIn = countHosts(sets);
  const {placed, strays} = placeLiveBlocks(trees, loads, live?.blocks ?? []);
  const running = new Map<string | undefined, LiveHost>(live?.hosts.map(host => [host.name, host]));
  const blocksOf = Map.groupBy(placed, ({host}) => host);

  const unserved: Unserved[] = [];
  const hosts = sets.map((set): HostLoad => {
    const present = (set.name !== undefined && blocksOf.get(set.name)) || [];
    // A host that runs keeps what it has, unless it is asked what more would mean.
    const isGrowing = !running.has(set.name) || (options.endpointsPerHost !== undefined && running.get(set.name)?.drained === false);
    const owners = options.ownersPerHost ?? Math.max(1, ownerKinds([...set.leaves.keys()].map(({network}) => network)).length);
    const asked = options.endpointsPerHost ?? (live === undefined ? owners : load.endpointsPerHost);
    const endpoints = growInPlace(present, isGrowing ? (asked ?? 0) : 0);
    const result = placeEndpoints({trees, loads, set, demand: {endpoints, owners}});
    unserved.push(...result.unserved);
    return {set, carried: carriedBy({set, present, planned: result.blocks, hostsIn, loads})};
  });

  const routesOf = new Map(trees.map(tree => [tree, countNetworkRoutes(tree, loads, hosts)]));
  const networks = document.networks.map((network): NetworkPlan => {
    const tree = trees.find(candidate => candidate.network === network);
    const routesAt = tree && routesOf.get(tree)?.atGroup;
    return {network, groups: tree === undefined || routesAt === undefined ? [] : planGroups({tree, loads, blackouts, hostsIn, routesAt})};
  });
  const families = (['ipv4', 'ipv6'] as const).map(family => {
    return {family, counts: [...routesOf.values()].filter(({tree}) => familyOf(tree.network.cidr) === family)};
  });
  const present = families.filter(({counts}) => counts.length > 0);
  const routes = Object.fromEntries(present.map(({family, counts}) => [family, planRoutes(counts, hosts)]));
  const total = {...load, hosts: sets.reduce((sum, {count}) => sum + count, 0)};
  const problems = [...(live?.misfits ?? []), ...planProblems({networks, loads, load: total, unserved, refused})];
  const warnings = planWarnings({document, trees, loads, networks, routes, load: total, unserved, strays, live});
  return {fits: problems.length === 0, problems, warnings, load: total, networks, routes};
}

function plannedLoad({live, ...asked}: TopologyPlanOptions, trees: readonly NetworkTree[]): Omit<PlannedLoad, 'hosts'> {
  const kinds = ownerKinds(trees.map(({network}) => network));
  const ownersPerHost = asked.ownersPerHost ?? Math.max(1, kinds.length);
  if (ownersPerHost < kinds.length) {
    const names = kinds.map(kind => kind ?? 'all others').join(', ');
    throw new InputError(
      'ERR_USAGE',
      `${ownersPerHost} owners on a host are fewer than the tenants that the networks tell apart: ${names}`,
    );
  }
  const isAsRunning = live !== undefined && asked.endpointsPerHost === undefined && asked.hostsPerGroup === undefined;
  return {
    isLive: live !== undefined,
    hostsPerGroup: asked.hostsPerGroup ?? (live === undefined ? 1 : 0),
    ...(!isAsRunning && {endpointsPerHost: asked.endpointsPerHost ?? (live === undefined ? ownersPerHost : meanEndpoints(live))}),
    ownersPerHost,
    tenants: kinds,
  };
}

function declared(document: TopologyDocument): KnownHost[] {
  return [...declaredHosts(document).values()].map(({name, tags, groups}) => ({name, tags, groups, isPlaced: false}));
}

function asKnown({name, groups}: LiveHost): KnownHost {
  return {name, groups, tags: {}, isPlaced: true};
}

function countHosts(sets: readonly HostSet[]): Map<Group, number> {
  const counts = new Map<Group, number>();
  for (const set of sets) {
    for (const leaf of set.leaves.values()) counts.set(leaf, (counts.get(leaf) ?? 0) + set.count);
  }
  return counts;
}

interface CarriedFacts {
  readonly set: HostSet;
  readonly present: readonly PlacedBlock[];
  readonly planned: ReadonlyMap<NetworkTree, bigint>;
  readonly hostsIn: ReadonlyMap<Group, number>;
  readonly loads: Loads;
}

/** Whether blocks that are there can be joined is known. Those that are planned may lie beside each other or not, but in a leaf or a prefix of its own a host has them in a row. */
function carriedBy({set, present, planned, hostsIn, loads}: CarriedFacts): Map<NetworkTree, Carried> {
  const carried = new Map<NetworkTree, Carried>();
  const byTree = Map.groupBy(present, ({tree}) => tree);
  for (const tree of new Set([...byTree.keys(), ...planned.keys()])) {
    const here = (byTree.get(tree) ?? []).map(({cidr}) => cidr);
    const joined = BigInt(joinPrefixes(here).length);
    const more = planned.get(tree) ?? 0n;
    const blocks = BigInt(here.length) + more;
    const fewest = fewestPrefixes(blocks, BigInt(set.count));
    const leaf = set.leaves.get(tree);
    const hasOwn = leaf !== undefined && poolOf(loads, leaf, set.name)?.own !== undefined;
    const isAlone = here.length === 0 && leaf !== undefined && (hasOwn || hostsIn.get(leaf) === 1);
    const span = more === 0n ? {least: joined, most: joined} : {least: fewest, most: isAlone ? fewest : joined + more};
    carried.set(tree, {blocks, joined: span});
  }
  return carried;
}

/** Of blocks that some hosts share evenly: each needs as many prefixes as its number of blocks has ones in binary. */
function fewestPrefixes(blocks: bigint, hosts: bigint): bigint {
  const ones = (value: bigint) => BigInt(value.toString(2).replaceAll('0', '').length);
  const [each, extra] = [blocks / hosts, blocks % hosts];
  return ones(each) * (hosts - extra) + ones(each + 1n) * extra;
}
