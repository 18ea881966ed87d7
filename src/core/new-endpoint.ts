import {deviceOf, type Endpoint} from './endpoint.ts';
import {createAllocationCheck} from './endpoint-allocation.ts';
import {InputError} from './errors.ts';
import {type NodeState, uplinksOf} from './node-state.ts';
import {type Address, hostPrefix} from './prefix.ts';

/** Throws InputError, ERR_CONFLICT with a sentence, when the store does not give all addresses of an endpoint to this host. */
export function checkAllocation({name, ips}: Endpoint, {self, state}: NodeState): void {
  const faultOf = createAllocationCheck(self.name, state);
  for (const ip of ips) {
    const fault = faultOf(ip);
    // What the store has given out is nobody else's.
    const other = state.addresses.has(ip) ? undefined : otherUse(ip, state);
    if (fault?.isForeign !== true && other === undefined) continue;
    const hint = `romana address allocate ${name} --host ${self.name}`;
    throw conflict(`${ip} is not for a workload of this host: it ${other ?? fault?.reason}. An address for it comes from: ${hint}`);
  }
}

/** Who has an address that is of no workload, as the rest of a sentence that begins with it. */
function otherUse(ip: Address, {hosts, hostAddresses, vips}: NodeState['state']): string | undefined {
  for (const host of hosts.values()) {
    if (host.ip === ip || hostAddresses.get(host.name)?.includes(ip) === true) return `is an address of host ${host.name}`;
  }
  const vip = [...vips.values()].find(each => each.ip === ip);
  return vip === undefined ? undefined : `is the VIP ${vip.name}`;
}

/** Throws InputError, ERR_CONFLICT or ERR_INVALID with a sentence, when an endpoint does not go with those that there are, or with this host. */
export function checkNewEndpoint(endpoint: Endpoint, others: readonly Endpoint[], node: NodeState): void {
  checkOthers(endpoint, others);
  checkInterface(endpoint, node);
  for (const ip of endpoint.ips) checkAddress(ip, node);
}

function checkOthers(endpoint: Endpoint, others: readonly Endpoint[]): void {
  for (const other of others) {
    const shared = endpoint.ips.find(ip => other.ips.includes(ip));
    if (shared !== undefined) throw conflict(`${shared} is in use here already, by endpoint ${other.name}.`);
    const dev = deviceOf(endpoint);
    if (dev !== undefined && dev === deviceOf(other)) throw conflict(`Interface ${dev} is in use already, by endpoint ${other.name}.`);
    const [a, b] = [endpoint.attachment, other.attachment];
    if (a.kind === 'netns' && b.kind === 'netns' && a.netns === b.netns) {
      throw conflict(`Network namespace ${a.netns} is in use already, by endpoint ${other.name}.`);
    }
  }
}

function checkInterface({attachment}: Endpoint, node: NodeState): void {
  const {interfaces, endpoints, mainRoutes} = node;
  if (attachment.kind === 'netns' && endpoints?.namespaces.has(attachment.netns) !== true) {
    throw invalid(`There is no network namespace at ${attachment.netns}.`);
  }
  if (attachment.kind !== 'interface') return;
  const {dev} = attachment;
  const found = interfaces.find(({name}) => name === dev);
  if (found === undefined) throw invalid(`There is no interface ${dev} on this host.`);
  if (found.master !== undefined) throw invalid(`Interface ${dev} is a part of ${found.master}: packets of this host do not go by it.`);
  const isUplink = uplinksOf(node).includes(found) || mainRoutes.some(route => route.dev === dev && route.via !== undefined);
  if (dev === 'lo' || isUplink) throw invalid(`Interface ${dev} joins this host to its network, it does not lead to a workload.`);
}

function checkAddress(ip: Address, {interfaces, mainRoutes}: NodeState): void {
  const bearer = interfaces.find(({addresses}) => addresses.some(({address}) => address === ip));
  if (bearer !== undefined) throw conflict(`${ip} is an address of this host itself, on ${bearer.name}.`);
  const route = mainRoutes.find(({to}) => to === hostPrefix(ip));
  if (route !== undefined) {
    const via = route.via === undefined ? '' : `via ${route.via} `;
    throw conflict(`There is a route to ${ip} already (${via}dev ${route.dev}), which is of another program.`);
  }
}

function conflict(sentence: string): InputError {
  return new InputError('ERR_CONFLICT', sentence);
}

function invalid(sentence: string): InputError {
  return new InputError('ERR_INVALID', sentence);
}
