import {InputError} from './errors.ts';
import type {Address, Family} from './prefix.ts';

/** A workload that this host is to carry, as it was asked for. Its name is unique on the host. */
export interface Endpoint {
  readonly name: string;
  /** At least one, sorted. */
  readonly ips: readonly Address[];
  readonly attachment: Attachment;
  /** Follows from the name: how the veth that we make for it is called, or, as a second name, the interface that it brings along. */
  readonly handle: string;
}

/**
 * How packets get to a workload: by an interface that somebody else has made, by a veth pair of ours into its network namespace, or, as it is a
 * process of this host, by no interface at all. An `mtu` in bytes.
 */
export type Attachment =
  | {readonly kind: 'interface'; readonly dev: string; readonly mtu?: number | undefined}
  | {readonly kind: 'netns'; readonly netns: string; readonly ifname: string; readonly mtu?: number | undefined}
  | {readonly kind: 'local'};

/** What a pass knows of endpoints. */
export interface EndpointFacts {
  /** A sentence where the file that lists them cannot be read. */
  readonly wanted: readonly Endpoint[] | {readonly problem: string};
  /** Of the network namespaces that endpoints name by path those that are there, with what tells one from the next at the same path. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** Where workloads send everything to: one address for all of them, that nobody else has. */
  readonly gateways: Readonly<Record<Family, Address>>;
}

/** Facts that name the endpoints that are wanted. */
export interface KnownEndpoints extends EndpointFacts {
  readonly wanted: readonly Endpoint[];
}

/** What is known of endpoints. Throws InputError where it is not known which are wanted: then nothing of any endpoint may be touched. */
export function knownEndpoints({endpoints}: {readonly endpoints?: EndpointFacts | undefined}): KnownEndpoints {
  if (endpoints === undefined) throw new InputError('ERR_ENDPOINTS_FILE', 'it is not known which endpoints are wanted');
  const {wanted, namespaces, gateways} = endpoints;
  if ('problem' in wanted) throw new InputError('ERR_ENDPOINTS_FILE', wanted.problem);
  return {wanted, namespaces, gateways};
}

/** The host's interface of an endpoint; undefined for a process of the host. */
export function deviceOf({attachment, handle}: Pick<Endpoint, 'attachment' | 'handle'>): string | undefined {
  if (attachment.kind === 'local') return undefined;
  return attachment.kind === 'netns' ? handle : attachment.dev;
}
