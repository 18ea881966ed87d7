import {pathTo, placeIn, treeOf} from '../core/group-tree.ts';
import {type Address, compareAddresses, comparePrefixes, contains, type Prefix} from '../core/prefix.ts';
import type {AllocatedAddress, Block, Host, Vip} from '../core/state.ts';
import {type TopologyOutput, topologyDocument} from '../core/topology-output.ts';
import type {Versioned} from '../store/table.ts';
import type {
  AddressAnswer,
  BlackoutAnswer,
  BlockAnswer,
  BlockListAnswer,
  HostAnswer,
  HostListAnswer,
  NetworkAnswer,
  VipAnswer,
} from './answers.ts';
import type {Ledger} from './ledger.ts';

/** The wire forms of what the ledger holds (contract, section 4). */
export interface Views {
  networks(): NetworkAnswer[];
  hosts(): HostListAnswer;
  host(name: string): HostAnswer | undefined;
  blocks(filter: BlockFilter): BlockListAnswer;
  addresses(): AddressAnswer[];
  address(record: AllocatedAddress): AddressAnswer;
  blackouts(): BlackoutAnswer[];
  vips(): VipAnswer[];
  vip(name: string): VipAnswer | undefined;
  topology(): TopologyOutput;
}

export interface BlockFilter {
  readonly host?: string | undefined;
  readonly network?: string | undefined;
  readonly tenant?: string | undefined;
  readonly segment?: string | undefined;
}

export function createViews(ledger: Ledger): Views {
  const networkOf = (inner: Address | Prefix) => treeOf(ledger.tables.topology?.value.trees ?? [], inner)?.network.name ?? '';
  /** `cidr` repeats `block` under the name that the older clients know. */
  const address = ({name, ip, block, host, tenant, segment, allocatedAt}: AllocatedAddress) => {
    return {name, ip, cidr: block, block, host, tenant, segment, network: networkOf(ip), allocated_at: allocatedAt};
  };
  return {
    networks() {
      const networks = ledger.tables.topology?.value.document.networks ?? [];
      return networks.map(({name, cidr}) => ({revision: ledger.revision, id: name, cidr})).sort((a, b) => compareText(a.id, b.id));
    },
    hosts() {
      const hosts = [...ledger.tables.hosts.values()].map(({value}) => value).sort((a, b) => compareText(a.name, b.name));
      return {hosts: hosts.map(host => hostView(ledger, host)), revision: ledger.revision};
    },
    host(name) {
      const host = ledger.tables.hosts.get(name)?.value;
      return host && hostView(ledger, host);
    },
    blocks(filter) {
      const isWanted = (block: Block) =>
        (['host', 'tenant', 'segment'] as const).every(field => filter[field] === undefined || block[field] === filter[field]) &&
        (filter.network === undefined || networkOf(block.cidr) === filter.network);
      const blocks = [...ledger.tables.blocks.values()].filter(({value}) => isWanted(value));
      blocks.sort((a, b) => comparePrefixes(a.value.cidr, b.value.cidr));
      return {
        revision: ledger.revision,
        blocks: blocks.map(block => blockView(ledger, block)),
      };
    },
    addresses: () =>
      [...ledger.tables.addresses.values()]
        .map(({value}) => value)
        .sort((a, b) => compareAddresses(a.ip, b.ip))
        .map(address),
    address,
    blackouts() {
      const networks = ledger.tables.topology?.value.document.networks ?? [];
      return ledger.tables.blackouts.value.map(cidr => ({
        cidr,
        network: networks.find(network => contains(network.cidr, cidr))?.name ?? '',
      }));
    },
    vips: () => [...ledger.tables.vips.values()].map(({value}) => vipView(ledger, value)).sort((a, b) => compareText(a.name, b.name)),
    vip(name) {
      const vip = ledger.tables.vips.get(name)?.value;
      return vip && vipView(ledger, vip);
    },
    topology() {
      const stored = ledger.tables.topology;
      const hosts = [...ledger.tables.hosts.values()].map(({value}) => value);
      return stored === undefined ? {networks: [], topologies: []} : topologyDocument(stored.value.document, hosts);
    },
  };
}

export function blockView({written}: Ledger, {value: {cidr, tenant, segment, host}, modRevision}: Versioned<Block>): BlockAnswer {
  return {revision: modRevision, cidr, tenant, segment, host, allocated_ip_count: written.countIn(cidr)};
}

export function vipView({tables}: Ledger, {name, ip, hosts}: Vip): VipAnswer {
  const held = tables.vipHolders.get(name)?.value;
  return {name, ip, hosts, holder: held?.host ?? '', ...(held !== undefined && {since: new Date(held.since).toISOString()})};
}

function hostView(ledger: Ledger, {name, ip, agentPort, tags, drained, groups, fixed}: Host): HostAnswer {
  const trees = ledger.tables.topology?.value.trees ?? [];
  const groupViews = trees.flatMap(tree => {
    const cidr = placeIn(groups, tree.network.name);
    if (cidr === undefined) return [];
    const group = pathTo(tree, cidr).findLast(({cidr: found}) => contains(found, cidr));
    return [[tree.network.name, {name: group?.name ?? '', path: group?.path ?? '', cidr}] as const];
  });
  return {
    name,
    ip,
    agent_port: agentPort,
    tags,
    k8s_info: null,
    drained,
    groups: Object.fromEntries(groupViews),
    ...(fixed !== undefined && {cidr: fixed}),
  };
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
