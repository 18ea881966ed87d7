import {attachedEndpoints, outwardInterfaces} from './attached-endpoints.ts';
import {knownEndpoints} from './endpoint.ts';
import type {NodeState} from './node-state.ts';
import type {Address, Family} from './prefix.ts';

/** A veth pair of ours: `dev` on the host, and its other end in the network namespace of a workload. */
export interface EndpointPair {
  readonly dev: string;
  /** Says into which namespace it was made, and by which plan; '' of one that was not made to its end. */
  readonly mark: string;
  /** Of both ends, in bytes; undefined where it does not matter. */
  readonly mtu: number | undefined;
  /** What it is made from; not known of what is found. */
  readonly plan?: PairPlan;
}

/** What is set up at the workload's end. */
export interface PairPlan {
  readonly endpoint: string;
  readonly netns: string;
  readonly ifname: string;
  readonly ips: readonly Address[];
  readonly gateways: Readonly<Record<Family, Address>>;
}

/** A pair for each endpoint with a namespace that is there. Its packets are as large as the uplinks take. */
export function desiredEndpointPairs(node: NodeState): EndpointPair[] {
  const {gateways} = knownEndpoints(node);
  const uplinkMtu = smallestMtu(node);
  return attachedEndpoints(node).flatMap(({name, dev, mark, ips, attachment}) => {
    if (attachment.kind !== 'netns') return [];
    const {netns, ifname, mtu = uplinkMtu} = attachment;
    return [{dev, mark, mtu, plan: {endpoint: name, netns, ifname, ips, gateways}}];
  });
}

/** Undefined while there is no uplink: one that goes and comes back must not change anything for workloads. */
function smallestMtu(node: NodeState): number | undefined {
  const sizes = outwardInterfaces(node).map(({mtu}) => mtu);
  return sizes.length === 0 ? undefined : Math.min(...sizes);
}
