import {declaredHosts} from './declared-hosts.ts';
import {networkTrees, pathTo} from './group-tree.ts';
import type {Prefix} from './prefix.ts';
import type {Group, Host, Network, NetworkTree} from './state.ts';
import type {TopologyDocument} from './topology-document.ts';

/** What GET /topology answers. It can be posted back. */
export interface TopologyOutput {
  readonly networks: readonly NetworkOutput[];
  readonly topologies: readonly {readonly networks: readonly string[]; readonly map: readonly GroupOutput[]}[];
}

export interface NetworkOutput {
  readonly name: string;
  readonly cidr: Prefix;
  readonly block_mask: number;
  readonly tenants: readonly string[];
}

export interface GroupOutput {
  readonly name?: string;
  readonly cidr: Prefix;
  readonly assignment?: Readonly<Record<string, string>>;
  readonly routing?: string;
  readonly groups: readonly (GroupOutput | HostOutput)[];
}

export interface HostOutput {
  readonly name: string;
  readonly ip: string;
  readonly assignment?: Readonly<Record<string, string>>;
}

/**
 * The topology with the CIDR of each group, one `topologies` entry a network, and the hosts that exist inside their leaves: those that the
 * document declares in its order, then the others by name. A declared host that has been removed since is not shown.
 */
export function topologyDocument(document: TopologyDocument, hosts: Iterable<Host>): TopologyOutput {
  const trees = networkTrees(document);
  const hostsAt = indexHosts(document, trees, hosts);
  const networks = document.networks.map(networkOutput);
  const topologies = trees.map(({network, root}) => {
    const toOutput = (group: Group): GroupOutput => ({
      ...(group.name !== '' && {name: group.name}),
      cidr: group.cidr,
      ...labels(group.assignment),
      ...(group.routing !== '' && {routing: group.routing}),
      groups:
        group.groups.length > 0 ? group.groups.map(toOutput) : (hostsAt.get(placeKey(network.name, group.cidr)) ?? []).map(hostOutput),
    });
    // Only the container of several groups has no path.
    return {networks: [network.name], map: (root.path === '' ? root.groups : [root]).map(toOutput)};
  });
  return {networks, topologies};
}

/** A network as documents have it. */
export function networkOutput({name, cidr, blockMask, tenants}: Network): NetworkOutput {
  return {name, cidr, block_mask: blockMask, tenants: tenants.length === 0 ? ['*'] : tenants};
}

function indexHosts(document: TopologyDocument, trees: readonly NetworkTree[], hosts: Iterable<Host>): Map<string, Host[]> {
  const treeNamed = new Map(trees.map(tree => [tree.network.name, tree]));
  // A host with a fixed prefix stands in a part of a leaf.
  const leafOf = (network: string, cidr: Prefix) => {
    const tree = treeNamed.get(network);
    return (tree && pathTo(tree, cidr).at(-1)?.cidr) ?? cidr;
  };
  const ranks = new Map([...declaredHosts(document).keys()].map((name, index) => [name, index]));
  const rankOf = ({name}: Host) => ranks.get(name) ?? ranks.size;
  const hostsAt = new Map<string, Host[]>();
  for (const host of [...hosts].sort((a, b) => rankOf(a) - rankOf(b) || compareNames(a.name, b.name))) {
    for (const [network, cidr] of Object.entries(host.groups)) {
      const key = placeKey(network, host.fixed === undefined ? cidr : leafOf(network, cidr));
      const present = hostsAt.get(key);
      if (present === undefined) hostsAt.set(key, [host]);
      else present.push(host);
    }
  }
  return hostsAt;
}

function placeKey(network: string, cidr: Prefix): string {
  return `${cidr} ${network}`;
}

function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function hostOutput({name, ip, tags}: Host): HostOutput {
  return {name, ip, ...labels(tags)};
}

function labels(assignment: Readonly<Record<string, string>>): {assignment?: Readonly<Record<string, string>>} {
  return Object.keys(assignment).length === 0 ? {} : {assignment};
}
