import {declaredHosts} from './declared-hosts.ts';
import {InputError} from './errors.ts';
import {leafAround, leafAt, networkTrees, placeIn, treeOf} from './group-tree.ts';
import {createPlacer, isEligible} from './placement.ts';
import {type Address, comparePrefixes, contains, type Prefix, prefixLength} from './prefix.ts';
import type {AllocatedAddress, Block, Host, NetworkTree, Vip} from './state.ts';
import type {TopologyDocument} from './topology-document.ts';

export interface TopologyUpdateOptions {
  readonly document: TopologyDocument;
  /** The trees that hold now. */
  readonly trees: readonly NetworkTree[];
  readonly hosts: Iterable<Host>;
  readonly blocks: Iterable<Block>;
  /** The lowest address that is in use in a block. */
  firstAddressIn(block: Prefix): AllocatedAddress | undefined;
  /** Who has an IP as an address. */
  address(ip: Address): AllocatedAddress | undefined;
  /** Which VIP has an IP. */
  vipAt(ip: Address): Pick<Vip, 'name'> | undefined;
}

export interface TopologyUpdate {
  /** Every host that will be there, with its groups. */
  readonly hosts: readonly Host[];
  /** Names of those that the document brings. */
  readonly added: ReadonlySet<string>;
  /** Names of those whose placement has to be written anew, be it only because a network is called otherwise. */
  readonly replaced: ReadonlySet<string>;
  /** Names of those among them that get blocks elsewhere then. */
  readonly moved: ReadonlySet<string>;
  /** Why it cannot be done, in whole sentences; empty when it can. */
  readonly problems: readonly string[];
}

/**
 * What a new topology means for the hosts: each keeps its groups by CIDR, whatever its networks are called then, or goes to the group that its
 * blocks lie in, or is placed anew. Every block in use must lie in its host's group.
 */
export function planTopologyUpdate(options: TopologyUpdateOptions): TopologyUpdate {
  const {document, trees: oldTrees} = options;
  const trees = networkTrees(document);
  const declared = declaredHosts(document);
  const present = [...options.hosts];
  const used = [...options.blocks].filter(({host}) => host !== '');
  const unplaced: string[] = [];

  const blocksOf = Map.groupBy(used, ({host}) => host);
  const kept = present.map(host => {
    const groups = keptGroups(oldTrees, trees, host, declared.get(host.name)?.groups ?? {}, blocksOf.get(host.name) ?? []);
    return {...host, groups};
  });
  const placer = createPlacer({trees, hosts: kept, declared});
  const place = (host: Host): Host => {
    const {fixed} = host;
    if (fixed !== undefined && !Object.values(host.groups).includes(fixed))
      unplaced.push(`The fixed prefix ${fixed} of host ${host.name} lies in no group then, or is smaller than a block.`);
    try {
      return {...host, groups: placer.place(host, host.groups)};
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      // A host that has its own prefix needs no other place.
      if (fixed === undefined) unplaced.push(error.message);
      return host;
    }
  };
  const placed = kept.map(place);
  const conflicts: string[] = [];
  const added: Host[] = [];
  const byName = new Map(present.map(host => [host.name, host]));
  const byIp = new Map(present.map(({name, ip}) => [ip, name]));
  for (const {name, ip, tags} of declared.values()) {
    const known = byName.get(name);
    const owner = byIp.get(ip);
    const address = options.address(ip);
    const vip = options.vipAt(ip);
    if (known !== undefined && known.ip !== ip) conflicts.push(`Host ${name} is there already, with IP ${known.ip} and not ${ip}.`);
    else if (owner !== undefined && owner !== name) conflicts.push(`IP ${ip} of host ${name} belongs to host ${owner} already.`);
    else if (known === undefined && address !== undefined)
      conflicts.push(`IP ${ip} of host ${name} is in use: it is the address of ${address.name} on host ${address.host}.`);
    else if (known === undefined && vip !== undefined) conflicts.push(`IP ${ip} of host ${name} is in use: it is that of VIP ${vip.name}.`);
    else if (known === undefined) added.push(place({name, ip, tags, agentPort: 9604, drained: false, groups: {}}));
  }
  const namesOf = (isWanted: (host: Host, before: Host['groups']) => boolean) =>
    new Set(placed.filter((host, index) => isWanted(host, present[index]?.groups ?? {})).map(({name}) => name));
  return {
    hosts: [...placed, ...added],
    added: new Set(added.map(({name}) => name)),
    replaced: namesOf((host, before) => !isSameRecord(host.groups, before)),
    moved: namesOf((host, before) => !isSameList(Object.values(host.groups), Object.values(before))),
    problems: [...misfits({...options, oldTrees, trees, used, hosts: placed}), ...unplaced, ...conflicts],
  };
}

