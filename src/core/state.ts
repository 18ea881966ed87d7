import type {Address, Prefix} from './prefix.ts';

/** A CIDR that addresses come from. `tenants` empty: open to every tenant. */
export interface Network {
  readonly name: string;
  readonly cidr: Prefix;
  readonly blockMask: number;
  readonly tenants: readonly string[];
}

/**
 * A node of the prefix tree of one network. `path` joins the names from the top of the map down ("zone-A/rack-1"); a group without a name
 * counts by its CIDR, the container of several top groups not at all. A leaf has no groups.
 */
export interface Group {
  readonly name: string;
  readonly path: string;
  readonly cidr: Prefix;
  readonly assignment: Readonly<Record<string, string>>;
  readonly routing: string;
  readonly groups: readonly Group[];
}

/** A network with its tree of prefix groups; the root covers the whole network. */
export interface NetworkTree {
  readonly network: Network;
  readonly root: Group;
}

/**
 * A machine that carries endpoints. `groups` maps a network's name to where the host's blocks come from: the CIDR of the leaf group that it was
 * placed in, or its own fixed prefix in there.
 */
export interface Host {
  readonly name: string;
  readonly ip: Address;
  readonly agentPort: number;
  /** A drained host gets no new addresses; those that it has stay. */
  readonly drained: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly groups: Readonly<Record<string, Prefix>>;
  /** A prefix that is this host's alone, given when it was added; no other host gets blocks in it. */
  readonly fixed?: Prefix | undefined;
}

/** A small CIDR that belongs to one (host, tenant, segment); all three are '' while it waits to be reused. Its network is the one that it lies in. */
export interface Block {
  readonly cidr: Prefix;
  readonly host: string;
  readonly tenant: string;
  readonly segment: string;
  /** Since when (milliseconds since 1970) it waits, and which host had it last. */
  readonly freed?: {readonly at: number; readonly from: string} | undefined;
}

/** One endpoint's address, known by its name. */
export interface AllocatedAddress {
  readonly name: string;
  readonly ip: Address;
  readonly block: Prefix;
  readonly host: string;
  readonly tenant: string;
  readonly segment: string;
  readonly allocatedAt: string;
}

/** A name for endpoints to belong to, made known beforehand. Addresses may name others too. */
export interface Tenant {
  readonly name: string;
}

/** A part of a tenant, made known beforehand. */
export interface Segment {
  readonly tenant: string;
  readonly name: string;
}

/** A virtual IP: an address that one host at a time holds for services. `hosts` empty: any host may hold it. */
export interface Vip {
  readonly name: string;
  readonly ip: Address;
  readonly hosts: readonly string[];
}

/** Which host holds the VIP of that name, and since when (milliseconds since 1970). Gone as soon as that host is. */
export interface VipHolder {
  readonly vip: string;
  readonly host: string;
  readonly since: number;
  /** The IP that the VIP had when it was taken; missing in records of earlier versions. */
  readonly ip?: Address | undefined;
}

/** By which addresses a host is reached beside the one that it was added with, as its agent says: of another family, or on another link. */
export interface HostAddresses {
  readonly host: string;
  readonly addresses: readonly Address[];
}

/** Everything that the store holds, as of one revision. */
export interface State {
  readonly revision: number;
  readonly trees: readonly NetworkTree[];
  readonly hosts: ReadonlyMap<string, Host>;
  /** By the name of the host. */
  readonly hostAddresses: ReadonlyMap<string, readonly Address[]>;
  readonly blocks: ReadonlyMap<Prefix, Block>;
  readonly addresses: ReadonlyMap<Address, AllocatedAddress>;
  /** By name. */
  readonly vips: ReadonlyMap<string, Vip>;
  /** By the name of the VIP. A holder may be named of a VIP that is not there any more. */
  readonly vipHolders: ReadonlyMap<string, VipHolder>;
}
