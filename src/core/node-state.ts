import type {DrainPhase} from './drain.ts';
import type {EndpointFacts} from './endpoint.ts';
import type {KeptBird} from './kept-bird.ts';
import type {Address, InterfaceAddress, Prefix} from './prefix.ts';
import type {State} from './state.ts';

/** Everything that one pass of the agent decides from. The desired-* functions take it and nothing else. */
export interface NodeState {
  readonly self: Self;
  readonly settings: NodeSettings;
  /** What the store holds: the whole of it, never a part. */
  readonly state: State;
  /** The kernel's main route table, as read at the start of the pass. */
  readonly mainRoutes: readonly MainRoute[];
  /** The network interfaces, as read at the start of the pass. */
  readonly interfaces: readonly Interface[];
  readonly kernelSettings: KernelSettings;
  /** Only passes over endpoints ask for them. */
  readonly endpoints?: EndpointFacts;
  /** Every file bird.conf* and publisher.conf* in the template folder. */
  readonly templates: readonly TemplateFile[];
  /** How far this host has been taken out of use, as far as neighbours are concerned. */
  readonly drain: DrainPhase;
  /** The VIPs of this host; undefined where it takes none. */
  readonly vips?: VipFacts;
  /** Only where the state is an older one, saved before a restart: what BIRD has, of which nothing is to be withdrawn. */
  readonly kept?: KeptBird;
}

/** What this host has to do with VIPs, as /32 or /128. */
export interface VipFacts {
  /** Those that it holds and whose addresses are on, without those that it is about to give up. */
  readonly held: readonly Prefix[];
  /** Those that it is about to give up, and that are not to be announced any more. */
  readonly leaving: readonly Prefix[];
  /** Those that it has held since the agent started, and does not hold any more. */
  readonly former: readonly Prefix[];
}

/** This host. At most one address of each family, IPv4 first. */
export interface Self {
  readonly name: string;
  readonly addresses: readonly InterfaceAddress[];
}

export interface NodeSettings {
  /** Whether the agent sets what of the kernel's settings is not as it has to be; else it only says so. */
  readonly provision: boolean;
  /** Addresses of a cluster's services: of no host, and so of no network. */
  readonly serviceRange: readonly Prefix[];
  readonly nat: NatSettings;
  /** Whether what endpoints send and get is accepted where FORWARD would drop it. */
  readonly forward: {readonly accept: boolean};
  /** Where rules of ours go, where a host has both. */
  readonly iptables: 'auto' | 'nft' | 'legacy';
  readonly routes: RouteSettings;
  readonly publish: PublishSettings;
}

export interface NatSettings {
  readonly enabled: boolean;
  /** Destinations beside the networks and the service range that packets of endpoints reach with their own address. */
  readonly exclude: readonly Prefix[];
}

export interface RouteSettings {
  readonly enabled: boolean;
  readonly table: number;
  readonly multihop: boolean;
  readonly aggregate: boolean;
  /** Further interfaces by whose addresses other hosts may reach this one. */
  readonly uplinks: readonly string[];
  /** Lets Romana networks have addresses of the subnets that hosts are on. */
  readonly allowOverlap: boolean;
}

export interface PublishSettings {
  readonly enabled: boolean;
  /** The template folder, for errors that must name it when it is empty. */
  readonly templates?: string;
  /** Where the chosen bird.conf goes. */
  readonly birdConf: string;
  /** The folder where the rendered publisher.conf goes. */
  readonly confDir: string;
  readonly localAs: number;
  readonly prefixes: 'blocks' | 'aggregate' | 'groups';
  readonly vars: Readonly<Record<string, unknown>>;
  readonly confirm: {readonly timeoutSeconds: number};
  readonly guards: GuardSettings;
  readonly drain: {readonly timeoutSeconds: number};
}

/** The switch of each guard (core/publish-guards.ts). */
export interface GuardSettings {
  /** How many of the announced prefixes may go at once without the store having released them; 100 turns the guard off. */
  readonly maxWithdrawPercent: number;
  readonly allowDefaultRoute: boolean;
  readonly allowForeign: boolean;
  readonly allowEmpty: boolean;
  readonly allowNoPeers: boolean;
  /** Silences the warning about "import all" and "export all" on external sessions. */
  readonly allowOpenFilters: boolean;
}

/** A unicast route of the main table; one with several next hops stands there once for each. Without `via` the destination is on the link itself. */
export interface MainRoute {
  readonly to: Prefix;
  readonly via?: Address;
  readonly dev: string;
  readonly metric: number;
}

/** A network interface with its addresses. */
export interface Interface {
  readonly index: number;
  readonly name: string;
  /** What made it: veth, bridge, tun …; '' for a device of the machine itself. */
  readonly kind: string;
  readonly mac: string;
  /** In bytes. */
  readonly mtu: number;
  /** Switched on, and with a carrier. */
  readonly isUp: boolean;
  /** Switched on, with or without a carrier. */
  readonly isEnabled?: boolean;
  /** The bridge or bond that it is a part of. */
  readonly master?: string;
  readonly addresses: readonly AssignedAddress[];
}

/** An address of an interface, with what may mark it as ours. */
export interface AssignedAddress extends InterfaceAddress {
  readonly scope: string;
  readonly metric: number;
  readonly label: string;
}

/** Settings of the kernel, as read at the start of the pass. */
export interface KernelSettings {
  /** By path under /proc/sys/net; those that the kernel does not have are missing. */
  readonly values: ReadonlyMap<string, string>;
  /** The interfaces from which the kernel has routes by router advertisements. */
  readonly learnsRoutes: ReadonlySet<string>;
}

/** The interfaces by which this host is reached: those that bear one of its own addresses. */
export function uplinksOf({self, interfaces}: Pick<NodeState, 'self' | 'interfaces'>): Interface[] {
  const own = new Set(self.addresses.map(({address}) => address));
  return interfaces.filter(({addresses}) => addresses.some(({address}) => own.has(address)));
}

/** A file of the template folder; `file` is its whole path. */
export interface TemplateFile {
  readonly file: string;
  readonly text: string;
  /** Why there is no text, as in "is a folder, not a file": its name is taken by something else. */
  readonly problem?: string;
}
