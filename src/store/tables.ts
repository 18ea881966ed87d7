import {messageOf} from '../core/errors.ts';
import {networkTrees} from '../core/group-tree.ts';
import type {Address, Prefix} from '../core/prefix.ts';
import type {AllocatedAddress, Block, Host, HostAddresses, NetworkTree, Segment, State, Tenant, Vip, VipHolder} from '../core/state.ts';
import {createHostTable} from './host-table.ts';
import {type Keys, kindOfKey, type RecordKind} from './keys.ts';
import {
  type HostIdentity,
  type Placement,
  parseAllocatedAddress,
  parseBlackouts,
  parseBlock,
  parseHostAddresses,
  parseSegment,
  parseTenant,
  parseTopologyVersion,
  parseVip,
  parseVipHolder,
  type TopologyVersion,
} from './records.ts';
import type {WatchEvent} from './store.ts';
import {createTable, type Versioned} from './table.ts';

export interface StoredTopology extends TopologyVersion {
  readonly trees: readonly NetworkTree[];
}

/** What the keys of the store say, by kind, parsed. Filled by events only. */
export interface Tables {
  readonly topology: Versioned<StoredTopology> | undefined;
  readonly blackouts: Versioned<readonly Prefix[]>;
  readonly hosts: ReadonlyMap<string, Versioned<Host>>;
  readonly blocks: ReadonlyMap<Prefix, Versioned<Block>>;
  readonly addresses: ReadonlyMap<Address, Versioned<AllocatedAddress>>;
  /** What was written for topologies that are not the current one: to come, of the past, or given up. */
  readonly leftovers: Leftovers;
  readonly tenants: ReadonlyMap<string, Versioned<Tenant>>;
  /** By `segmentId`. */
  readonly segments: ReadonlyMap<string, Versioned<Segment>>;
  readonly vips: ReadonlyMap<string, Versioned<Vip>>;
  /** By the name of the VIP. */
  readonly vipHolders: ReadonlyMap<string, Versioned<VipHolder>>;
  /** Why keys cannot be read, by key. */
  readonly unreadable: ReadonlyMap<string, string>;
  /** Takes in one changed key. A value that cannot be read is reported, and the last good one stays, with the revision of the bad one. */
  apply(event: WatchEvent): void;
  /** Everything as of that revision, as a value of its own that later events do not change. */
  snapshot(revision: number): State;
}

export interface Leftovers {
  placements(): Iterable<Versioned<Placement>>;
  placement(generation: number, host: string): Versioned<Placement> | undefined;
  /** Hosts without a place in the current topology. */
  unplaced(): Iterable<Versioned<HostIdentity>>;
  /** The one of them with that name. */
  hidden(name: string): Versioned<HostIdentity> | undefined;
  /** The claim of the daemon that prepares a topology: its id. */
  readonly staging: Versioned<string> | undefined;
}

/** A record that came, changed or went; the listener sees them in the order of revisions. */
export type RecordChange =
  | {readonly kind: 'block'; readonly before: Block | undefined; readonly after: Block | undefined; readonly modRevision: number}
  | {readonly kind: 'address'; readonly before: AllocatedAddress | undefined; readonly after: AllocatedAddress | undefined}
  | {readonly kind: 'vip'; readonly before: Vip | undefined; readonly after: Vip | undefined}
  | {readonly kind: 'vipHolder'; readonly before: VipHolder | undefined; readonly after: VipHolder | undefined}
  | {readonly kind: 'topology' | 'host' | 'hostAddresses' | 'blackouts'};

export interface TablesOptions {
  readonly keys: Keys;
  onUnreadable(key: string, reason: string): void;
  onChange?(change: RecordChange): void;
}

