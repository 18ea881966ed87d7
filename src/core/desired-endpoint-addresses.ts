import {knownEndpoints} from './endpoint.ts';
import type {NodeState} from './node-state.ts';
import type {Address} from './prefix.ts';

/** An address of a workload that is a process of this host. */
export interface EndpointAddress {
  readonly ip: Address;
  /** Whose it is; not known of what is found. */
  readonly endpoint?: string;
}

/** Every address of every local endpoint. */
export function desiredEndpointAddresses(node: NodeState): EndpointAddress[] {
  const local = knownEndpoints(node).wanted.filter(({attachment}) => attachment.kind === 'local');
  return local.flatMap(({name, ips}) => ips.map(ip => ({ip, endpoint: name})));
}
