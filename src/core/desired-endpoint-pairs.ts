import {type AttachedEndpoint, attachedEndpoints, outwardInterfaces} from './attached-endpoints.ts';
import {type KnownEndpoints, knownEndpoints} from './endpoint.ts';
import type {NodeState} from './node-state.ts';
import type {Address, Family} from './prefix.ts';

/** A veth pair of ours: `dev` on the host, and its other end in the network namespace of a workload. */
export interface EndpointPair {
  readonly dev: string;
  /** Tells the namespace from another one at the same path; '' of a pair that was not made to its end. */
  readonly namespaceId: string;
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
  const known = knownEndpoints(node);
  const uplinkMtu = smallestMtu(node);
  return attachedEndpoints(node).flatMap(endpoint => pairOf(endpoint, known, uplinkMtu));
}

function pairOf(
  {name, dev, ips, attachment}: AttachedEndpoint,
  {namespaces, gateways}: KnownEndpoints,
  uplinkMtu: number | undefined,
): EndpointPair[] {
  if (attachment.kind !== 'netns') return [];
  const {netns, ifname, mtu = uplinkMtu} = attachment;
  const plan = {endpoint: name, netns, ifname, ips, gateways};
  return [{dev, namespaceId: namespaces.get(netns) ?? '', mtu, plan}];
}

/** Undefined while there is no uplink: one that goes and comes back must not change anything for workloads. */
function smallestMtu(node: NodeState): number | undefined {
  const sizes = outwardInterfaces(node).map(({mtu}) => mtu);
  return sizes.length === 0 ? undefined : Math.min(...sizes);
}
