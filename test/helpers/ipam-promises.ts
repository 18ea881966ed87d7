import {leaves, networkTrees} from '../../src/core/group-tree.ts';
import {isEligible} from '../../src/core/placement.ts';
import {type Address, comparePrefixes, contains, familyOf, overlaps, type Prefix} from '../../src/core/prefix.ts';
import type {NetworkTree} from '../../src/core/state.ts';
import {parseTopology} from '../../src/core/topology-document.ts';
import type {Keys} from '../../src/store/keys.ts';
import type {Listing} from '../../src/store/store.ts';

// What must be true of the records in etcd at every moment, read from their texts alone, whatever the code that wrote them believes.

export interface StoredHost {
  readonly name: string;
  readonly ip: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly drained: boolean;
  readonly fixed?: Prefix;
}

export interface StoredBlock {
  readonly cidr: Prefix;
  readonly host: string;
  readonly tenant: string;
  readonly segment: string;
}

export interface StoredAddress {
  readonly name: string;
  readonly ip: Address;
  readonly block: Prefix;
  readonly host: string;
  readonly tenant: string;
  readonly segment: string;
}

export interface StoredVip {
  readonly name: string;
  readonly ip: Address;
  readonly hosts: readonly string[];
}

/** The records by kind. */
export interface Records {
  readonly keys: Keys;
  readonly generation: number;
  /** The document as it was posted. */
  readonly document: unknown;
  readonly trees: readonly NetworkTree[];
  readonly hosts: ReadonlyMap<string, StoredHost>;
  /** Host → groups, in the topology that is in force. */
  readonly groups: ReadonlyMap<string, Readonly<Record<string, Prefix>>>;
  readonly blocks: ReadonlyMap<Prefix, StoredBlock>;
  readonly addresses: ReadonlyMap<Address, StoredAddress>;
  readonly blackouts: readonly Prefix[];
  /** Key → IP, and key → host, or vip/ and the name of a VIP. */
  readonly names: ReadonlyMap<string, string>;
  readonly hostIps: ReadonlyMap<string, string>;
  readonly tenants: ReadonlySet<string>;
  readonly segments: readonly {readonly tenant: string; readonly name: string}[];
  readonly vips: readonly StoredVip[];
  /** What has no use any more, or not yet: each in a few words. */
  readonly leftovers: readonly string[];
  /** Keys that hold the record of another one. */
  readonly misplaced: readonly string[];
}

export function readRecords({entries}: Listing, keys: Keys): Records {
  const all = entries.map(({key, value}) => ({key, folder: key.split('/')[2] ?? '', value}));
  // biome-ignore lint/suspicious/noExplicitAny: as it lies in etcd
  const parsed = (folder: string): any[] => all.filter(entry => entry.folder === folder).map(({value}) => JSON.parse(value));
  const texts = (folder: string) => new Map(all.filter(entry => entry.folder === folder).map(({key, value}) => [key, value]));
  const [topology] = parsed('topology');
  const placements = parsed('placements');
  const hosts = new Map<string, StoredHost>(parsed('hosts').map(host => [host.name, host]));
  const generation = topology?.generation ?? 0;
  const current = placements.filter(placement => placement.generation === generation);
  const placed = new Set(current.map(({host}) => host));
  const expected = new Set([
    ...parsed('hosts').map(({name}) => keys.host(name)),
    ...placements.map(({generation: of, host}) => keys.placement(of, host)),
    ...parsed('blocks').map(({cidr}) => keys.block(cidr)),
    ...parsed('addresses').map(({ip}) => keys.address(ip)),
    ...parsed('vips').map(({name}) => keys.vip(name)),
  ]);
  const checked = new Set(['hosts', 'placements', 'blocks', 'addresses', 'vips']);
  return {
    keys,
    generation,
    document: topology?.document,
    trees: topology === undefined ? [] : networkTrees(parseTopology(topology.document)),
    hosts,
    groups: new Map(current.map(({host, groups}) => [host, groups])),
    blocks: new Map(parsed('blocks').map(block => [block.cidr, block])),
    addresses: new Map(parsed('addresses').map(address => [address.ip, address])),
    blackouts: parsed('blackouts').flatMap(({cidrs}) => cidrs),
    names: texts('names'),
    hostIps: texts('host-ips'),
    tenants: new Set(parsed('tenants').map(({name}) => name)),
    segments: parsed('segments'),
    vips: parsed('vips'),
    leftovers: [
      ...[...texts('stagings').keys()],
      ...placements.filter(other => other.generation !== generation).map(other => `placement of ${other.host} in ${other.generation}`),
      ...current.filter(({host}) => !hosts.has(host)).map(({host}) => `placement of ${host}, which does not exist`),
      ...[...hosts.keys()].filter(name => !placed.has(name)).map(name => `host ${name} without a place`),
    ],
    misplaced: all.filter(({key, folder}) => checked.has(folder) && !expected.has(key)).map(({key}) => key),
  };
}

/** What is wrong with the records: every sentence is a broken promise. */
export function brokenPromises(records: Records): string[] {
  const misplaced = records.misplaced.map(key => `${key} holds another record`);
  return [
    ...misplaced,
    ...brokenAddresses(records),
    ...brokenBlocks(records),
    ...brokenHosts(records),
    ...brokenNames(records),
    ...brokenVips(records),
  ];
}

