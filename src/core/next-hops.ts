import type {MainRoute, NodeState} from './node-state.ts';
import {type Address, compareAddresses, contains, type Family, familyOf, type Prefix, prefixLength} from './prefix.ts';
import type {Host} from './state.ts';

/** A neighbour on a link of this host that packets are handed to. */
export interface NextHop {
  readonly via: Address;
  readonly dev: string;
}

/**
 * Gives the ways from here to a host for packets of one family: its own addresses on the links that both are on, one for each link; with `multihop`,
 * where there is none, the gateways that the kernel sends what is for the host itself to. IPv4 may take an IPv6 next hop (RFC 5549), never the other way round.
 */
export function createNextHops({settings, state, mainRoutes, interfaces}: NodeState): (host: Host, family: Family) => NextHop[] {
  const findRoutes = createRouteFinder(mainRoutes);
  const here = new Set(interfaces.flatMap(({addresses}) => addresses.map(({address}) => address)));
  const find = (host: Host, family: Family): NextHop[] => {
    // An address that this host has, too (of a bridge that all hosts have alike), leads nowhere.
    const addresses = [host.ip, ...(state.hostAddresses.get(host.name) ?? [])].filter(
      (address, index, all) => familyOf(address) === family && !here.has(address) && all.indexOf(address) === index,
    );
    const ways = addresses.map(address => ({address, routes: findRoutes(address)}));
    const direct = ways.flatMap(({address, routes}) => routes.flatMap(({via, dev}) => (via === undefined ? [{via: address, dev}] : [])));
    if (direct.length > 0 || !settings.routes.multihop) return oneForEachLink(direct);
    const [first] = ways.filter(({routes}) => routes.length > 0);
    return (first?.routes ?? []).flatMap(({via, dev}) => (via !== undefined && canFollow(family, familyOf(via)) ? [{via, dev}] : []));
  };
  return (host, family) => {
    const hops = find(host, family);
    return (hops.length === 0 && family === 'ipv4' ? find(host, 'ipv6') : hops).toSorted(compareHops);
  };
}

/** Orders next hops by address, then device. */
export function compareHops(a: NextHop, b: NextHop): number {
  return compareAddresses(a.via, b.via) || (a.dev < b.dev ? -1 : 1);
}

function oneForEachLink(hops: readonly NextHop[]): NextHop[] {
  return [...new Map(hops.toReversed().map(hop => [hop.dev, hop])).values()];
}

function canFollow(family: Family, gateway: Family): boolean {
  return family === gateway || family === 'ipv4';
}

/** What the kernel would choose: the longest prefix, then the lowest metric; all of them where it has several that are as good. */
function createRouteFinder(routes: readonly MainRoute[]): (to: Address) => MainRoute[] {
  const sorted: Record<Family, MainRoute[]> = {ipv4: [], ipv6: []};
  for (const route of routes) sorted[familyOf(route.to)].push(route);
  for (const list of Object.values(sorted)) list.sort((a, b) => prefixLength(b.to) - prefixLength(a.to) || a.metric - b.metric);
  const known = new Map<Address, MainRoute[]>();
  return to => {
    const found = known.get(to) ?? routesTo(sorted[familyOf(to)], to);
    known.set(to, found);
    return found;
  };
}

function routesTo(sorted: readonly MainRoute[], to: Address): MainRoute[] {
  const best = sorted.find(route => contains(route.to, to));
  return best === undefined ? [] : sorted.filter(route => isAsGood(route, best));
}

function isAsGood(a: {readonly to: Prefix; readonly metric: number}, b: {readonly to: Prefix; readonly metric: number}): boolean {
  return a.to === b.to && a.metric === b.metric;
}
