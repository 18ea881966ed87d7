import type {Prefix} from './prefix.ts';

export type Direction = 'ingress' | 'egress';

/** One side of a flow, as policies name it. */
export type Party =
  | {readonly kind: 'any'}
  /** The machines that Romana knows as hosts, by their own addresses. */
  | {readonly kind: 'host'}
  /** The endpoints of a tenant; with a segment, only that part of them. */
  | {readonly kind: 'tenant'; readonly tenant: string; readonly segment?: string}
  | {readonly kind: 'cidr'; readonly cidr: Prefix; readonly except: readonly Prefix[]};

/** Whom a policy is for: endpoints, or hosts themselves. */
export type Target = Exclude<Party, {readonly kind: 'any'}>;

/** Ports from the first to the last, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** A kind of traffic. */
export interface TrafficRule {
  /** The number of the protocol (IANA "Protocol Numbers"), or any. */
  readonly protocol: number | 'any';
  /** Of the destination; without any, all ports. */
  readonly ports: readonly PortRange[];
  /** Of ICMP: the type, and the code where one is named. */
  readonly icmp?: {readonly type: number; readonly code?: number};
  /** What answers comes back without a rule of its own. */
  readonly isStateful: boolean;
}

/** Peers, and what may pass between them and the targets. Stanzas do not mix: a peer of one gets nothing of another's rules. */
export interface Stanza {
  readonly peers: readonly Party[];
  readonly rules: readonly TrafficRule[];
}

/** What src/policy/README.md gives the meaning of. */
export interface Policy {
  readonly id: string;
  readonly description: string;
  readonly direction: Direction;
  readonly action: 'allow' | 'deny';
  /** Lower ones come first; of the same order those that deny, then by id. */
  readonly order: number;
  /** It only counts and logs what it would drop. */
  readonly isStaged: boolean;
  readonly targets: readonly Target[];
  readonly stanzas: readonly Stanza[];
}

export const defaultOrder = 1000;

/** The numbers of the protocols that have names in policies. */
export const protocolNumbers = {icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132} as const;

/** Orders policies as they are looked through. */
export function comparePolicies(a: Policy, b: Policy): number {
  return a.order - b.order || rankOf(a) - rankOf(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function rankOf({action}: Policy): number {
  return action === 'deny' ? 0 : 1;
}

/** A protocol as policies name it. */
export function protocolName(protocol: TrafficRule['protocol']): string {
  const [name] = Object.entries(protocolNumbers).find(([, number]) => number === protocol) ?? [];
  return name ?? String(protocol);
}
