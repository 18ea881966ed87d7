import type {Family} from './prefix.ts';
import type {NetworkTree} from './state.ts';
import type {TopologyDocument} from './topology-document.ts';
import {blockSize} from './topology-plan-blocks.ts';
import type {Unserved} from './topology-plan-demand.ts';
import {fullnessWarnings} from './topology-plan-fullness.ts';
import {unreachableLeaves} from './topology-plan-hosts.ts';
import type {LiveBlock, LiveSystem} from './topology-plan-live.ts';
import type {NetworkPlan, PlannedLoad, RoutePlan} from './topology-plan-model.ts';
import type {Loads} from './topology-plan-pools.ts';
import {routeWarnings} from './topology-plan-route-warnings.ts';
import {tenantWarnings} from './topology-plan-tenants.ts';
import {capitalise, renderGroup, renderGroups, renderNames, renderNumberOf, renderPlace} from './topology-plan-text.ts';

export interface WarningFacts {
  readonly document: TopologyDocument;
  readonly trees: readonly NetworkTree[];
  readonly loads: Loads;
  readonly networks: readonly NetworkPlan[];
  readonly routes: Readonly<Partial<Record<Family, RoutePlan>>>;
  readonly load: PlannedLoad;
  readonly unserved: readonly Unserved[];
  /** Blocks that lie in no group. */
  readonly strays: readonly LiveBlock[];
  readonly live?: LiveSystem | undefined;
}

/** What an operator should know of a topology before it is used, or before it grows; whole sentences. */
export function planWarnings({document, trees, loads, networks, routes, load, unserved, strays, live}: WarningFacts): string[] {
  return [
    ...(networks.length === 0 ? ['There is no network: no host can be placed, and no address given.'] : []),
    ...networks.flatMap(unmappedWarnings),
    ...tenantWarnings(document, trees, live),
    ...trees.flatMap(unreachableWarnings),
    ...networks.flatMap(plan => [...blockSizeWarnings(plan), ...roomWarnings(plan)]),
    ...fullnessWarnings({networks, loads, load, unserved}),
    ...routeWarnings(routes),
    ...liveWarnings(trees, strays, live),
  ];
}

function unmappedWarnings({network, groups}: NetworkPlan): string[] {
  return groups.length > 0 ? [] : [`Network ${network.name} is in no topology: no host can be placed in it, and it gives no addresses.`];
}

function unreachableWarnings(tree: NetworkTree): string[] {
  return unreachableLeaves(tree).map(({leaf, label, values: [a, b]}) => {
    return `No host can get to group ${leaf.path} (${leaf.cidr}) of network ${tree.network.name}: it takes only hosts with ${label}=${a} and ${label}=${b} at once.`;
  });
}

function blockSizeWarnings({network, groups}: NetworkPlan): string[] {
  if (groups.length === 0 || blockSize(network) > 1n) return [];
  return [`A block of network ${network.name} is a single address (/${network.blockMask}): every endpoint is a route of its own.`];
}

/** Groups that are divided and have no part left; one sentence for those of a level. A map of one group is no division. */
function roomWarnings({network, groups}: NetworkPlan): string[] {
  const full = groups.filter(({room, depth, children}) => room === 0 && (children > 1 || depth > 0));
  return [...Map.groupBy(full, ({depth}) => depth).values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const end = `one more changes the prefixes of all of them.`;
    if (others.length === 0) {
      return [`${capitalise(renderGroup(first, network))} has no room for another group beside its ${first.children}: ${end}`];
    }
    const count = renderGroups(others.length + 1, first.level);
    return [
      `${count} of network ${network.name} have no room for another group beside theirs, first ${renderPlace(first)} with ${first.children}: ${end}`,
    ];
  });
}

function liveWarnings(trees: readonly NetworkTree[], strays: readonly LiveBlock[], live: LiveSystem | undefined): string[] {
  const homeless = (live?.hosts ?? []).filter(({groups}) => trees.every(({network}) => !Object.hasOwn(groups, network.name)));
  const [first] = strays;
  const hosts = `${homeless.length === 1 ? 'Host' : 'Hosts'} ${renderNames(homeless.map(({name}) => name))} ${homeless.length === 1 ? 'is' : 'are'}`;
  const blocks = `${renderNumberOf(strays.length, 'block')} ${strays.length === 1 ? 'lies' : 'lie'}`;
  return [
    ...(homeless.length === 0 ? [] : [`${hosts} in no group of any network.`]),
    ...(first === undefined ? [] : [`${blocks} in no group of any network, first ${first.cidr} of host ${first.host}.`]),
  ];
}
