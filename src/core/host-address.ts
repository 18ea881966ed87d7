import {
  type Address,
  addressBits,
  contains,
  familyOf,
  firstAddress,
  type InterfaceAddress,
  isIpv4Mapped,
  lastAddress,
  type Prefix,
  parsePrefix,
  prefixLength,
} from './prefix.ts';

/** Why no host can have that address by which others reach it, as what it is: "the network address of 10.0.0.0/24". Undefined where one can. */
export function whyNoHostAddress({address, prefix, length}: InterfaceAddress): string | undefined {
  if (length === 0) return 'an address whose subnet is everything';
  return whyNoUnicast(address) ?? linkLocalOf(address) ?? whatOfSubnet(address, prefix);
}

/** Why no machine's neighbours can send to that address, in the same way. Undefined where they can. */
export function whyNoUnicast(address: Address): string | undefined {
  if (isIpv4Mapped(address)) return 'an IPv4 address in the form of IPv6';
  return kinds.find(({prefixes}) => prefixes.some(prefix => contains(prefix, address)))?.name;
}

// RFC 6890, and RFC 4291 for IPv6.
const kinds: ReadonlyArray<{readonly name: string; readonly prefixes: readonly Prefix[]}> = [
  {name: 'the broadcast address', prefixes: [parsePrefix('255.255.255.255/32')]},
  {name: 'an address of nobody', prefixes: [parsePrefix('0.0.0.0/8'), parsePrefix('::/128')]},
  {name: 'a loopback address', prefixes: [parsePrefix('127.0.0.0/8'), parsePrefix('::1/128')]},
  {name: 'a multicast address', prefixes: [parsePrefix('224.0.0.0/4'), parsePrefix('ff00::/8')]},
];

const linkLocal: readonly Prefix[] = [parsePrefix('169.254.0.0/16'), parsePrefix('fe80::/10')];

function linkLocalOf(address: Address): string | undefined {
  return linkLocal.some(prefix => contains(prefix, address)) ? 'a link-local address' : undefined;
}

/** Links between two machines have neither (RFC 3021, RFC 6164); IPv6 knows no broadcast, and its first address is that of any router (RFC 4291, 2.6.1). */
function whatOfSubnet(address: Address, subnet: Prefix): string | undefined {
  if (prefixLength(subnet) >= addressBits[familyOf(subnet)] - 1) return undefined;
  if (address === firstAddress(subnet)) return `the network address of ${subnet}`;
  return familyOf(subnet) === 'ipv4' && address === lastAddress(subnet) ? `the broadcast address of ${subnet}` : undefined;
}
