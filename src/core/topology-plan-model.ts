import type {Family, Prefix} from './prefix.ts';
import type {Network} from './state.ts';

/** What a topology holds, and what it costs in routes. */
export interface TopologyPlan {
  readonly fits: boolean;
  /** What does not fit, in whole sentences. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly load: PlannedLoad;
  readonly networks: readonly NetworkPlan[];
  /** By family, those that have a network. */
  readonly routes: Readonly<Partial<Record<Family, RoutePlan>>>;
}

/** What the plan is made for. */
export interface PlannedLoad {
  /** True where the hosts, blocks and addresses of a running system are in it. */
  readonly isLive: boolean;
  readonly hosts: number;
  /** Each group is filled up to so many hosts. */
  readonly hostsPerGroup: number;
  /** What a planned host carries; undefined where only what runs is looked at. */
  readonly endpointsPerHost?: number | undefined;
  /** How many (tenant, segment) pairs share a planned host. */
  readonly ownersPerHost: number;
  /** The tenants that they are dealt out to: those that networks name, undefined for all others. */
  readonly tenants: readonly (string | undefined)[];
}

export interface NetworkPlan {
  readonly network: Network;
  /** The tree, depth first, the root first. Empty for a network without a topology. */
  readonly groups: readonly GroupPlan[];
}

export interface GroupPlan {
  readonly name: string;
  readonly path: string;
  /** Its name, or else the labels that hosts are assigned to it by, or else its CIDR. Empty for the container of several groups. */
  readonly title: string;
  /** The titles from the top of the map down. */
  readonly label: string;
  readonly cidr: Prefix;
  /** 0 for the root, which is the whole network. */
  readonly depth: number;
  /** What the groups of its depth are, by the label that hosts are assigned by: "rack". Empty where they do not agree on one. */
  readonly level: string;
  readonly isLeaf: boolean;
  /** Groups that it is divided into. */
  readonly children: number;
  /** How many more groups it can be divided into while those that it has keep their prefixes; undefined for a leaf. */
  readonly room?: number | undefined;
  /** What its router carries of the network: the groups below it (of a leaf, the blocks that hosts announce), those beside it and beside those above. */
  readonly routes: bigint;
  readonly hosts: number;
  readonly blocks: Amount;
  readonly addresses: Amount;
  /** Blocks that its hosts need here; more than are used where it is too small. */
  readonly neededBlocks: bigint;
  /** How many hosts like those that it has fill it; undefined where it has none that need a block. */
  readonly hostsWhenFull?: bigint | undefined;
  /** How many addresses each of its hosts can have here, in whole blocks; undefined without hosts. */
  readonly addressesPerHostWhenFull?: bigint | undefined;
}

/** Of a prefix: capacity = used + free + blackedOut. */
export interface Amount {
  readonly capacity: bigint;
  readonly used: bigint;
  readonly free: bigint;
  readonly blackedOut: bigint;
  /** The part of the capacity that lies in no group yet. */
  readonly padding: bigint;
  /** The part of what is free, and held by no owner of a block, that lies in own prefixes of hosts: for each of them alone. */
  readonly reserved: bigint;
}

/** The same hosts and endpoints in this topology, and in one where all hosts are in one group and nothing is aggregated above a host. */
export interface RoutePlan {
  readonly topology: RouteCounts;
  readonly flat: RouteCounts;
}

/** The most that one of each kind carries, of prefixes of Romana. */
export interface RouteCounts {
  readonly host: {
    /** Direct routes to the blocks of the other hosts of its group, where they share a segment; by `routes.aggregate`. */
    readonly kernel: {readonly blocks: bigint; readonly aggregate: Span};
    /** By `publish.prefixes`. */
    readonly announced: AnnouncedCounts;
  };
  /** Its own hosts, by what they announce, and the other groups. */
  readonly tor: AnnouncedCounts;
  /** What joins the ToRs: a prefix for each group below it, and one for each group beside it. */
  readonly spine: bigint;
  /** What joins the spines; undefined where groups are not nested. */
  readonly core?: bigint | undefined;
  /** A VPC table of AWS: a prefix for each group that has hosts. */
  readonly vpc: bigint;
}

export interface AnnouncedCounts {
  readonly blocks: bigint;
  readonly aggregate: Span;
  /** Undefined where groups tell nothing apart. */
  readonly groups?: bigint | undefined;
}

/** From the best case, a host's blocks beside each other, to the worst, all of them scattered. */
export interface Span {
  readonly least: bigint;
  readonly most: bigint;
}
