import type {Address, InterfaceAddress} from '../core/prefix.ts';
import {familyOf, lastAddress} from '../core/prefix.ts';
import {fabricPrefixes, hostLinkAddresses, rackFabric, spineLinkAddresses} from './addressing.ts';
import type {LabFile} from './lab-file.ts';
import {hostNames, namespaceOf, spineNames, torName} from './names.ts';
import type {LabInterface, LabNode, PlanBase, PlannedPart} from './plan-types.ts';
import {type BgpSession, exactly, inside, type Router} from './router.ts';
import {routerFiles} from './router-files.ts';
import {rackPrefixes} from './topology.ts';

/** Spines and ToRs, and the links between them. */
export function planRouters(base: PlanBase): PlannedPart {
  const {file} = base;
  return {
    nodes: [...spineNames(file).map((name, spine) => planSpine(base, name, spine)), ...file.racks.map((_, rack) => planTor(base, rack))],
    links: spineNames(file).flatMap((name, spine) =>
      file.racks.map((_, rack) => ({
        upper: {node: name, interface: `down${rack + 1}`},
        lower: {node: torName(file, rack), interface: `up${spine + 1}`},
      })),
    ),
  };
}

/** The AS of the ToR of the rack with that index. */
export function torAs(file: LabFile, rack: number): number {
  return file.racks[rack]?.tor.as ?? 65_001 + rack;
}

/** A spine accepts from each ToR the prefixes of its rack and nothing longer, and tells it those of the other racks. */
function planSpine(base: PlanBase, name: string, spine: number): LabNode {
  const {file} = base;
  const links = file.racks.map((_, rack) => spineLinkAddresses(file, linkIndex(file, spine, rack)));
  const router: Router = {
    name,
    routerId: firstOf(links[0]?.upper),
    as: file.spines.as,
    underlay: links.flatMap(({lower}, rack) => rackFabric(file, rack).flatMap(prefix => viaOf(lower, prefix))),
    origin: fabricPrefixes(file),
    sessions: links.map(({upper, lower}, rack) =>
      sessionTo(torName(file, rack), torAs(file, rack), upper, lower, {
        accept: exactly(rackPrefixes(file, rack)),
        announce: exactly([...fabricPrefixes(file), ...prefixesOfOthers(file, rack)]),
      }),
    ),
    bfd: file.bfd,
  };
  return {
    ...nodeBase(base, name, 'spine', router, file.spines.daemon),
    interfaces: links.map(({upper}, rack) => ({name: `down${rack + 1}`, kind: 'link', addresses: upper})),
    peers: file.racks.map((_, rack) => torName(file, rack)),
  };
}

/** A ToR always announces its rack's prefixes, whatever its hosts do; from those it takes what lies inside. */
function planTor(base: PlanBase, rack: number): LabNode {
  const {file} = base;
  const {protocol, segment, tor, hostAs, name: rackName} = rackOf(file, rack);
  const own = rackPrefixes(file, rack);
  const ups = spineNames(file).map((name, spine) => ({name, ...spineLinkAddresses(file, linkIndex(file, spine, rack))}));
  const downs = (hostNames(file)[rack] ?? []).map((name, host) => ({name, ...hostLinkAddresses(file, rack, host)}));
  const shared: LabInterface = {name: 'seg', kind: 'bridge', addresses: downs[0]?.upper ?? []};
  const toHosts: LabInterface[] =
    segment === 'l2'
      ? [shared, ...downs.map((_, host) => ({name: `port${host + 1}`, kind: 'link' as const, bridge: 'seg', addresses: []}))]
      : downs.map(({upper}, host) => ({name: `down${host + 1}`, kind: 'link', addresses: upper}));
  const routed = toHosts.filter(({bridge}) => bridge === undefined).map(({name}) => ({name, isShared: segment === 'l2'}));
  const fromSpine = {accept: exactly([...fabricPrefixes(file), ...prefixesOfOthers(file, rack)]), announce: exactly(own)};
  const router: Router = {
    name: torName(file, rack),
    routerId: torRouterId(file, rack),
    as: torAs(file, rack),
    underlay: [],
    origin: own,
    sessions: [
      ...ups.map(({name, upper, lower}) => sessionTo(name, file.spines.as, lower, upper, fromSpine)),
      ...(protocol === 'ospf'
        ? []
        : downs.map(({name, upper, lower}) => sessionTo(name, hostAs, upper, lower, {accept: inside(own), announce: []}))),
    ],
    ...(protocol === 'ospf' ? {ospf: {interfaces: routed, accept: inside(own)}} : {}),
    bfd: file.bfd,
  };
  return {
    ...nodeBase(base, router.name, 'tor', router, tor.daemon),
    rack: rackName,
    interfaces: [...ups.map(({lower}, spine) => ({name: `up${spine + 1}`, kind: 'link' as const, addresses: lower})), ...toHosts],
    peers: [...ups, ...downs].map(({name}) => name),
  };
}

function nodeBase({file, folder: labFolder}: PlanBase, name: string, role: 'spine' | 'tor', router: Router, daemon: 'bird' | 'frr') {
  const folder = `${labFolder}/${name}`;
  return {name, role, namespace: namespaceOf(file.name, name), folder, defaultVia: [], copies: [], ...routerFiles(router, daemon, folder)};
}

/** The session between two ends of a link. */
function sessionTo(
  name: string,
  neighborAs: number,
  own: readonly InterfaceAddress[],
  other: readonly InterfaceAddress[],
  filters: Pick<BgpSession, 'accept' | 'announce'>,
): BgpSession {
  return {name, local: firstOf(own), neighbor: firstOf(other), neighborAs, ...filters};
}

function viaOf(addresses: readonly InterfaceAddress[], prefix: InterfaceAddress['prefix']): Router['underlay'] {
  return addresses.filter(({address}) => familyOf(address) === familyOf(prefix)).map(({address}) => ({prefix, via: address}));
}

function prefixesOfOthers(file: LabFile, rack: number) {
  return file.racks.flatMap((_, other) => (other === rack ? [] : rackPrefixes(file, other)));
}

function linkIndex(file: LabFile, spine: number, rack: number): number {
  return spine * file.racks.length + rack;
}

function firstOf(addresses: readonly InterfaceAddress[] | undefined): Address {
  const address = addresses?.[0]?.address;
  if (address === undefined) throw new Error('a router without an address');
  return address;
}

/** The last address of the rack's part of the fabric, which nobody has; see `renderBird` for why it is a high one. */
function torRouterId(file: LabFile, rack: number): Address {
  const [ipv4] = rackFabric(file, rack);
  if (ipv4 === undefined) throw new Error('a rack without addresses');
  return lastAddress(ipv4);
}

function rackOf(file: LabFile, rack: number) {
  const found = file.racks[rack];
  if (found === undefined) throw new RangeError(`no rack ${rack}`);
  return found;
}
