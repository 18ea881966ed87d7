import {attachedEndpoints, outwardInterfaces} from './attached-endpoints.ts';
import {knownEndpoints} from './endpoint.ts';
import type {NodeState} from './node-state.ts';
import {type Address, familyOf, hostPrefix, type Prefix} from './prefix.ts';

/** A route to one address by an interface of this host. */
export interface EndpointRoute {
  readonly to: Prefix;
  readonly dev: string;
  /** The mark of our veth pair, which tells it from one that is still to go and takes its routes along. */
  readonly mark?: string;
  /** What the host itself sends to it from: its own address, not just any that it has. */
  readonly source?: Address | undefined;
  /** Whose it is; not known of what is found. */
  readonly endpoint?: string;
}

/**
 * An exact route for each address of an endpoint that has an interface, and one for the IPv4 gateway address: the kernel answers by proxy ARP only for
 * what it has a route to, and the default route may go.
 */
export function desiredEndpointRoutes(node: NodeState): EndpointRoute[] {
  const attached = attachedEndpoints(node);
  const routes = attached.flatMap(({name, dev, mark, ips}) =>
    ips.map(ip => ({to: hostPrefix(ip), dev, mark, source: sourceFor(ip, node), endpoint: name})),
  );
  const isProxying = attached.some(({ips}) => ips.some(ip => familyOf(ip) === 'ipv4'));
  return [...routes, ...(isProxying ? gatewayRoutes(node) : [])];
}

function gatewayRoutes(node: NodeState): EndpointRoute[] {
  const outward = outwardInterfaces(node).filter(({isEnabled, isUp}) => isEnabled ?? isUp);
  const {name: dev} = outward.find(({isUp}) => isUp) ?? outward[0] ?? {};
  return dev === undefined ? [] : [{to: hostPrefix(knownEndpoints(node).gateways.ipv4), dev}];
}

function sourceFor(ip: Address, {self, interfaces}: NodeState): Address | undefined {
  const own = self.addresses.find(({address}) => familyOf(address) === familyOf(ip))?.address;
  const isThere = interfaces.some(({addresses}) => addresses.some(({address}) => address === own));
  return isThere ? own : undefined;
}
