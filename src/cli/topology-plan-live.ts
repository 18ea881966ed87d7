import {networkTrees} from '../core/group-tree.ts';
import {type Address, type Prefix, parseAddress, parsePrefix} from '../core/prefix.ts';
import type {AllocatedAddress, Block, Host} from '../core/state.ts';
import {parseTopology, type TopologyDocument} from '../core/topology-document.ts';
import type {LiveSystem} from '../core/topology-plan-live.ts';
import {planTopologyUpdate, type TopologyUpdateOptions} from '../core/topology-update.ts';
import type {Client} from './client.ts';
import {AddressList, BlackoutList, BlockList, HostList, type HostView, NameList, VipList, type VipView} from './wire.ts';

/** What runs, as it stands in the topology of the daemon; or as it would stand in another one, with what would not fit there. */
export async function readLiveSystem(client: Client, planned: TopologyDocument | undefined): Promise<LiveSystem> {
  const [hosts, blockViews, blackouts, tenants] = await Promise.all([
    client.request('GET', '/hosts').then(body => HostList.parse(body).hosts.map(hostOf)),
    client.request('GET', '/blocks').then(body => BlockList.parse(body).blocks),
    client.request('GET', '/blackouts').then(body => BlackoutList.parse(body).map(({cidr}) => parsePrefix(cidr))),
    client.request('GET', '/tenants').then(body => NameList.parse(body).map(({name}) => name)),
  ]);
  const blocks = blockViews.map(block => ({...block, cidr: parsePrefix(block.cidr), addresses: block.allocated_ip_count}));
  if (planned === undefined) return {hosts, blocks, blackouts, tenants, misfits: []};
  const {hosts: moved, problems} = planTopologyUpdate({
    document: planned,
    trees: networkTrees(parseTopology(await client.request('GET', '/topology'))),
    hosts,
    blocks: blocks satisfies Block[],
    ...(await readAddresses(client)),
    vipAt: await readVips(client),
  });
  return {hosts: moved, blocks, blackouts, tenants, misfits: problems};
}

function hostOf({name, ip, tags, drained = false, groups = {}, cidr}: HostView): Host {
  return {
    name,
    ip: parseAddress(ip),
    // Where its agent listens is nothing to plan by, and the daemon need not tell.
    agentPort: 0,
    drained,
    tags: tags ?? {},
    groups: Object.fromEntries(Object.entries(groups).map(([network, group]) => [network, parsePrefix(group.cidr)])),
    ...(cidr !== undefined && {fixed: parsePrefix(cidr)}),
  };
}

/** The daemon lists addresses by value. */
async function readAddresses(client: Client): Promise<Pick<TopologyUpdateOptions, 'firstAddressIn' | 'address'>> {
  const first = new Map<Prefix, AllocatedAddress>();
  const byIp = new Map<Address, AllocatedAddress>();
  for (const view of AddressList.parse(await client.request('GET', '/addresses'))) {
    const address = {...view, ip: parseAddress(view.ip), block: parsePrefix(view.block), allocatedAt: view.allocated_at};
    byIp.set(address.ip, address);
    if (!first.has(address.block)) first.set(address.block, address);
  }
  return {firstAddressIn: block => first.get(block), address: ip => byIp.get(ip)};
}

async function readVips(client: Client): Promise<TopologyUpdateOptions['vipAt']> {
  const vips = new Map<string, VipView>(VipList.parse(await client.request('GET', '/vips')).map(vip => [vip.ip, vip]));
  return ip => vips.get(ip);
}
