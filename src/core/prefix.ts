import ipaddr from 'ipaddr.js';
import {InputError} from './errors.ts';

/** An IP address in canonical text form (RFC 5952 for IPv6), so that `===` and Map keys compare values. */
export type Address = string & {readonly __brand: 'Address'};

/** A CIDR in canonical text form, its host bits cleared. */
export type Prefix = string & {readonly __brand: 'Prefix'};

export type Family = 'ipv4' | 'ipv6';

export const addressBits = {ipv4: 32, ipv6: 128} as const;

/** Parses an IPv4 (four decimal parts) or IPv6 address, without zone; throws InputError otherwise. */
export function parseAddress(text: string): Address {
  if (isCanonicalIpv4(text)) return text as Address;
  const address = isPlainAddress(text) ? ipaddr.parse(text) : undefined;
  if (address === undefined) throw new InputError('ERR_ADDRESS', `invalid IP address ${JSON.stringify(text)}`);
  return canonical(address);
}

/** True for text that parseAddress takes. */
export function isAddress(text: string): boolean {
  return isPlainAddress(text);
}

/** Parses "address/length"; host bits are cleared (10.0.0.5/24 is 10.0.0.0/24). Throws InputError. */
export function parsePrefix(text: string): Prefix {
  // What has been compared before is canonical.
  if (knownRanges.has(text as Prefix)) return text as Prefix;
  return parseInterfaceAddress(text).prefix;
}

export interface InterfaceAddress {
  readonly address: Address;
  readonly prefix: Prefix;
  readonly length: number;
}

/** Parses an address as configured on an interface, "192.168.20.30/24": the address, and the prefix that it lies in. Throws InputError. */
export function parseInterfaceAddress(text: string): InterfaceAddress {
  const [, addressText = '', lengthText = ''] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const length = Number(lengthText);
  if (lengthText === '' || !isPlainAddress(addressText) || length > addressBits[familyOf(addressText as Address)]) {
    throw new InputError('ERR_PREFIX', `invalid CIDR ${JSON.stringify(text)}, expected address/length`);
  }
  const address = parseAddress(addressText);
  return {address, prefix: prefixAt(address, length), length};
}

/** The family of a canonical address or prefix. */
export function familyOf(value: Address | Prefix): Family {
  return value.includes(':') ? 'ipv6' : 'ipv4';
}

/** The prefixes of each family, in their order. */
export function splitByFamily(prefixes: readonly Prefix[]): Readonly<Record<Family, readonly Prefix[]>> {
  const ipv6 = prefixes.filter(prefix => familyOf(prefix) === 'ipv6');
  // There may be tens of thousands, nearly always of one family.
  return {ipv4: ipv6.length === 0 ? prefixes : prefixes.filter(prefix => familyOf(prefix) === 'ipv4'), ipv6};
}

/** The address as an unsigned number. */
export function toNumber(address: Address): bigint {
  if (familyOf(address) === 'ipv4') {
    const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
    return BigInt(((a * 256 + b) * 256 + c) * 256 + d);
  }
  return ipaddr.IPv6.parse(address).parts.reduce((sum, part) => (sum << 16n) | BigInt(part), 0n);
}

/** The address of that unsigned number; the number must fit the family. */
export function fromNumber(value: bigint, family: Family): Address {
  if (family === 'ipv4') {
    const n = Number(value);
    return `${Math.floor(n / 2 ** 24)}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}` as Address;
  }
  const parts = Array.from({length: 8}, (_, index) => Number((value >> BigInt(16 * (7 - index))) & 0xffffn));
  return canonical(new ipaddr.IPv6(parts));
}

