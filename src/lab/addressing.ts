import {
  type Address,
  addressBits,
  type Family,
  familyOf,
  firstAddress,
  fromNumber,
  type InterfaceAddress,
  type Prefix,
  prefixLength,
  subPrefix,
  toNumber,
} from '../core/prefix.ts';
import {familiesOf, type LabFile} from './lab-file.ts';

/** The two ends of a link: at each an address of every family in use, IPv4 first. */
export interface LinkAddresses {
  readonly upper: readonly InterfaceAddress[];
  readonly lower: readonly InterfaceAddress[];
}

/** The addresses between a spine (upper) and a ToR (lower): the n-th /31 of the fabric's first /24, the n-th /64 of its first /56. */
export function spineLinkAddresses(file: LabFile, link: number): LinkAddresses {
  const subnets = familiesOf(file).map(family =>
    family === 'ipv4' ? subPrefix(fabricPart(file, family, 0), 31, link) : subPrefix(fabricPart(file, family, 0), 64, link),
  );
  return {
    upper: subnets.map(subnet => nth(subnet, isIpv4(subnet) ? 0 : 1)),
    lower: subnets.map(subnet => nth(subnet, isIpv4(subnet) ? 1 : 2)),
  };
}

/** The addresses between a ToR (upper) and a host (lower): a small subnet of their own (L3-to-host), or the rack's segment (L2-to-host). */
export function hostLinkAddresses(file: LabFile, rack: number, host: number): LinkAddresses {
  const isShared = file.racks[rack]?.segment === 'l2';
  const subnets = familiesOf(file).map(family => {
    const part = fabricPart(file, family, rack + 1);
    if (family === 'ipv4') return isShared ? part : subPrefix(part, 30, host);
    return subPrefix(part, 64, isShared ? 0 : host + 1);
  });
  return {upper: subnets.map(subnet => nth(subnet, 1)), lower: subnets.map(subnet => nth(subnet, isShared ? 11 + host : 2))};
}

/** The part of the fabric that a rack's ToR and hosts are addressed from: a /24, and a /56 of IPv6. Part 0 holds the links to the spines. */
export function rackFabric(file: LabFile, rack: number): Prefix[] {
  return familiesOf(file).map(family => fabricPart(file, family, rack + 1));
}

/** The whole fabric, one prefix of each family in use. */
export function fabricPrefixes(file: LabFile): Prefix[] {
  return familiesOf(file).map(family => file.fabric[family]);
}

/** The address on the management network: 0 is the master, hosts follow from 1. */
export function managementAddress(file: LabFile, index: number): InterfaceAddress {
  return nth(file.management, index === 0 ? 1 : 10 + index);
}

/** "address/length", as `ip` and romana.yaml take it. */
export function interfaceText({address, length}: InterfaceAddress): string {
  return `${address}/${length}`;
}

/** The address of one family among those of an interface. */
export function addressOf(addresses: readonly InterfaceAddress[], family: Family): Address | undefined {
  return addresses.find(({address}) => familyOf(address) === family)?.address;
}

function fabricPart(file: LabFile, family: Family, index: number): Prefix {
  return subPrefix(file.fabric[family], family === 'ipv4' ? 24 : 56, index);
}

function nth(prefix: Prefix, index: number): InterfaceAddress {
  const address = fromNumber(toNumber(firstAddress(prefix)) + BigInt(index), familyOf(prefix));
  return {address, prefix, length: prefixLength(prefix)};
}

function isIpv4(prefix: Prefix): boolean {
  return addressBits[familyOf(prefix)] === 32;
}
