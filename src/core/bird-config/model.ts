import type {Prefix} from '../prefix.ts';

/** Where something stands in the files that BIRD reads; the line counts from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/**
 * A BIRD configuration as far as guards and forecasts look into it: what its protocols are and say, not what filters do. Templates and includes
 * are worked in. Both the syntax of BIRD 1.6 (options of a channel stand in the protocol itself) and that of BIRD 2.
 */
export interface BirdConfig {
  readonly protocols: ReadonlyMap<string, ProtocolConfig>;
  /** Filters and functions that have a name: their text without comments. */
  readonly filters: ReadonlyMap<string, Option>;
  /** Statements outside of every block, by their leading words ("router id", "log", "define X"). */
  readonly globals: ReadonlyMap<string, Option>;
}

export interface ProtocolConfig extends Place {
  readonly name: string;
  /** The first word after "protocol": bgp, ospf, static, kernel, device, bfd, rip, babel, direct, pipe … */
  readonly kind: string;
  /** "v2" or "v3" of OSPF, "ng" of RIP; else ''. */
  readonly variant: string;
  readonly isDisabled: boolean;
  /**
   * By the words that name it, blocks around it first: "hold time", `area 0 interface "eth0" hello`. A block itself is there too, with empty text.
   * BGP's ends are split: "neighbor" is the address, "neighbor as" its AS, "internal" or "external"; the same for "local", "local as".
   */
  readonly options: ReadonlyMap<string, Option>;
  /** Channels by what they carry ("ipv4", "ipv6", "ipv4 multicast"), each with its options ("import", "export", "import limit"). In BIRD 1.6 syntax, and for a pipe, one channel, named ''. */
  readonly channels: ReadonlyMap<string, ReadonlyMap<string, Option>>;
  /** Of a static protocol. */
  readonly routes: readonly StaticRoute[];
}

/** What an option is set to: its text without comments, spaced the same way however it was written. A block is text in braces. Constants that have a name are replaced, but for those in filters. */
export interface Option extends Place {
  readonly text: string;
}

export interface StaticRoute extends Place {
  readonly prefix: Prefix;
  /** What follows the prefix: "reject", "via 192.168.20.1" … */
  readonly target: string;
}
