import {type Address, type Family, familyOf, type Prefix} from '../core/prefix.ts';

/** What a ToR or spine does, told independently of the daemon that does it. `renderBird` and `renderFrr` turn it into configuration. */
export interface Router {
  readonly name: string;
  readonly routerId: Address;
  readonly as: number;
  /** Routes by way of a neighbour. */
  readonly underlay: readonly {readonly prefix: Prefix; readonly via: Address}[];
  /** Prefixes that are this router's to announce; what no longer route covers is answered with "unreachable". */
  readonly origin: readonly Prefix[];
  readonly sessions: readonly BgpSession[];
  readonly ospf?: OspfArea;
  readonly bfd: false | {readonly intervalMs: number; readonly multiplier: number};
}

/** A session over IPv4; it carries the routes of every family that the filters name. */
export interface BgpSession {
  readonly name: string;
  readonly local: Address;
  readonly neighbor: Address;
  readonly neighborAs: number;
  readonly accept: readonly PrefixRange[];
  readonly announce: readonly PrefixRange[];
}

/** The hosts' OSPF area: what is accepted from it. Nothing is announced into it, since hosts have a default route. */
export interface OspfArea {
  readonly interfaces: readonly {readonly name: string; readonly isShared: boolean}[];
  readonly accept: readonly PrefixRange[];
}

/** A prefix alone, or with everything inside it. */
export interface PrefixRange {
  readonly prefix: Prefix;
  readonly longer: boolean;
}

/** The same timers in both daemons and on both sides: short, so that a lab reacts within seconds. */
export const timers = {holdSeconds: 3, keepaliveSeconds: 1, connectRetrySeconds: 1, helloSeconds: 1, deadSeconds: 4} as const;

export function exactly(prefixes: readonly Prefix[]): PrefixRange[] {
  return prefixes.map(prefix => ({prefix, longer: false}));
}

export function inside(prefixes: readonly Prefix[]): PrefixRange[] {
  return prefixes.map(prefix => ({prefix, longer: true}));
}

export function ofFamily(ranges: readonly PrefixRange[], family: Family): PrefixRange[] {
  return ranges.filter(({prefix}) => familyOf(prefix) === family);
}

/** The families that ranges speak of, IPv4 first. */
export function familiesIn(ranges: readonly PrefixRange[]): Family[] {
  return (['ipv4', 'ipv6'] as const).filter(family => ofFamily(ranges, family).length > 0);
}
