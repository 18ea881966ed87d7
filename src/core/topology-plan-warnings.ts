import type {Family} from './prefix.ts';
import type {Group, NetworkTree} from './state.ts';
import type {TopologyDocument} from './topology-document.ts';
import {blockSize, type LeafLoad, type Unserved} from './topology-plan-demand.ts';
import {unreachableLeaves} from './topology-plan-hosts.ts';
import type {LiveBlock, LiveSystem} from './topology-plan-live.ts';
import type {GroupPlan, NetworkPlan, PlannedLoad, RoutePlan} from './topology-plan-model.ts';
import {routeWarnings} from './topology-plan-route-warnings.ts';
import {tenantWarnings} from './topology-plan-tenants.ts';
import {capitalise, renderAmount, renderGroup, renderGroups, renderNames, renderNumberOf, renderPlace} from './topology-plan-text.ts';

export interface WarningFacts {
  readonly document: TopologyDocument;
  readonly trees: readonly NetworkTree[];
  readonly loads: ReadonlyMap<Group, LeafLoad>;
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
  // Leaves do not overlap, in whatever network they are.
  const turnedAway = new Map([...loads].map(([leaf, load]) => [leaf.cidr, load.turnedAway]));
  const lost = Map.groupBy(unserved, ({leaf}) => leaf.cidr);
  const fullness = networks.map(({network, groups}) => {
    const leaves = groups.filter(({isLeaf}) => isLeaf);
    return {
      network,
      leaves: leaves.map(plan => {
        const unable = (lost.get(plan.cidr) ?? []).reduce((sum, {endpoints}) => sum + endpoints, 0n);
        const refused = turnedAway.get(plan.cidr) ?? 0n;
        return {plan, isTooSmall: refused > 0n, passedOn: refused - unable};
      }),
    };
  });
  return [
    ...(networks.length === 0 ? ['There is no network: no host can be placed, and no address given.'] : []),
    ...networks.flatMap(unmappedWarnings),
    ...tenantWarnings(document, trees, live),
    ...trees.flatMap(unreachableWarnings),
    ...networks.flatMap(plan => [...blockSizeWarnings(plan), ...roomWarnings(plan)]),
    ...fullness.flatMap(plan => [...fullWarnings(plan, load), ...overflowWarnings(plan)]),
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

interface Fullness {
  readonly network: NetworkPlan['network'];
  readonly leaves: readonly LeafFullness[];
}

interface LeafFullness {
  readonly plan: GroupPlan;
  readonly isTooSmall: boolean;
  /** Endpoints that go to another network. */
  readonly passedOn: bigint;
}

function fullWarnings({network, leaves}: Fullness, {isLive, endpointsPerHost}: PlannedLoad): string[] {
  const full = leaves
    .filter(({plan, isTooSmall}) => !isTooSmall && plan.blocks.used > 0n && plan.blocks.used * 5n >= ownable(plan) * 4n)
    .map(({plan}) => ({plan, percent: ownable(plan) === 0n ? 100n : (plan.blocks.used * 100n) / ownable(plan)}))
    .sort((a, b) => Number(b.percent - a.percent));
  const [first] = full;
  if (first === undefined) return [];
  const {plan, percent} = first;
  const isSure = isLive && endpointsPerHost === undefined;
  const used = `${renderAmount(plan.blocks.used)} of ${renderNumberOf(ownable(plan), 'block')}`;
  const left = plan.hostsWhenFull === undefined ? 0n : plan.hostsWhenFull - BigInt(plan.hosts);
  const end =
    plan.hostsWhenFull === undefined
      ? ''
      : `, room for ${left > 0n ? renderNumberOf(left, 'more host') : 'no other host'} like its ${renderAmount(plan.hosts)}`;
  if (full.length === 1)
    return [`${capitalise(renderGroup(plan, network))} ${isSure ? 'is' : 'would be'} ${percent} % full: ${used}${end}.`];
  const count = `${full.length} of ${renderGroups(leaves.length, plan.level)} of network ${network.name}`;
  return [`${count} ${isSure ? 'are' : 'would be'} at least 80 % full, most of all ${renderPlace(plan)} with ${percent} %: ${used}${end}.`];
}

function overflowWarnings({network, leaves}: Fullness): string[] {
  const full = leaves.filter(({passedOn}) => passedOn > 0n);
  const [first] = full;
  if (first === undefined) return [];
  const endpoints = renderNumberOf(
    full.reduce((sum, {passedOn}) => sum + passedOn, 0n),
    'endpoint',
  );
  if (full.length === 1)
    return [`${capitalise(renderGroup(first.plan, network))} is full: ${endpoints} must look for an address in another network.`];
  const count = renderGroups(full.length, first.plan.level);
  return [
    `${count} of network ${network.name} are full, first ${renderPlace(first.plan)}: ${endpoints} must look for an address in another network.`,
  ];
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

function ownable({blocks}: GroupPlan): bigint {
  return blocks.capacity - blocks.blackedOut;
}
