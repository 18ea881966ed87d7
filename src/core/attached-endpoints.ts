import {deviceOf, type Endpoint, type KnownEndpoints, knownEndpoints} from './endpoint.ts';
import {hash32} from './hash.ts';
import {linksOf} from './links.ts';
import {type Interface, type NodeState, uplinksOf} from './node-state.ts';

/** An endpoint that packets can be brought to, with its interface. */
export interface AttachedEndpoint extends Endpoint {
  readonly dev: string;
  /**
   * Of a veth pair of ours, says into which namespace it is to be made, and by which plan: one with another mark goes, with all that hangs on it. '' for
   * an interface of somebody else's.
   */
  readonly mark: string;
}

/** The endpoints whose interface is there, or will be as soon as our veth pair is made. Throws InputError where it is not known which are wanted. */
export function attachedEndpoints(node: Pick<NodeState, 'endpoints' | 'interfaces'>): AttachedEndpoint[] {
  const known = knownEndpoints(node);
  const present = new Set(node.interfaces.map(({name}) => name));
  return known.wanted.flatMap(endpoint => {
    const {attachment} = endpoint;
    const dev = deviceOf(endpoint);
    if (dev === undefined) return [];
    if (attachment.kind !== 'netns') return present.has(dev) ? [{...endpoint, dev, mark: ''}] : [];
    const mark = pairMark(endpoint, attachment, known);
    return mark === undefined ? [] : [{...endpoint, dev, mark}];
  });
}

/** The interfaces that what endpoints send leaves this host by: those that bear its own address, or where that is the loopback, all links. */
export function outwardInterfaces(node: Pick<NodeState, 'self' | 'interfaces' | 'mainRoutes'>): Interface[] {
  const own = uplinksOf(node).filter(({name}) => name !== 'lo');
  return own.length > 0 ? own : linksOf(node);
}

/** Undefined where the namespace is not there. */
function pairMark(
  {name, ips}: Endpoint,
  {netns, ifname}: {readonly netns: string; readonly ifname: string},
  {namespaces, gateways}: KnownEndpoints,
): string | undefined {
  const id = namespaces.get(netns);
  const plan = hash32(JSON.stringify({name, ips, netns, ifname, gateways})).toString(16);
  return id === undefined ? undefined : `net:[${id}] ${plan}`;
}
