import {treeOf} from './group-tree.ts';
import type {NodeState, PublishSettings, Self} from './node-state.ts';
import {contains, type Family, familyOf, firstAddress, joinPrefixes, type Prefix, prefixLength, splitByFamily, toNumber} from './prefix.ts';
import {firstIndex} from './range-set.ts';
import type {Block, Group, State} from './state.ts';
import {vipPool} from './vip-candidates.ts';

/** What a template can say about this host. The names are the contract with those who write templates; see templates/README.md. */
export interface TemplateData {
  readonly Networks: readonly Prefix[];
  readonly Networks4: readonly Prefix[];
  readonly Networks6: readonly Prefix[];
  readonly HostGroups: Readonly<Record<string, TemplateGroup>>;
  readonly Hostname: string;
  readonly NodeIP: string;
  readonly NodeIP4: string;
  readonly NodeIP6: string;
  readonly NodeNetwork: string;
  readonly NodePrefixLength: number | '';
  readonly LocalAS: number;
  readonly Tags: Readonly<Record<string, string>>;
  readonly Vars: Readonly<Record<string, unknown>>;
  readonly Vips: readonly Prefix[];
  /** The VIPs that this host holds or may come to hold. */
  readonly VipPool: readonly Prefix[];
  readonly VipPool4: readonly Prefix[];
  readonly VipPool6: readonly Prefix[];
  readonly Blocks: readonly TemplateBlock[];
  /** True while this host is being drained: what it announces is to be the last choice of its neighbours. */
  readonly Draining: boolean;
}

export interface TemplateGroup {
  readonly CIDR: Prefix;
  readonly Name: string;
  readonly Path: string;
  readonly Hosts: readonly string[];
}

/** `Count` is how many addresses of the block are in use. */
export interface TemplateBlock {
  readonly CIDR: Prefix;
  readonly Tenant: string;
  readonly Segment: string;
  readonly Network: string;
  readonly Count: number;
}

/** The part of a node's state that its templates speak of. */
export type TemplateFacts = Pick<NodeState, 'self' | 'settings' | 'state' | 'interfaces' | 'drain' | 'vips'>;

/** Every variable of this host's templates, from the store's state and the agent's settings. `keptToo`: prefixes that are announced besides. */
export function templateData(facts: TemplateFacts, keptToo: readonly Prefix[] = []): TemplateData {
  const {
    self,
    settings: {publish},
    state,
    drain,
    vips,
  } = facts;
  const host = state.hosts.get(self.name);
  // What is withdrawn must not be there at all: a template may announce any of these lists.
  const isWithdrawn = drain === 'drained';
  const blocks = isWithdrawn ? [] : ownBlocks(self, state);
  const groups = isWithdrawn ? {} : hostGroups(host?.groups ?? {}, state);
  const networks = announcedPrefixes(
    publish.prefixes,
    blocks,
    Object.values(groups).map(({CIDR}) => CIDR),
  );
  return templateVariables({
    self,
    networks: keptToo.length === 0 ? networks : withKept(networks, keptToo, publish.prefixes),
    groups,
    readBlocks: () => sortedLike(blocks, templateBlocks(blocks, state)),
    vips: isWithdrawn ? [] : (vips?.held ?? []),
    vipPool: isWithdrawn ? [] : vipPool(facts),
    tags: host?.tags ?? {},
    localAs: publish.localAs,
    vars: publish.vars,
    draining: drain === 'draining',
  });
}

function withKept(networks: readonly Prefix[], keptToo: readonly Prefix[], prefixes: PublishSettings['prefixes']): readonly Prefix[] {
  const all = [...new Set([...networks, ...keptToo])];
  return prefixes === 'aggregate' ? joinPrefixes(all) : all;
}

function templateBlocks(blocks: readonly Block[], state: State): TemplateBlock[] {
  const {trees} = state;
  const counts = addressCounts(state);
  return blocks.map(({cidr, tenant, segment}) => ({
    CIDR: cidr,
    Tenant: tenant,
    Segment: segment,
    Network: treeOf(trees, cidr)?.network.name ?? '',
    Count: counts.get(cidr) ?? 0,
  }));
}

/** What a host announces that has these blocks (in order) and stands in these groups. */
export function announcedPrefixes(
  prefixes: PublishSettings['prefixes'],
  blocks: readonly Block[],
  groups: readonly Prefix[],
): readonly Prefix[] {
  const cidrs = blocks.map(({cidr}) => cidr);
  if (prefixes === 'blocks') return sortedLike(blocks, cidrs);
  if (prefixes === 'aggregate') return joinPrefixes(cidrs);
  return [...new Set(groups.filter(group => cidrs.some(cidr => contains(group, cidr))))];
}

export interface TemplateSource {
  readonly self: Self;
  readonly networks: readonly Prefix[];
  readonly groups: Readonly<Record<string, TemplateGroup>>;
  /** Asked when a template speaks of blocks, which few do: a host may have tens of thousands. */
  readonly readBlocks: () => readonly TemplateBlock[];
  readonly vips: readonly Prefix[];
  /** Without it: just the VIPs. */
  readonly vipPool?: readonly Prefix[];
  readonly tags: Readonly<Record<string, string>>;
  readonly localAs: number;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly draining: boolean;
}

