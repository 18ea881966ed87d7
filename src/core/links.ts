import {type Interface, type NodeState, uplinksOf} from './node-state.ts';
import {addressBits, familyOf} from './prefix.ts';

/**
 * The interfaces by which this host is joined to the network around it: those that bear an address of its own, those that lead to a gateway, and every other
 * device with a subnet. What hangs on the host itself (a veth, a bridge without a gateway behind it) and the loopback are none.
 */
export function linksOf({self, interfaces, mainRoutes}: Pick<NodeState, 'self' | 'interfaces' | 'mainRoutes'>): Interface[] {
  const uplinks = new Set(uplinksOf({self, interfaces}));
  const toGateways = new Set(mainRoutes.flatMap(({via, dev}) => (via === undefined ? [] : [dev])));
  return interfaces.filter(
    each => each.name !== 'lo' && (uplinks.has(each) || toGateways.has(each.name) || (!localKinds.has(each.kind) && hasSubnet(each))),
  );
}

const localKinds = new Set(['veth', 'bridge', 'dummy']);

/** True for an interface with an address that others on the same link have neighbours of. */
export function hasSubnet({addresses}: Pick<Interface, 'addresses'>): boolean {
  return addresses.some(({address, length, scope}) => scope !== 'link' && length < addressBits[familyOf(address)]);
}