function* brokenAddresses({addresses, blocks, hosts, blackouts}: Records): Generator<string> {
  const hostOf = new Map<string, string>([...hosts.values()].map(host => [host.ip, host.name]));
  for (const {name, ip, host, tenant, segment, block: cidr} of addresses.values()) {
    const what = `${ip} (${name}) of ${host} ${tenant} ${segment}`;
    if (!hosts.has(host)) yield `${what} is on a host that does not exist`;
    const block = blocks.get(cidr);
    const isOwn = block?.host === host && block.tenant === tenant && block.segment === segment;
    if (!isOwn) yield `${what} lies in ${JSON.stringify(block ?? cidr)}`;
    if (!contains(cidr, ip)) yield `${what} does not lie in its block ${cidr}`;
    if (hostOf.has(ip)) yield `${what} is the IP of host ${hostOf.get(ip)}`;
    for (const blackout of blackouts) if (contains(blackout, ip)) yield `${what} lies in blackout ${blackout}`;
  }
}

function* brokenBlocks({blocks, addresses, hosts, groups}: Records): Generator<string> {
  const counts = countByBlock(addresses.values());
  for (const {cidr, host, tenant, segment} of blocks.values()) {
    const what = `block ${cidr} of ${host} ${tenant} ${segment}`;
    const count = counts.get(cidr) ?? 0;
    if (host === '') {
      if (count > 0 || tenant !== '' || segment !== '') yield `free ${what} holds ${count} addresses`;
      continue;
    }
    if (count === 0) yield `${what} is empty`;
    if (!hosts.has(host)) yield `${what} has an owner that does not exist`;
    const own = Object.values(groups.get(host) ?? {});
    if (!own.some(group => contains(group, cidr))) yield `${what} does not lie in its host's groups ${own.join(', ')}`;
    for (const {name, fixed} of hosts.values())
      if (fixed !== undefined && name !== host && overlaps(fixed, cidr)) yield `${what} lies in ${fixed}, which is for ${name} alone`;
  }
  const sorted = [...blocks.keys()].sort(comparePrefixes);
  // Sorted, a prefix comes after the one that contains it, with only others of those between.
  for (const [index, cidr] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before !== undefined && overlaps(before, cidr)) yield `blocks ${before} and ${cidr} overlap`;
  }
}

function* brokenHosts({keys, hosts, hostIps, groups, trees, document, vips}: Records): Generator<string> {
  const declaration = JSON.stringify(document);
  for (const {name, ip, tags, fixed} of hosts.values()) {
    const key = keys.hostIp(ip as Address);
    if (hostIps.get(key) !== name) yield `host ${name} has IP ${ip}, which is noted for ${hostIps.get(key) ?? 'nobody'}`;
    const own = groups.get(name);
    if (own === undefined) continue;
    if (fixed !== undefined && !Object.values(own).includes(fixed)) yield `host ${name} does not stand in its prefix ${fixed}`;
    for (const [network, group] of Object.entries(own)) {
      const tree = trees.find(candidate => candidate.network.name === network);
      if (tree === undefined) yield `host ${name} stands in network ${network}, which does not exist`;
      else if (group === fixed) {
        if (!leaves(tree).some(leaf => contains(leaf.cidr, fixed))) yield `prefix ${fixed} of host ${name} lies in no leaf`;
      } else if (!leaves(tree).some(({cidr}) => cidr === group)) yield `host ${name} stands in ${group}, which is no leaf of ${network}`;
      else if (!isEligible(tree, group, tags) && !declaration.includes(JSON.stringify(name)))
        yield `host ${name} with ${JSON.stringify(tags)} stands in ${group}, which does not take it`;
    }
    if (Object.keys(own).length === 0) yield `host ${name} stands nowhere`;
  }
  if (hostIps.size !== hosts.size + vips.length) yield `${hostIps.size} own IPs for ${hosts.size} hosts and ${vips.length} VIPs`;
  const prefixes = [...hosts.values()].flatMap(({fixed}) => fixed ?? []);
  for (const [index, one] of prefixes.entries())
    for (const other of prefixes.slice(index + 1)) if (overlaps(one, other)) yield `fixed prefixes ${one} and ${other} overlap`;
}

function* brokenNames({keys, names, addresses, tenants, segments}: Records): Generator<string> {
  if (names.size !== addresses.size) yield `${names.size} names for ${addresses.size} addresses`;
  for (const {name, ip} of addresses.values()) {
    const key = keys.name(name, familyOf(ip));
    if (names.get(key) !== ip) yield `${key} says ${names.get(key)} and not ${ip}`;
  }
  for (const {tenant, name} of segments) if (!tenants.has(tenant)) yield `segment ${name} is of tenant ${tenant}, which does not exist`;
}

function* brokenVips({keys, vips, hostIps, addresses}: Records): Generator<string> {
  for (const {name, ip} of vips) {
    const owner = hostIps.get(keys.hostIp(ip));
    if (owner !== `vip/${name}`) yield `VIP ${name} has IP ${ip}, which is noted for ${owner ?? 'nobody'}`;
    if (addresses.has(ip)) yield `VIP ${name} has IP ${ip}, which is the address of ${addresses.get(ip)?.name}`;
  }
}

/** How many addresses each block holds. */
export function countByBlock(addresses: Iterable<StoredAddress>): Map<Prefix, number> {
  const counts = new Map<Prefix, number>();
  for (const {block} of addresses) counts.set(block, (counts.get(block) ?? 0) + 1);
  return counts;
}
