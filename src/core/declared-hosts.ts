import {networkTrees} from './group-tree.ts';
import type {Prefix} from './prefix.ts';
import type {Group} from './state.ts';
import type {GroupSpec, HostSpec, TopologyDocument} from './topology-document.ts';

/** A host that the topology document lists; `groups` maps a network's name to the CIDR of the leaf that lists it. */
export interface DeclaredHost extends HostSpec {
  readonly groups: Readonly<Record<string, Prefix>>;
}

/** The hosts that a topology document lists, by name, in its order. Tags given in several places are joined, the last one wins. */
export function declaredHosts(document: TopologyDocument): Map<string, DeclaredHost> {
  const maps = new Map(document.topologies.flatMap(({networks, map}) => networks.map(name => [name, map] as const)));
  const hosts = new Map<string, DeclaredHost>();
  for (const {network, root} of networkTrees(document)) {
    const map = maps.get(network.name) ?? [];
    for (const [{cidr}, spec] of map.length === 1 ? pairs([root], map) : pairs(root.groups, map)) {
      for (const host of spec.hosts) {
        const known = hosts.get(host.name);
        const groups = Object.fromEntries([...Object.entries(known?.groups ?? {}), [network.name, cidr]]);
        hosts.set(host.name, {...host, tags: {...known?.tags, ...host.tags}, groups});
      }
    }
  }
  return hosts;
}

/** Each group of the tree with its declaration: the tree is built in the document's order. */
function* pairs(groups: readonly Group[], specs: readonly GroupSpec[]): Generator<[Group, GroupSpec]> {
  for (const [index, group] of groups.entries()) {
    const spec = specs[index];
    if (spec === undefined) continue;
    yield [group, spec];
    yield* pairs(group.groups, spec.groups);
  }
}
