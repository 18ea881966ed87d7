import {
  type Address,
  addressBits,
  type Family,
  familyOf,
  firstAddress,
  lastAddress,
  type Prefix,
  prefixLength,
  toNumber,
} from '../core/prefix.ts';

/** Every key that we have in etcd. Addresses are written with all their digits, so that keys sort by value and a block is one range of keys. */
export interface Keys {
  readonly all: string;
  readonly topology: string;
  readonly blackouts: string;
  readonly allHosts: KeyRange;
  readonly allBlocks: KeyRange;
  host(name: string): string;
  /** Where a host stands in the topology of that generation. */
  placement(generation: number, host: string): string;
  /** Held by a daemon while it writes the placements of a topology that is to come. Its revision tells one claim from another. */
  readonly staging: string;
  /** Written whenever a host is removed: a range of keys does not tell of those that are gone. */
  readonly removals: string;
  /** Says which host has an IP, so that no two can. */
  hostIp(ip: Address): string;
  block(cidr: Prefix): string;
  address(ip: Address): string;
  /** The keys that blocks have which begin in the prefix: those that lie in it, and none that is larger unless it begins with it. */
  blocksIn(prefix: Prefix): KeyRange;
  /** The keys that addresses of the block have. */
  addressesIn(block: Prefix): KeyRange;
  /** Says which address a name has, so that it cannot have two of one family. */
  name(name: string, family: Family): string;
  tenant(name: string): string;
  segment(tenant: string, name: string): string;
  /** The keys that segments of the tenant have. */
  segmentsOf(tenant: string): KeyRange;
  /** Written by the agent of the host: by which addresses it is reached. */
  hostAddresses(name: string): string;
  vip(name: string): string;
  /** Written by the agent that holds the VIP, under a lease. It names the holder, and no two can hold it. */
  vipHolder(name: string): string;
  /** Beside it, under the same lease: so that no IP has two holders, whatever its VIP is called by now. */
  heldIp(ip: Address): string;
  /** Written by a daemon to itself: once its watch has shown it, the daemon knows all that was there before. */
  barrier(id: string): string;
  /** Begins every key that only guards others. They lie beside all other keys: who follows the state needs none of them. */
  readonly allGuards: string;
  /** Begins every key of the agents' reports. They lie apart, too: who follows the state is not told of a thousand hosts' reports. */
  readonly allReports: string;
  /** What the agent of a host last reported. */
  report(host: string): string;
  /** When it last did, or last had nothing new to report. */
  beat(host: string): string;
}

/** The first and the last key of a range. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

/** Kinds of keys whose values we parse, by the part of the key after the prefix. */
export type RecordKind =
  | 'topology'
  | 'blackouts'
  | 'host'
  | 'hostAddresses'
  | 'placement'
  | 'staging'
  | 'block'
  | 'address'
  | 'tenant'
  | 'segment'
  | 'vip'
  | 'vipHolder';

export function createKeys(prefix: string): Keys {
  const root = `/${prefix.split('/').filter(Boolean).join('/')}`;
  // By family, since in text order an IPv4 address may lie between two of IPv6.
  const address = (ip: Address) => `${root}/addresses/${familyOf(ip)}/${sortable(ip)}`;
  const reports = `${root}.reports/`;
  const guards = `${root}.guards/`;
  return {
    all: `${root}/`,
    topology: `${root}/topology`,
    blackouts: `${root}/blackouts`,
    allHosts: below(`${root}/hosts/`),
    allBlocks: below(`${root}/blocks/`),
    host: name => `${root}/hosts/${encodeURIComponent(name)}`,
    placement: (generation, host) => `${root}/placements/${generation}/${encodeURIComponent(host)}`,
    staging: `${root}/staging`,
    removals: `${guards}host-removals`,
    hostIp: ip => `${guards}host-ips/${sortable(ip)}`,
    block: cidr => `${root}/blocks/${sortable(firstAddress(cidr))}-${prefixLength(cidr)}`,
    blocksIn: prefix => ({
      from: `${root}/blocks/${sortable(firstAddress(prefix))}-`,
      to: below(`${root}/blocks/${sortable(lastAddress(prefix))}-`).to,
    }),
    address,
    addressesIn: block => ({from: address(firstAddress(block)), to: address(lastAddress(block))}),
    name: (name, family) => `${guards}names/${family}/${encodeURIComponent(name)}`,
    tenant: name => `${root}/tenants/${encodeURIComponent(name)}`,
    segment: (tenant, name) => `${root}/segments/${encodeURIComponent(tenant)}/${encodeURIComponent(name)}`,
    segmentsOf: tenant => below(`${root}/segments/${encodeURIComponent(tenant)}/`),
    hostAddresses: name => `${root}/host-addresses/${encodeURIComponent(name)}`,
    vip: name => `${root}/vips/${encodeURIComponent(name)}`,
    vipHolder: name => `${root}/vip-holders/${encodeURIComponent(name)}`,
    heldIp: ip => `${guards}held-ips/${sortable(ip)}`,
    barrier: id => `${root}/barriers/${encodeURIComponent(id)}`,
    allGuards: guards,
    allReports: reports,
    report: host => `${reports}${encodeURIComponent(host)}/report`,
    beat: host => `${reports}${encodeURIComponent(host)}/beat`,
  };
}

/** Our keys are printable ASCII, which DEL comes after. */
function below(start: string): KeyRange {
  return {from: start, to: `${start}\x7f`};
}

const kinds: ReadonlyArray<readonly [string, RecordKind]> = [
  ['hosts/', 'host'],
  ['placements/', 'placement'],
  ['blocks/', 'block'],
  ['addresses/', 'address'],
  ['tenants/', 'tenant'],
  ['segments/', 'segment'],
  ['host-addresses/', 'hostAddresses'],
  ['vips/', 'vip'],
  ['vip-holders/', 'vipHolder'],
];

/** What kind of record a key holds; undefined for keys that only guard others, and foreign ones. */
export function kindOfKey(keys: Keys, key: string): RecordKind | undefined {
  if (key === keys.topology) return 'topology';
  if (key === keys.blackouts) return 'blackouts';
  if (key === keys.staging) return 'staging';
  const rest = key.slice(keys.all.length);
  return kinds.find(([start]) => rest.startsWith(start))?.[1];
}

/** Whose report or beat a key holds; undefined for any other key. */
export function reportKey({allReports}: Keys, key: string): {readonly host: string; readonly part: 'report' | 'beat'} | undefined {
  const [host, part, ...more] = key.startsWith(allReports) ? key.slice(allReports.length).split('/') : [];
  if (host === undefined || (part !== 'report' && part !== 'beat') || more.length > 0) return undefined;
  return {host: decodeURIComponent(host), part};
}

/** 10.1.0.8 is 010.001.000.008; an IPv6 address is written with all its 32 digits. */
function sortable(ip: Address): string {
  const family = familyOf(ip);
  if (family === 'ipv4') {
    return ip
      .split('.')
      .map(part => part.padStart(3, '0'))
      .join('.');
  }
  const digits = toNumber(ip)
    .toString(16)
    .padStart(addressBits[family] / 4, '0');
  return digits.match(/.{4}/g)?.join(':') ?? digits;
}