function keptGroups(
  oldTrees: readonly NetworkTree[],
  trees: readonly NetworkTree[],
  host: Host,
  declared: Readonly<Record<string, Prefix>>,
  blocks: readonly Block[],
): Record<string, Prefix> {
  const {fixed} = host;
  const before = Object.values(host.groups);
  const entries = trees.flatMap((tree): [string, Prefix][] => {
    const {name, cidr} = tree.network;
    const wanted = placeIn(declared, name);
    if (fixed !== undefined && contains(cidr, fixed)) return fitsAsFixed(tree, fixed) ? [[name, fixed]] : [];
    if (wanted !== undefined) return [[name, wanted]];
    const inUse = blocks.filter(block => contains(cidr, block.cidr)).map(block => leafAround(tree, block.cidr)?.cidr ?? cidr);
    const candidates = [...before.filter(leaf => leafAt(tree, leaf) !== undefined), ...inUse];
    const mayStay = (leaf: Prefix) => isEligible(tree, leaf, host.tags) || stoodUnlabelled(oldTrees, host, leaf);
    const kept = candidates.find(leaf => inUse.every(other => other === leaf) && mayStay(leaf));
    return kept === undefined ? [] : [[name, kept]];
  });
  return Object.fromEntries(entries);
}

/** A host that a document has put into a group whose labels it lacks stays there also when a later document does not list it. */
function stoodUnlabelled(oldTrees: readonly NetworkTree[], {groups, tags}: Host, leaf: Prefix): boolean {
  const old = oldTrees.find(({network}) => placeIn(groups, network.name) === leaf);
  return old !== undefined && !isEligible(old, leaf, tags);
}

/** True where a host can have that prefix to itself: it lies in one leaf, and has room for a block. */
export function fitsAsFixed(tree: NetworkTree, fixed: Prefix): boolean {
  return prefixLength(fixed) <= tree.network.blockMask && leafAround(tree, fixed) !== undefined;
}

interface MisfitOptions extends Pick<TopologyUpdateOptions, 'firstAddressIn'> {
  readonly oldTrees: readonly NetworkTree[];
  readonly trees: readonly NetworkTree[];
  readonly used: readonly Block[];
  readonly hosts: readonly Host[];
}

/** The first (lowest) address of each network as it is that would not lie in its host's group any more. */
function misfits({oldTrees, trees, used, hosts, firstAddressIn}: MisfitOptions): string[] {
  const groups = new Map(hosts.map(host => [host.name, host.groups]));
  const problems = new Map<string, string>();
  const isFit = ({cidr, host}: Block) => Object.values(groups.get(host) ?? {}).some(group => contains(group, cidr));
  for (const block of used.filter(candidate => !isFit(candidate)).toSorted((a, b) => comparePrefixes(a.cidr, b.cidr))) {
    const address = firstAddressIn(block.cidr);
    const network = treeOf(oldTrees, block.cidr)?.network.name ?? '';
    if (address === undefined || problems.has(network)) continue;
    const tree = treeOf(trees, block.cidr);
    const group = tree === undefined ? undefined : placeIn(groups.get(block.host) ?? {}, tree.network.name);
    const place =
      tree === undefined
        ? 'it lies in no network then'
        : group === undefined
          ? `network ${tree.network.name} has no group for it`
          : `its group is ${group} then`;
    problems.set(network, `Address ${address.ip} (${address.name}) of host ${address.host} would not fit: ${place}.`);
  }
  return [...problems.values()];
}

function isSameList(a: readonly Prefix[], b: readonly Prefix[]): boolean {
  return a.toSorted().join() === b.toSorted().join();
}

function isSameRecord(a: Readonly<Record<string, Prefix>>, b: Readonly<Record<string, Prefix>>): boolean {
  const entries = Object.entries(a);
  return entries.length === Object.keys(b).length && entries.every(([key, value]) => Object.hasOwn(b, key) && b[key] === value);
}