/** A prefix as numbers: its lowest and its highest address. */
export interface PrefixRange {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

const knownRanges = new Map<Prefix, PrefixRange>();
// A host has tens of thousands of blocks around it; what is asked for once only must not stay for ever.
const maxKnownRanges = 100_000;

/** The range of a prefix. Remembered, because the same prefixes are compared again and again. */
export function rangeOf(prefix: Prefix): PrefixRange {
  const known = knownRanges.get(prefix);
  if (known !== undefined) return known;
  const family = familyOf(prefix);
  const first = toNumber(firstAddress(prefix));
  const range = {family, first, last: first + (1n << BigInt(addressBits[family] - prefixLength(prefix))) - 1n};
  if (knownRanges.size === maxKnownRanges) knownRanges.clear();
  knownRanges.set(prefix, range);
  return range;
}

/** The number of leading bits of a prefix. */
export function prefixLength(prefix: Prefix): number {
  return Number(prefix.slice(prefix.indexOf('/') + 1));
}

/** The lowest address of a prefix (its network address). */
export function firstAddress(prefix: Prefix): Address {
  return prefix.slice(0, prefix.indexOf('/')) as Address;
}

/** The highest address of a prefix. */
export function lastAddress(prefix: Prefix): Address {
  return fromNumber(toNumber(firstAddress(prefix)) + sizeOf(prefix) - 1n, familyOf(prefix));
}

/** How many addresses a prefix covers. */
export function sizeOf(prefix: Prefix): bigint {
  return 1n << BigInt(addressBits[familyOf(prefix)] - prefixLength(prefix));
}

/** True of IPv4 that is written as IPv6, ::ffff:10.0.0.1 (RFC 4291, 2.5.5.2): on the wire there is no such address. */
export function isIpv4Mapped(value: Address | Prefix): boolean {
  return familyOf(value) === 'ipv6' && toNumber(value.split('/', 1)[0] as Address) >> 32n === 0xffffn;
}

/** The prefix of that length which covers the address. */
export function prefixAt(address: Address, length: number): Prefix {
  const family = familyOf(address);
  const hostBits = BigInt(addressBits[family] - length);
  return `${fromNumber((toNumber(address) >> hostBits) << hostBits, family)}/${length}` as Prefix;
}

/** The single-address prefix, /32 or /128. */
export function hostPrefix(address: Address): Prefix {
  return `${address}/${addressBits[familyOf(address)]}` as Prefix;
}

/** True when the address, or every address of the inner prefix, lies in the outer prefix. */
export function contains(outer: Prefix, inner: Address | Prefix): boolean {
  const {family, first, last} = rangeOf(outer);
  if (family !== familyOf(inner)) return false;
  const range = inner.includes('/') ? rangeOf(inner as Prefix) : undefined;
  const start = range?.first ?? toNumber(inner as Address);
  return start >= first && (range?.last ?? start) <= last;
}

/** True when two prefixes share an address. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  return contains(a, b) || contains(b, a);
}

/** The n-th (from 0) sub-prefix of the given length inside a prefix; throws RangeError outside. */
export function subPrefix(prefix: Prefix, length: number, index: number | bigint): Prefix {
  const family = familyOf(prefix);
  const count = 1n << BigInt(length - prefixLength(prefix));
  const isOutside = BigInt(index) < 0n || BigInt(index) >= count;
  if (isOutside) throw new RangeError(`${prefix} has ${count} prefixes of length ${length}, not ${index}`);
  const start = toNumber(firstAddress(prefix)) + BigInt(index) * (1n << BigInt(addressBits[family] - length));
  return `${fromNumber(start, family)}/${length}` as Prefix;
}

/** Orders addresses by family (IPv4 first), then value. */
export function compareAddresses(a: Address, b: Address): number {
  const families = familyOf(a).localeCompare(familyOf(b));
  if (families !== 0 || a === b) return families;
  return toNumber(a) < toNumber(b) ? -1 : 1;
}

/** Orders prefixes by family (IPv4 first), then first address, then length (shorter first). */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  return compareAddresses(firstAddress(a), firstAddress(b)) || prefixLength(a) - prefixLength(b);
}

/** The same prefixes in the order of comparePrefixes; quicker than sorting by it where there are thousands. */
export function sortPrefixes(prefixes: readonly Prefix[]): Prefix[] {
  const {ipv4, ipv6} = splitByFamily(prefixes);
  return [ipv4, ipv6].flatMap(family =>
    family
      .map(prefix => ({prefix, ...rangeOf(prefix)}))
      .sort(compareRanges)
      .map(({prefix}) => prefix),
  );
}

/** Orders ranges of one family by first address; what holds another comes before it. */
export function compareRanges(a: PrefixRange, b: PrefixRange): number {
  if (a.first !== b.first) return a.first < b.first ? -1 : 1;
  return a.last === b.last ? 0 : a.last > b.last ? -1 : 1;
}

/** The fewest prefixes that cover exactly the same addresses, sorted: covered ones dropped, neighbouring halves joined. */
export function joinPrefixes(prefixes: readonly Prefix[]): Prefix[] {
  const joined: Prefix[] = [];
  for (let prefix of sortPrefixes(prefixes)) {
    let last = joined.at(-1);
    if (last !== undefined && contains(last, prefix)) continue;
    while (last !== undefined && isSibling(last, prefix)) {
      joined.pop();
      prefix = prefixAt(firstAddress(last), prefixLength(last) - 1);
      last = joined.at(-1);
    }
    joined.push(prefix);
  }
  return joined;
}

function isSibling(a: Prefix, b: Prefix): boolean {
  const length = prefixLength(a);
  if (a === b || length === 0 || length !== prefixLength(b) || familyOf(a) !== familyOf(b)) return false;
  return prefixAt(firstAddress(a), length - 1) === prefixAt(firstAddress(b), length - 1);
}

function isPlainAddress(text: string): boolean {
  if (text.includes(':')) return !text.includes('%') && ipaddr.IPv6.isValid(text);
  // The library finds out by exceptions, which is slow where names of endpoints are asked about.
  return isCanonicalIpv4(text) || (/^[\d.]+$/.test(text) && ipaddr.IPv4.isValidFourPartDecimal(text));
}

const canonicalIpv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

function isCanonicalIpv4(text: string): boolean {
  return canonicalIpv4.test(text);
}

function canonical(address: ipaddr.IPv4 | ipaddr.IPv6): Address {
  return (address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString()) as Address;
}
