import {deviceOf, type Endpoint, knownEndpoints} from './endpoint.ts';
import {linksOf} from './links.ts';
import {type Interface, type NodeState, uplinksOf} from './node-state.ts';

/** An endpoint that packets can be brought to, with its interface. */
export interface AttachedEndpoint extends Endpoint {
  readonly dev: string;
}

/** The endpoints whose interface is there, or will be as soon as our veth pair is made. Throws InputError where it is not known which are wanted. */
export function attachedEndpoints(node: Pick<NodeState, 'endpoints' | 'interfaces'>): AttachedEndpoint[] {
  const {wanted, namespaces} = knownEndpoints(node);
  const present = new Set(node.interfaces.map(({name}) => name));
  return wanted.flatMap(endpoint => {
    const {attachment} = endpoint;
    const dev = deviceOf(endpoint);
    if (dev === undefined) return [];
    const isThere = attachment.kind === 'netns' ? namespaces.has(attachment.netns) : present.has(dev);
    return isThere ? [{...endpoint, dev}] : [];
  });
}

/** The interfaces that what endpoints send leaves this host by: those that bear its own address, or where that is the loopback, all links. */
export function outwardInterfaces(node: Pick<NodeState, 'self' | 'interfaces' | 'mainRoutes'>): Interface[] {
  const own = uplinksOf(node).filter(({name}) => name !== 'lo');
  return own.length > 0 ? own : linksOf(node);
}
