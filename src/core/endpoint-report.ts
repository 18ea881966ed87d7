import {deviceOf, type Endpoint} from './endpoint.ts';
import {createAllocationCheck} from './endpoint-allocation.ts';
import type {NodeState} from './node-state.ts';

/** How an endpoint does. */
export interface EndpointReport {
  readonly name: string;
  readonly ips: readonly string[];
  /** The host's interface that leads to it; undefined for a process of the host. */
  readonly interface?: string;
  readonly state: EndpointState;
  /** Why it is not ok, or what there is to know all the same; a sentence without its end. */
  readonly reason?: string;
}

/** `ok`: packets get there; the others in the order in which they count. */
export type EndpointState = (typeof endpointStates)[number];
export const endpointStates = [
  'ok',
  'waiting',
  'namespace missing',
  'interface missing',
  'failed',
  'interface down',
  'not allocated',
] as const;

type Judgement = Pick<EndpointReport, 'state' | 'reason'>;

/**
 * Gives a function that reports on an endpoint from what the last pass has seen, and what of it failed, by endpoint. Without a pass yet they wait for it.
 */
export function createEndpointReport(
  node: NodeState | undefined,
  failures: ReadonlyMap<string, string>,
): (endpoint: Endpoint) => EndpointReport {
  const judge = node === undefined ? () => waiting : createJudge(node, failures);
  return endpoint => {
    const dev = deviceOf(endpoint);
    return {name: endpoint.name, ips: endpoint.ips, ...(dev !== undefined && {interface: dev}), ...judge(endpoint)};
  };
}

const waiting: Judgement = {state: 'waiting', reason: 'nothing is done before the first whole state of the store'};

function createJudge(node: NodeState, failures: ReadonlyMap<string, string>): (endpoint: Endpoint) => Judgement {
  const {self, state, interfaces, endpoints, kernelSettings} = node;
  const faultOf = createAllocationCheck(self.name, state);
  const byName = new Map(interfaces.map(each => [each.name, each]));
  return endpoint => {
    const {name, ips, attachment} = endpoint;
    const dev = deviceOf(endpoint);
    const found = dev === undefined ? undefined : byName.get(dev);
    if (attachment.kind === 'netns' && endpoints?.namespaces.has(attachment.netns) !== true) {
      return {state: 'namespace missing', reason: `there is no network namespace at ${attachment.netns}`};
    }
    if (attachment.kind === 'interface' && found === undefined) {
      return {state: 'interface missing', reason: `there is no interface ${dev}`};
    }
    const failure = failures.get(name);
    if (failure !== undefined) return {state: 'failed', reason: failure};
    // One that is not even switched on was so before the pass.
    if (found?.isEnabled === true && !found.isUp) return {state: 'interface down', reason: `nothing is up at the other end of ${dev}`};
    const faults = ips.flatMap(ip => {
      const fault = faultOf(ip);
      return fault === undefined ? [] : [`${ip} ${fault.reason}`];
    });
    if (faults.length > 0) return {state: 'not allocated', reason: faults.join('; ')};
    const mayPretend = dev !== undefined && kernelSettings.values.get('ipv4/conf/all/rp_filter') === '2';
    return mayPretend ? {state: 'ok', reason: 'what it sends is not checked: net.ipv4.conf.all.rp_filter is 2 (loose)'} : {state: 'ok'};
  };
}