export function createTables({keys, onUnreadable, onChange}: TablesOptions): Tables {
  let topology: Versioned<StoredTopology> | undefined;
  let blackouts: Versioned<readonly Prefix[]> = {value: [], modRevision: 0};
  const hosts = createHostTable();
  let staging: Versioned<string> | undefined;
  const unreadable = new Map<string, string>();
  const blocks = createTable<Prefix, Block>(parseBlock, ({cidr}) => cidr);
  const addresses = createTable<Address, AllocatedAddress>(parseAllocatedAddress, ({ip}) => ip);
  const tenants = createTable<string, Tenant>(parseTenant, ({name}) => name);
  const segments = createTable<string, Segment>(parseSegment, segmentId);
  const hostAddresses = createTable<string, HostAddresses>(parseHostAddresses, ({host}) => host);
  const vips = createTable<string, Vip>(parseVip, ({name}) => name);
  const vipHolders = createTable<string, VipHolder>(parseVipHolder, ({vip}) => vip);

  const take: Record<RecordKind, (event: WatchEvent) => void> = {
    topology({key, value, modRevision}) {
      if (value === undefined) topology = undefined;
      else {
        if (topology !== undefined) topology = {...topology, modRevision};
        const version = parseTopologyVersion(key, value);
        topology = {value: {...version, trees: networkTrees(version.document)}, modRevision};
      }
      hosts.setGeneration(topology?.value.generation ?? 0);
      onChange?.({kind: 'topology'});
    },
    blackouts({key, value, modRevision}) {
      blackouts = {...blackouts, modRevision: value === undefined ? 0 : modRevision};
      blackouts = {...blackouts, value: value === undefined ? [] : parseBlackouts(key, value, blackouts.value)};
      onChange?.({kind: 'blackouts'});
    },
    host(event) {
      hosts.applyHost(event);
      onChange?.({kind: 'host'});
    },
    placement(event) {
      if (hosts.applyPlacement(event)) onChange?.({kind: 'host'});
    },
    staging({value, modRevision}) {
      staging = value === undefined ? undefined : {value, modRevision};
    },
    hostAddresses(event) {
      hostAddresses.apply(event);
      onChange?.({kind: 'hostAddresses'});
    },
    block(event) {
      const change = blocks.apply(event);
      onChange?.({kind: 'block', ...change, modRevision: event.modRevision});
    },
    address(event) {
      const change = addresses.apply(event);
      onChange?.({kind: 'address', ...change});
    },
    tenant: event => void tenants.apply(event),
    segment: event => void segments.apply(event),
    vip(event) {
      const change = vips.apply(event);
      onChange?.({kind: 'vip', ...change});
    },
    vipHolder(event) {
      const change = vipHolders.apply(event);
      onChange?.({kind: 'vipHolder', ...change});
    },
  };

  return {
    get topology() {
      return topology;
    },
    get blackouts() {
      return blackouts;
    },
    hosts: hosts.records,
    blocks: blocks.records,
    addresses: addresses.records,
    leftovers: {
      placements: hosts.otherPlacements,
      placement: hosts.placement,
      unplaced: hosts.unplaced,
      hidden: hosts.hidden,
      get staging() {
        return staging;
      },
    },
    tenants: tenants.records,
    segments: segments.records,
    vips: vips.records,
    vipHolders: vipHolders.records,
    unreadable,
    apply(event) {
      const kind = kindOfKey(keys, event.key);
      if (kind === undefined) return;
      unreadable.delete(event.key);
      try {
        take[kind](event);
      } catch (error) {
        unreadable.set(event.key, messageOf(error));
        onUnreadable(event.key, messageOf(error));
      }
    },
    snapshot: revision => ({
      revision,
      trees: topology?.value.trees ?? [],
      hosts: hosts.values(),
      hostAddresses: addressLists(hostAddresses.values()),
      blocks: blocks.values(),
      addresses: addresses.values(),
      vips: vips.values(),
      vipHolders: vipHolders.values(),
    }),
  };
}

/** What a segment is known by in its table. Names hold no slash. */
export function segmentId({tenant, name}: Segment): string {
  return `${tenant}/${name}`;
}

function addressLists(records: ReadonlyMap<string, HostAddresses>): State['hostAddresses'] {
  return new Map([...records.values()].map(({host, addresses}) => [host, addresses]));
}
