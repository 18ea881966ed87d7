import type {MainRoute, NodeState} from './node-state.ts';
import {
  type Address,
  compareAddresses,
  comparePrefixes,
  contains,
  type Family,
  familyOf,
  joinPrefixes,
  type Prefix,
  prefixLength,
} from './prefix.ts';
import type {Host} from './state.ts';

/** A direct route in our table to blocks of another host. */
export interface NeighbourRoute {
  readonly to: Prefix;
  readonly via: Address;
  readonly dev: string;
}

/**
 * Routes to the blocks of every host that shares a segment with this one: straight to that host, past the router. A host behind a gateway
 * is left to BGP or OSPF; with `multihop` its blocks go to that gateway. A host that is only reachable in the other family is left out too.
 */
export function desiredNeighbourRoutes({self, settings, state, mainRoutes}: NodeState): NeighbourRoute[] {
  const {enabled, multihop, aggregate} = settings.routes;
  if (!enabled) return [];
  const findRoute = createRouteFinder(mainRoutes);
  const blocks = blocksByHost(state.blocks.values());
  return [...state.hosts.values()]
    .filter(({name}) => name !== self.name && blocks.has(name))
    .flatMap(host => {
      const nextHop = nextHopTo(host, findRoute(host.ip), multihop);
      const own = (blocks.get(host.name) ?? []).filter(block => familyOf(block) === familyOf(host.ip));
      return nextHop === undefined ? [] : (aggregate ? joinPrefixes(own) : own).map(to => ({to, ...nextHop}));
    })
    .sort((a, b) => comparePrefixes(a.to, b.to));
}

function blocksByHost(blocks: Iterable<{readonly cidr: Prefix; readonly host: string}>): Map<string, Prefix[]> {
  const byHost = new Map<string, Prefix[]>();
  for (const {cidr, host} of blocks) {
    const present = byHost.get(host);
    if (present === undefined) byHost.set(host, [cidr]);
    else present.push(cidr);
  }
  byHost.delete('');
  return byHost;
}

function nextHopTo({ip}: Host, route: MainRoute | undefined, multihop: boolean): Omit<NeighbourRoute, 'to'> | undefined {
  if (route === undefined) return undefined;
  if (route.via === undefined) return {via: ip, dev: route.dev};
  return multihop && familyOf(route.via) === familyOf(ip) ? {via: route.via, dev: route.dev} : undefined;
}

/** What the kernel would choose: the longest prefix, then the lowest metric. */
function createRouteFinder(routes: readonly MainRoute[]): (to: Address) => MainRoute | undefined {
  const sorted: Record<Family, MainRoute[]> = {ipv4: [], ipv6: []};
  for (const route of routes) sorted[familyOf(route.to)].push(route);
  const byPreference = (a: MainRoute, b: MainRoute) =>
    prefixLength(b.to) - prefixLength(a.to) ||
    a.metric - b.metric ||
    compareAddresses(a.via ?? ('0.0.0.0' as Address), b.via ?? ('0.0.0.0' as Address));
  for (const list of Object.values(sorted)) list.sort(byPreference);
  return to => sorted[familyOf(to)].find(route => contains(route.to, to));
}
