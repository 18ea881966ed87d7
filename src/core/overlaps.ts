import {InputError} from './errors.ts';
import {linksOf} from './links.ts';
import type {Interface, NodeState} from './node-state.ts';
import {addressBits, comparePrefixes, contains, familyOf, joinPrefixes, overlaps, type Prefix, prefixLength} from './prefix.ts';

/**
 * Throws InputError ERR_OVERLAP where a Romana network has addresses that are somebody else's: those of the service range, or of a subnet that this host
 * itself is on, whose gateway and neighbours a route of ours could hide. With `allowOverlap` subnets are not looked at.
 */
export function checkOverlaps(node: NodeState): void {
  const {settings, state} = node;
  const subnets = settings.routes.allowOverlap ? [] : subnetsOf(node);
  const isOfEndpoints = createEndpointTest(node);
  const found = state.trees.flatMap(({network}) => [
    ...settings.serviceRange
      .filter(range => overlaps(range, network.cidr))
      .map(range => `${describe(network)} overlaps the service range ${range} (agent.serviceRange)`),
    ...subnets
      .filter(subnet => overlaps(subnet.prefix, network.cidr) && !isOfEndpoints(subnet, network.blockMask))
      .map(({prefix, place}) => `${describe(network)} overlaps ${prefix}, a subnet that this host is on (${place})`),
  ]);
  if (found.length === 0) return;
  const shown = `${found.slice(0, 5).join('; ')}${found.length > 5 ? `; and ${found.length - 5} more` : ''}`;
  const advice = 'give the network other addresses (romana topology update)';
  const leave = found.some(text => text.includes(' a subnet '))
    ? ', or, where endpoints are to share a subnet with hosts, set agent.routes.allowOverlap: true'
    : '';
  throw new InputError('ERR_OVERLAP', `routes stay as they are: ${shown}: ${advice}${leave}`);
}

interface Subnet {
  readonly prefix: Prefix;
  /** The interface, or the setting. */
  readonly place: string;
  readonly isOnLink: boolean;
}

function describe({name, cidr}: {readonly name: string; readonly cidr: Prefix}): string {
  return `network ${name} (${cidr})`;
}

/** What this host has neighbours in: the subnets of its addresses, and what the main table has on a link without a gateway. A single address is none. */
function subnetsOf(node: NodeState): Subnet[] {
  const {self, interfaces, mainRoutes} = node;
  const links = new Set(linksOf(node).map(({name}) => name));
  const segments = new Set(interfaces.filter(isSegment).map(({name}) => name));
  const found = [
    ...interfaces.flatMap(({name, addresses}) =>
      addresses.filter(({scope}) => scope !== 'link').map(({prefix}) => ({prefix, place: name})),
    ),
    ...mainRoutes.filter(({via, dev}) => via === undefined && segments.has(dev)).map(({to, dev}) => ({prefix: to, place: dev})),
    ...self.addresses.map(({prefix}) => ({prefix, place: 'host.address'})),
  ].filter(({prefix}) => prefixLength(prefix) > 0 && prefixLength(prefix) < addressBits[familyOf(prefix)]);
  const byPrefix = new Map(found.toReversed().map(subnet => [subnet.prefix, subnet]));
  return [...byPrefix.values()]
    .map(subnet => ({...subnet, isOnLink: links.has(subnet.place) || subnet.place === 'host.address'}))
    .sort((a, b) => comparePrefixes(a.prefix, b.prefix));
}

/** True for what has neighbours that are asked for by their address; a tunnel takes whatever is sent to it. */
function isSegment({mac}: Interface): boolean {
  return /^(?!00:00:00:00:00:00)([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac);
}

/**
 * Tells the subnet of a bridge that endpoints hang on from one of the host's own: it lies in blocks of this host, or, when these have gone to another
 * host meanwhile, is no larger than a block, and not on a link to the outside.
 */
function createEndpointTest({self, state}: NodeState): (subnet: Subnet, blockMask: number) => boolean {
  let own: readonly Prefix[] | undefined;
  return ({prefix, isOnLink}, blockMask) => {
    own ??= joinPrefixes([...state.blocks.values()].filter(({host}) => host === self.name).map(({cidr}) => cidr));
    return own.some(block => contains(block, prefix)) || (!isOnLink && prefixLength(prefix) >= blockMask);
  };
}
