import {z} from 'zod';
import type {Interface} from '../core/node-state.ts';
import {parseInterfaceAddress} from '../core/prefix.ts';

// With -N, iproute2 prints numbers for the scopes that it knows by name (rtnetlink.h).
const scopeNames: Readonly<Record<string, string>> = {'0': 'global', '200': 'site', '253': 'link', '254': 'host'};

const Address = z.object({
  local: z.string(),
  prefixlen: z.number(),
  scope: z
    .string()
    .default('0')
    .transform(scope => scopeNames[scope] ?? scope),
  metric: z.number().default(0),
  label: z.string().default(''),
});

/** An interface as the kernel shows it, with what may mark it as ours. */
export interface KernelInterface extends Interface {
  readonly isEnabled: boolean;
  /** The number of its link group; '0' for those that were put into none. */
  readonly group: string;
  readonly alias: string;
  /** Its further names. */
  readonly altNames: readonly string[];
}

const Link = z.object({
  ifindex: z.number(),
  ifname: z.string(),
  mtu: z.number(),
  flags: z.array(z.string()).default([]),
  address: z.string().default(''),
  master: z.string().optional(),
  group: z.string().default('0'),
  ifalias: z.string().default(''),
  altnames: z.array(z.string()).default([]),
  linkinfo: z.object({info_kind: z.string().default('')}).default({info_kind: ''}),
  addr_info: z.array(z.unknown()).default([]),
});

/** Parses `ip -json -details address show`. An address that says something unknown is left out. */
export function parseInterfaces(text: string): KernelInterface[] {
  const links = z.array(Link).parse(JSON.parse(text.trim() || '[]'));
  return links.map(({ifindex, ifname, mtu, flags, address, master, group, ifalias, altnames, linkinfo, addr_info}) => ({
    index: ifindex,
    name: ifname,
    kind: linkinfo.info_kind,
    mac: address,
    mtu,
    isUp: flags.includes('UP') && !flags.includes('NO-CARRIER'),
    isEnabled: flags.includes('UP'),
    ...(master !== undefined && {master}),
    group,
    alias: ifalias,
    altNames: altnames,
    addresses: addr_info.flatMap(parseAddressInfo),
  }));
}

function parseAddressInfo(info: unknown): Interface['addresses'] {
  const parsed = Address.safeParse(info);
  if (!parsed.success) return [];
  const {local, prefixlen, scope, metric, label} = parsed.data;
  return [{...parseInterfaceAddress(`${local}/${prefixlen}`), scope, metric, label}];
}
