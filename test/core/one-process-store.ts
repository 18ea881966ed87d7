import {type AllocationRequest, planAllocation, planRelease} from '../../src/core/allocation.ts';
import {networkTrees} from '../../src/core/group-tree.ts';
import {createIpamIndex} from '../../src/core/ipam-index.ts';
import {createPlacer} from '../../src/core/placement.ts';
import {type Address, type Family, type Prefix, parseAddress} from '../../src/core/prefix.ts';
import type {AllocatedAddress, Block, Host} from '../../src/core/state.ts';
import {parseTopology} from '../../src/core/topology-document.ts';

/** A store of one process: every plan is carried out at once. */
export function createStore(document: unknown, hostNames: readonly string[] = []) {
  const trees = networkTrees(parseTopology(document));
  const placer = createPlacer({trees, hosts: []});
  const index = createIpamIndex();
  const hosts = new Map<string, Host>();
  const blackouts = new Map<string, readonly Prefix[]>();
  const blocks = new Map<Prefix, Block>();
  const addresses = new Map<Address, AllocatedAddress>();
  let revision = 0;
  let names = 0;

  function addHost(name: string, tags: Record<string, string> = {}): void {
    const ip = parseAddress(`192.168.0.${hosts.size + 1}`);
    hosts.set(name, {name, ip, agentPort: 9604, drained: false, tags, groups: placer.place({name, ip, tags})});
  }
  function putBlock(block: Block): void {
    blocks.set(block.cidr, block);
    index.putBlock(block, ++revision);
  }
  function allocate(hostName: string, tenant: string, more: Partial<AllocationRequest> = {}): AllocatedAddress {
    const host = hosts.get(hostName) ?? {name: hostName, groups: {}, drained: false};
    const request = {name: `name-${++names}`, tenant, segment: 's', ...more};
    const {ip, network, block, claim} = planAllocation({trees, index, host, blackouts, request});
    const address = {...block, name: request.name, ip, block: block.cidr, network, allocatedAt: 'now'};
    if (claim !== 'own') putBlock(block);
    addresses.set(ip, address);
    index.putAddress(address);
    return address;
  }
  function release(nameOrIp: string, family?: Family): void {
    const plan = planRelease(index, nameOrIp, family);
    for (const {ip} of plan.addresses) {
      addresses.delete(ip);
      index.deleteAddress(ip);
    }
    for (const cidr of plan.emptied) {
      const block = blocks.get(cidr);
      if (block !== undefined) putBlock({...block, host: '', tenant: '', segment: ''});
    }
  }
  for (const name of hostNames) addHost(name);
  return {
    trees,
    index,
    hosts,
    blackouts,
    blocks,
    addresses,
    addHost,
    allocate,
    release,
    ip: (...args: Parameters<typeof allocate>) => String(allocate(...args).ip),
  };
}