/** The variables by their template names. Those of a family that the host lacks are empty; every list of CIDRs is sorted by value. */
export function templateVariables(source: TemplateSource): TemplateData {
  const {self, networks, groups, readBlocks, vips, vipPool: pool = [], tags, localAs, vars, draining} = source;
  const Networks = sortByPrefix(networks, prefix => prefix);
  const firstOfIpv6 = firstIndex(Networks, prefix => familyOf(prefix) === 'ipv6');
  const Vips = sortByPrefix(vips, prefix => prefix);
  const VipPool = sortByPrefix([...new Set([...vips, ...pool])], prefix => prefix);
  const poolOf = splitByFamily(VipPool);
  const addressOf = (family: Family) => self.addresses.find(({address}) => familyOf(address) === family);
  const node = addressOf('ipv4') ?? addressOf('ipv6');
  let blocks: readonly TemplateBlock[] | undefined;
  return {
    Networks,
    Networks4: Networks.slice(0, firstOfIpv6),
    Networks6: Networks.slice(firstOfIpv6),
    HostGroups: groups,
    Hostname: self.name,
    NodeIP: node?.address ?? '',
    NodeIP4: addressOf('ipv4')?.address ?? '',
    NodeIP6: addressOf('ipv6')?.address ?? '',
    NodeNetwork: node?.prefix ?? '',
    NodePrefixLength: node?.length ?? '',
    LocalAS: localAs,
    Tags: tags,
    Vars: vars,
    Vips,
    VipPool,
    VipPool4: poolOf.ipv4,
    VipPool6: poolOf.ipv6,
    get Blocks() {
      blocks ??= sortByPrefix(readBlocks(), ({CIDR}) => CIDR);
      return blocks;
    },
    Draining: draining,
  };
}

/** Sorts as comparePrefixes does, in time that a host with tens of thousands of blocks can spare: most often they are in order already. */
function sortByPrefix<Item>(items: readonly Item[], prefixOf: (item: Item) => Prefix): readonly Item[] {
  if (sortedLists.has(items)) return items;
  const sorted = sortAnew(items, prefixOf);
  sortedLists.add(sorted);
  return sorted;
}

/** Lists that are known to be in order, be it that they were made from such a one item by item. */
const sortedLists = new WeakSet<readonly unknown[]>();

function sortedLike<Item>(model: readonly unknown[], items: readonly Item[]): readonly Item[] {
  if (sortedLists.has(model)) sortedLists.add(items);
  return items;
}

function sortAnew<Item>(items: readonly Item[], prefixOf: (item: Item) => Prefix): readonly Item[] {
  if (isInOrder(items, prefixOf)) return items;
  const order = items.map((item, index) => ({key: sortKey(prefixOf(item)), index}));
  order.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return order.flatMap(({index}) => items[index] ?? []);
}

function isInOrder<Item>(items: readonly Item[], prefixOf: (item: Item) => Prefix): boolean {
  let last: number | bigint = 0;
  for (const item of items) {
    const key = sortKey(prefixOf(item));
    if (key < last) return false;
    last = key;
  }
  return true;
}

const ipv6 = 1n << 200n;

/** Orders prefixes by family, address and length. Small numbers for IPv4, which are quick to make and compare; JavaScript compares the two kinds. */
function sortKey(prefix: Prefix): number | bigint {
  if (familyOf(prefix) === 'ipv6') return ipv6 + toNumber(firstAddress(prefix)) * 256n + BigInt(prefixLength(prefix));
  let value = 0;
  let number = 0;
  for (let index = 0; index < prefix.length; index += 1) {
    const digit = prefix.charCodeAt(index) - 48;
    if (digit >= 0) {
      number = number * 10 + digit;
    } else {
      // A dot or the slash.
      value = value * 256 + number;
      number = 0;
    }
  }
  return value * 64 + number;
}

function ownBlocks(self: Self, state: State): readonly Block[] {
  return sortByPrefix(
    [...state.blocks.values()].filter(({host}) => host === self.name),
    ({cidr}) => cidr,
  );
}

function addressCounts({addresses}: State): ReadonlyMap<Prefix, number> {
  const counts = new Map<Prefix, number>();
  for (const {block} of addresses.values()) counts.set(block, (counts.get(block) ?? 0) + 1);
  return counts;
}

function hostGroups(groups: Readonly<Record<string, Prefix>>, {trees, hosts}: State): Record<string, TemplateGroup> {
  const entries = Object.entries(groups).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.flatMap(([network, cidr]) => {
      const root = trees.find(tree => tree.network.name === network)?.root;
      const group = root === undefined ? undefined : findLeaf(root, cidr);
      if (group === undefined) return [];
      const members = [...hosts.values()].filter(host => host.groups[network] === cidr).map(({name}) => name);
      return [[network, {CIDR: cidr, Name: group.name, Path: group.path, Hosts: members.toSorted()}]];
    }),
  );
}

/** The leaf of that CIDR, or that a host's fixed prefix lies in; a group with a single child has the child's CIDR, too. */
function findLeaf(group: Group, cidr: Prefix): Group | undefined {
  if (group.groups.length === 0) return contains(group.cidr, cidr) ? group : undefined;
  const next = group.groups.filter(child => contains(child.cidr, firstAddress(cidr)));
  return next.map(child => findLeaf(child, cidr)).find(found => found !== undefined);
}
