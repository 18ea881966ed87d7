import {
  type Address,
  addressBits,
  contains,
  familyOf,
  firstAddress,
  type Prefix,
  prefixLength,
  sizeOf,
  subPrefix,
  toNumber,
} from './prefix.ts';
import type {Group, Network, NetworkTree} from './state.ts';
import type {GroupSpec, TopologyDocument} from './topology-document.ts';

/**
 * The prefix tree of each network that a topology maps, in the order of the networks. A network without a topology has no tree: no host
 * can be placed in it and it gives no addresses.
 *
 * A map of one group is the root itself. Several groups get equal parts of their parent, as if their number were the next power of two;
 * the parts that are left over are in no group and stay unused, room to grow.
 */
export function networkTrees(document: TopologyDocument): NetworkTree[] {
  return mappedNetworks(document).map(({network, map}) => ({network, root: rootOf(network.cidr, map)}));
}

/** What is wrong with the sizes of a document's groups: each must have room for one block. */
export function groupSizeProblems(document: TopologyDocument): string[] {
  return mappedNetworks(document).flatMap(({network, map}) => sizeProblems(network, network.cidr, map));
}

/** The groups of a tree that hosts are placed in, depth first. */
export function leaves(tree: NetworkTree): Group[] {
  return leavesBelow(tree.root);
}

/** The leaf with exactly that CIDR. */
export function leafAt(tree: NetworkTree, cidr: Prefix): Group | undefined {
  const last = pathTo(tree, cidr).at(-1);
  return last?.cidr === cidr && last.groups.length === 0 ? last : undefined;
}

/** The groups that cover an address or prefix, from the root down. */
export function pathTo(tree: NetworkTree, inner: Address | Prefix): Group[] {
  const path: Group[] = [];
  let group = contains(tree.root.cidr, inner) ? tree.root : undefined;
  while (group !== undefined) {
    path.push(group);
    group = childAround(group, inner);
  }
  return path;
}

/** The leaf that a prefix lies in. */
export function leafAround(tree: NetworkTree, inner: Address | Prefix): Group | undefined {
  const last = pathTo(tree, inner).at(-1);
  return last?.groups.length === 0 ? last : undefined;
}

/** The tree of the network that an address or prefix lies in. Networks do not overlap. */
export function treeOf(trees: readonly NetworkTree[], inner: Address | Prefix): NetworkTree | undefined {
  return trees.find(({network}) => contains(network.cidr, inner));
}

/** Where a host stands in a network. Own keys only, since a network may be called "constructor". */
export function placeIn(groups: Readonly<Record<string, Prefix>>, network: string): Prefix | undefined {
  return Object.hasOwn(groups, network) ? groups[network] : undefined;
}

/** The parts of a group are of one size and in order: there may be thousands, of which one is looked at. */
function childAround({cidr, groups}: Group, inner: Address | Prefix): Group | undefined {
  const [first] = groups;
  if (first === undefined) return undefined;
  const address = inner.includes('/') ? firstAddress(inner as Prefix) : (inner as Address);
  const offset = toNumber(address) - toNumber(firstAddress(cidr));
  const child = groups[Number(offset / sizeOf(first.cidr))];
  return child !== undefined && contains(child.cidr, inner) ? child : undefined;
}

function mappedNetworks({networks, topologies}: TopologyDocument): {network: Network; map: readonly GroupSpec[]}[] {
  const maps = new Map(topologies.flatMap(topology => topology.networks.map(name => [name, topology.map] as const)));
  return networks.flatMap(network => {
    const map = maps.get(network.name);
    return map === undefined ? [] : [{network, map}];
  });
}

function rootOf(cidr: Prefix, map: readonly GroupSpec[]): Group {
  const [only] = map;
  if (only !== undefined && map.length === 1) return groupOf(cidr, only, '');
  return {name: '', path: '', cidr, assignment: {}, routing: '', groups: split(cidr, map, '')};
}

function groupOf(cidr: Prefix, {name, assignment, routing, groups}: GroupSpec, parentPath: string): Group {
  const pathName = name === '' ? cidr : name;
  const path = parentPath === '' ? pathName : `${parentPath}/${pathName}`;
  return {name, path, cidr, assignment, routing, groups: split(cidr, groups, path)};
}

function split(cidr: Prefix, specs: readonly GroupSpec[], path: string): Group[] {
  const length = splitLength(cidr, specs.length);
  return specs.map((spec, index) => groupOf(subPrefix(cidr, length, index), spec, path));
}

/** The prefix length of each part when a prefix is divided by that number, rounded up to a power of two. */
function splitLength(cidr: Prefix, count: number): number {
  return prefixLength(cidr) + (count < 2 ? 0 : 32 - Math.clz32(count - 1));
}

function sizeProblems(network: Network, cidr: Prefix, specs: readonly GroupSpec[]): string[] {
  const length = splitLength(cidr, specs.length);
  const [first] = specs;
  if (first === undefined) return [];
  if (length <= network.blockMask)
    return specs.flatMap((spec, index) => sizeProblems(network, subPrefix(cidr, length, index), spec.groups));
  const isPrefix = length <= addressBits[familyOf(cidr)];
  const part = isPrefix ? subPrefix(cidr, length, 0) : `/${length}, one of ${specs.length} in ${cidr}`;
  const label = first.name === '' ? '' : `${first.name} `;
  return [`Group ${label}(${part}) of network ${network.name} is smaller than a block (/${network.blockMask})`];
}

function leavesBelow(group: Group): Group[] {
  return group.groups.length === 0 ? [group] : group.groups.flatMap(leavesBelow);
}
