import {networkTrees} from './group-tree.ts';
import type {Prefix} from './prefix.ts';
import type {Group, NetworkTree} from './state.ts';
import type {TopologyDocument} from './topology-document.ts';
import {type NetworkOutput, networkOutput} from './topology-output.ts';
import {declaredGroups, pairGroups, pairNetworks} from './topology-pairs.ts';

/** What another topology document changes in networks and groups, as a dry run answers it. */
export interface TopologyChanges {
  readonly networks_added: readonly NetworkOutput[];
  readonly networks_removed: readonly NetworkOutput[];
  readonly networks_renamed: readonly {readonly cidr: Prefix; readonly from: string; readonly to: string}[];
  readonly networks_changed: readonly (Change<NetworkProperties> & {readonly name: string; readonly cidr: Prefix})[];
  /** All networks in their new order where those that stay stand in another one: a tenant's first network is used first. */
  readonly networks_reordered: readonly string[];
  readonly groups_added: readonly GroupView[];
  readonly groups_removed: readonly GroupView[];
  readonly groups_renamed: readonly (GroupPlace & {readonly from: string; readonly to: string})[];
  readonly groups_changed: readonly (Change<GroupProperties> & GroupPlace)[];
}

/** Those that differ, before and after. */
interface Change<Properties> {
  readonly from: Partial<Properties>;
  readonly to: Partial<Properties>;
}

type NetworkProperties = Pick<NetworkOutput, 'cidr' | 'block_mask' | 'tenants'>;
type GroupProperties = Pick<Group, 'cidr' | 'assignment' | 'routing'>;

/** A group by the names and the CIDR that it has then; one that goes by those that it has now, in a network that stays by that one's name then. */
interface GroupPlace {
  readonly network: string;
  readonly path: string;
  readonly cidr: Prefix;
}

type GroupView = GroupPlace & Pick<Group, 'name' | 'assignment' | 'routing'>;

/**
 * Compares two topology documents: what they come to, and not how they are written. A network that keeps its CIDR is the same one, renamed or
 * not, and so is a group that keeps its CIDR at the same depth of the same network; else a name that stays tells that the CIDR changes.
 */
export function topologyChanges(before: TopologyDocument, after: TopologyDocument): TopologyChanges {
  const networks = pairNetworks(before.networks, after.networks);
  const paired = after.networks.flatMap(network => {
    const was = networks.beforeOf.get(network);
    return was === undefined ? [] : [{was: networkOutput(was), is: networkOutput(network)}];
  });
  const groups = groupChanges(before, after, networks);
  return {
    networks_added: after.networks.filter(network => !networks.beforeOf.has(network)).map(networkOutput),
    networks_removed: networks.removed.map(networkOutput),
    networks_renamed: paired.filter(({was, is}) => was.name !== is.name).map(({was, is}) => ({cidr: is.cidr, from: was.name, to: is.name})),
    networks_changed: paired.flatMap(({was, is}) => {
      const change = changeOf(was, is, ['cidr', 'block_mask', 'tenants']);
      return change === undefined ? [] : [{name: is.name, cidr: is.cidr, ...change}];
    }),
    networks_reordered: isReordered(before, after, networks) ? after.networks.map(({name}) => name) : [],
    ...groups,
  };
}

type NetworkPairs = ReturnType<typeof pairNetworks>;

function isReordered(before: TopologyDocument, after: TopologyDocument, {beforeOf}: NetworkPairs): boolean {
  const ranks = new Map(before.networks.map((network, index) => [network, index]));
  const kept = after.networks.flatMap(network => {
    const was = beforeOf.get(network);
    return was === undefined ? [] : [ranks.get(was) ?? 0];
  });
  return kept.some((rank, index) => rank < (kept[index - 1] ?? 0));
}

type GroupChanges = Pick<TopologyChanges, 'groups_added' | 'groups_removed' | 'groups_renamed' | 'groups_changed'>;

function groupChanges(before: TopologyDocument, after: TopologyDocument, networks: NetworkPairs): GroupChanges {
  const treesBefore = treesByName(before);
  const treesAfter = treesByName(after);
  const kept = after.networks.map(network => {
    const was = networks.beforeOf.get(network);
    return changesWithin(network.name, was && treesBefore.get(was.name), treesAfter.get(network.name));
  });
  const gone = networks.removed.map(({name}) => changesWithin(name, treesBefore.get(name), undefined));
  const all = [...kept, ...gone];
  return {
    groups_added: all.flatMap(changes => changes.groups_added),
    groups_removed: all.flatMap(changes => changes.groups_removed),
    groups_renamed: all.flatMap(changes => changes.groups_renamed),
    groups_changed: all.flatMap(changes => changes.groups_changed),
  };
}

function treesByName(document: TopologyDocument): Map<string, NetworkTree> {
  return new Map(networkTrees(document).map(tree => [tree.network.name, tree]));
}

function changesWithin(network: string, before: NetworkTree | undefined, after: NetworkTree | undefined): GroupChanges {
  const {beforeOf, removed} = pairGroups(before, after);
  const groups = declaredGroups(after);
  const place = ({path, cidr}: Group): GroupPlace => ({network, path, cidr});
  const view = (group: Group): GroupView => {
    const {name, assignment, routing} = group;
    return {...place(group), name, assignment, routing};
  };
  const paired = groups.flatMap(is => {
    const was = beforeOf.get(is);
    return was === undefined ? [] : [{was, is}];
  });
  return {
    groups_added: groups.filter(group => !beforeOf.has(group)).map(view),
    groups_removed: removed.map(view),
    groups_renamed: paired.filter(({was, is}) => was.name !== is.name).map(({was, is}) => ({...place(is), from: was.name, to: is.name})),
    groups_changed: paired.flatMap(({was, is}) => {
      const change = changeOf(was, is, ['cidr', 'assignment', 'routing']);
      return change === undefined ? [] : [{...place(is), ...change}];
    }),
  };
}

function changeOf<Item, Key extends keyof Item>(was: Item, is: Item, keys: readonly Key[]): Change<Pick<Item, Key>> | undefined {
  const changed = keys.filter(key => canonical(was[key]) !== canonical(is[key]));
  return changed.length === 0 ? undefined : {from: pick(was, changed), to: pick(is, changed)};
}

/** The order of labels and of tenants means nothing. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify(value.toSorted());
  const isRecord = typeof value === 'object' && value !== null;
  return JSON.stringify(isRecord ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value);
}

function pick<Item, Key extends keyof Item>(item: Item, keys: readonly Key[]): Partial<Pick<Item, Key>> {
  const picked: Partial<Pick<Item, Key>> = {};
  for (const key of keys) picked[key] = item[key];
  return picked;
}
