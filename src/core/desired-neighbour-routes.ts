import {createNextHops, type NextHop} from './next-hops.ts';
import type {NodeState} from './node-state.ts';
import {type Claim, coverClaims, type OwnedPrefix} from './owned-space.ts';
import {addressBits, contains, type Family, familyOf, hostPrefix, overlaps, type Prefix, prefixLength, sortPrefixes} from './prefix.ts';
import type {Block, Host} from './state.ts';

/** A direct route in our table to blocks of another host; packets are spread over its next hops. */
export interface NeighbourRoute {
  readonly to: Prefix;
  /** At least one, sorted by address. */
  readonly hops: readonly NextHop[];
}

/**
 * Routes to the blocks of every host that shares a segment with this one: straight to that host, past the router. A host behind a gateway is left to
 * BGP or OSPF, but with `multihop`. With `aggregate` few prefixes stand for many blocks, none of them covering what belongs to another host.
 */
export function desiredNeighbourRoutes(node: NodeState): NeighbourRoute[] {
  const {self, settings, state} = node;
  if (!settings.routes.enabled) return [];
  const hopsOf = createHopsByOwner(node);
  return ownedPrefixes(node).flatMap(({prefix, owner}) => {
    const host = owner === self.name ? undefined : state.hosts.get(owner);
    const hops = host === undefined ? [] : hopsOf(host, familyOf(prefix));
    return hops.length === 0 ? [] : [{to: prefix, hops}];
  });
}

/** One list for each host and family, so that routes with the same next hops share it. */
function createHopsByOwner(node: NodeState): (host: Host, family: Family) => readonly NextHop[] {
  const nextHops = createNextHops(node);
  const known: Record<Family, Map<string, readonly NextHop[]>> = {ipv4: new Map(), ipv6: new Map()};
  return (host, family) => {
    const hops = known[family].get(host.name) ?? nextHops(host, family);
    known[family].set(host.name, hops);
    return hops;
  };
}

function ownedPrefixes({settings, state, mainRoutes}: NodeState): OwnedPrefix[] {
  const owned = [...state.blocks.values()].filter(({host}) => host !== '');
  if (!settings.routes.aggregate) {
    const owners = new Map(owned.map(({cidr, host}) => [cidr, host]));
    return sortPrefixes([...owners.keys()]).map(prefix => ({prefix, owner: owners.get(prefix) ?? ''}));
  }
  const hosts = [...state.hosts.values()];
  const subnets = mainRoutes.filter(({to, via}) => via === undefined && prefixLength(to) < addressBits[familyOf(to)]).map(({to}) => to);
  const boundOf = createBounds(hosts, subnets);
  const withBlocks = new Set<Prefix>();
  const claims = owned.map((block): Claim => {
    const bound = boundOf(block);
    if (bound !== undefined) withBlocks.add(bound.prefix);
    return {prefix: block.cidr, owner: block.host, isWanted: true, bound: bound?.prefix, isBoundOwn: bound?.isOwn ?? false};
  });
  const inTheWay = [
    ...hosts.flatMap(({fixed, name}) => (fixed === undefined || withBlocks.has(fixed) ? [] : [{prefix: fixed, owner: name}])),
    ...[...hosts, ...state.vips.values()].map(({ip}) => ({prefix: hostPrefix(ip), owner: ''})),
  ];
  return coverClaims([...claims, ...inTheWay.map(({prefix, owner}) => ({prefix, owner, isWanted: false}))]);
}

interface Bound {
  readonly prefix: Prefix;
  /** No other host is placed in it. */
  readonly isOwn: boolean;
}

/** Up to where a block's route may be rounded: the group of its host, or the prefix that is the host's alone; no further than that where a subnet of this host lies in it. */
function createBounds(hosts: readonly Host[], subnets: readonly Prefix[]): (block: Block) => Bound | undefined {
  const tenants = new Map<Prefix, number>();
  for (const {groups} of hosts) for (const group of Object.values(groups)) tenants.set(group, (tenants.get(group) ?? 0) + 1);
  const usable = new Set([...tenants.keys()].filter(group => !subnets.some(subnet => overlaps(group, subnet) && prefixLength(subnet) > 0)));
  const byHost = new Map(hosts.map(({name, groups}) => [name, Object.values(groups).filter(group => usable.has(group))]));
  return ({cidr, host}) => {
    const prefix = byHost.get(host)?.find(group => contains(group, cidr));
    return prefix === undefined ? undefined : {prefix, isOwn: tenants.get(prefix) === 1};
  };
}
