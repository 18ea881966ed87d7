import type {Interface, MainRoute} from './node-state.ts';
import {
  type Address,
  addressBits,
  type Family,
  familyOf,
  firstAddress,
  isAddress,
  lastAddress,
  type Prefix,
  parseAddress,
  prefixLength,
} from './prefix.ts';

/** What this host cannot live without, or what is no machine's: why a VIP must not have such an address. Undefined where it may. */
export function vitalUse(
  ip: Address,
  {interfaces, gateways}: {readonly interfaces: readonly Interface[]; readonly gateways: readonly Address[]},
): string | undefined {
  if (gateways.includes(ip)) return `${ip} is a gateway of this host, or where it reaches etcd`;
  for (const {name, addresses} of interfaces) {
    const prefix = addresses.map(address => address.prefix).find(each => isOfNoMachine(ip, each));
    if (prefix !== undefined) return `${ip} is the first or the last address of ${prefix} on ${name}, which is no machine's`;
  }
  return undefined;
}

/** The gateways of the main table, and those of these URLs whose host is an address. */
export function gatewaysOf(mainRoutes: readonly MainRoute[], urls: readonly string[]): Address[] {
  const hosts = urls.map(url => new URL(url).hostname.replace(/^\[|\]$/g, '')).filter(isAddress);
  return [...new Set([...mainRoutes.flatMap(({via}) => via ?? []), ...hosts.map(parseAddress)])];
}

// The network and the broadcast address of a subnet (RFC 922); links between two (RFC 3021) and IPv6 have none.
function isOfNoMachine(ip: Address, subnet: Prefix): boolean {
  const family: Family = familyOf(subnet);
  if (family !== 'ipv4' || familyOf(ip) !== family || prefixLength(subnet) > addressBits[family] - 2) return false;
  return ip === firstAddress(subnet) || ip === lastAddress(subnet);
}
