import {parsePrefix} from '../core/prefix.ts';
import type {TopologyDocument} from '../core/topology-document.ts';
import type {LiveSystem} from '../core/topology-plan-live.ts';
import type {Client} from './client.ts';
import {BlackoutList, BlockList, HostList, NameList} from './wire.ts';

/** The topology document that the daemon works by. */
export async function readRunningTopology(client: Client): Promise<unknown> {
  return client.request('GET', '/topology');
}

/** What runs, as it stands in the running topology, or as it would stand in another document. */
export async function readLiveSystem(client: Client, _document: TopologyDocument | undefined): Promise<LiveSystem> {
  const [hosts, blocks, blackouts, tenants] = await Promise.all([
    client.request('GET', '/hosts').then(body => HostList.parse(body).hosts),
    client.request('GET', '/blocks').then(body => BlockList.parse(body).blocks),
    client.request('GET', '/blackouts').then(body => BlackoutList.parse(body)),
    client.request('GET', '/tenants').then(body => NameList.parse(body)),
  ]);
  return {
    hosts: hosts.map(({name, groups = {}}) => {
      return {name, groups: Object.fromEntries(Object.entries(groups).map(([network, {cidr}]) => [network, parsePrefix(cidr)]))};
    }),
    blocks: blocks.map(({cidr, host, tenant, allocated_ip_count}) => ({
      cidr: parsePrefix(cidr),
      host,
      tenant,
      addresses: allocated_ip_count,
    })),
    blackouts: blackouts.map(({cidr}) => parsePrefix(cidr)),
    tenants: tenants.map(({name}) => name),
  };
}
