import type {Unserved} from './topology-plan-demand.ts';
import type {RefusedHosts} from './topology-plan-hosts.ts';
import type {GroupPlan, NetworkPlan, PlannedLoad} from './topology-plan-model.ts';
import {type LeafLoad, type Loads, ownableIn, type Pool} from './topology-plan-pools.ts';
import {capitalise, renderAmount, renderGroup, renderGroups, renderNumberOf, renderOwnPrefixes, renderPlace} from './topology-plan-text.ts';

export interface ProblemFacts {
  readonly networks: readonly NetworkPlan[];
  readonly loads: Loads;
  readonly load: PlannedLoad;
  readonly unserved: readonly Unserved[];
  readonly refused: readonly RefusedHosts[];
}

/** What finds no place, and what gets no address: a sentence for each group, or own prefix of a host, that is too small; one for all of a network where they are many. */
export function planProblems({networks, loads, load, unserved, refused}: ProblemFacts): string[] {
  const lost = new Map<Pool, bigint>();
  for (const {pool, endpoints} of unserved) lost.set(pool, (lost.get(pool) ?? 0n) + endpoints);
  // Leaves do not overlap, in whatever network they are.
  const loadAt = new Map([...loads].map(([leaf, leafLoad]) => [leaf.cidr, leafLoad]));
  const endpointsOf = (pools: readonly Pool[]) => pools.reduce((sum, pool) => sum + (lost.get(pool) ?? 0n), 0n);
  return networks.flatMap(plan => {
    const {network} = plan;
    const leaves = plan.groups.flatMap(group => {
      const leafLoad = group.isLeaf ? loadAt.get(group.cidr) : undefined;
      return leafLoad === undefined ? [] : [{group, load: leafLoad}];
    });
    const full = leaves.filter(leaf => lost.has(leaf.load.shared));
    const own = leaves.flatMap(leaf => [...leaf.load.own.values()]).filter(pool => lost.has(pool));
    const all = (count: string, pools: readonly Pool[]) =>
      `${count} of network ${network.name} are too small, ${renderNumberOf(endpointsOf(pools), 'endpoint')} get no address.`;
    return [
      ...refused.filter(({tree}) => tree.network === network).map(hosts => noPlace(hosts, plan, loads)),
      ...atMost(
        full.map(leaf => tooSmall(leaf, plan, load, endpointsOf([leaf.load.shared]))),
        all(
          renderGroups(full.length, full[0]?.group.level ?? ''),
          full.map(leaf => leaf.load.shared),
        ),
      ),
      ...atMost(
        own.map(pool => ownTooSmall(pool, plan, load, endpointsOf([pool]))),
        all(`${renderAmount(own.length)} own prefixes of hosts`, own),
      ),
    ];
  });
}

const mostSentences = 3;

function atMost(sentences: readonly string[], all: string): readonly string[] {
  return sentences.length <= mostSentences ? sentences : [`${all} The first: ${sentences[0]}`];
}

function noPlace({tree, leaves, tags, count}: RefusedHosts, {network, groups}: NetworkPlan, loads: Loads): string {
  const labels = Object.entries(tags).map(([label, value]) => `${label}=${value}`);
  const places = groups.filter(({cidr}) => leaves.some(leaf => leaf.cidr === cidr)).filter(({isLeaf}) => isLeaf);
  const owners = leaves.flatMap(leaf => [...(loads.get(leaf)?.own.keys() ?? [])]);
  const hosts = `${renderNumberOf(count, 'more host')}${labels.length === 0 ? '' : ` with ${labels.join(', ')}`}`;
  return `Network ${tree.network.name} has no place for ${hosts}: ${renderOwnPrefixes(owners)} ${owners.length === 1 ? 'takes' : 'take'} up all of ${places.map(place => (place.depth === 0 ? network.cidr : renderPlace(place))).join(', ')}.`;
}

interface FullLeaf {
  readonly group: GroupPlan;
  readonly load: LeafLoad;
}

function tooSmall({group, load: {shared, own}}: FullLeaf, {network}: NetworkPlan, load: PlannedLoad, endpoints: bigint): string {
  const owners = [...own.keys()];
  const has = `has ${renderNumberOf(ownableIn(shared), 'block')} of /${network.blockMask}`;
  const beside = owners.length === 0 ? '' : ` beside ${renderOwnPrefixes(owners)}`;
  const hosts = group.hosts - owners.length;
  const needs = `its ${renderNumberOf(hosts, owners.length === 0 ? 'host' : 'other host')}${renderCarried(load)} ${hosts === 1 ? 'needs' : 'need'} ${renderAmount(shared.neededBlocks)}`;
  return `${capitalise(renderGroup(group, network))} ${has}${beside}, ${needs}: ${renderLost(endpoints)}`;
}

function ownTooSmall(pool: Pool, {network}: NetworkPlan, load: PlannedLoad, endpoints: bigint): string {
  const {host = '', cidr = ''} = pool.own ?? {};
  const has = `has ${renderNumberOf(ownableIn(pool), 'block')} of /${network.blockMask}`;
  const carried = load.endpointsPerHost === undefined ? '' : ` with ${renderNumberOf(load.endpointsPerHost, 'endpoint')}`;
  return `Own prefix ${cidr} of host ${host} in network ${network.name} ${has}, the host${carried} needs ${renderAmount(pool.neededBlocks)}: ${renderLost(endpoints)}`;
}

function renderCarried({endpointsPerHost}: PlannedLoad): string {
  return endpointsPerHost === undefined ? '' : ` with ${renderNumberOf(endpointsPerHost, 'endpoint')} each`;
}

function renderLost(endpoints: bigint): string {
  return `${renderNumberOf(endpoints, 'endpoint')} ${endpoints === 1n ? 'gets' : 'get'} no address.`;
}
