import {type AllocationRequest, planAllocation, planRelease} from '../../src/core/allocation.ts';
import {networkTrees} from '../../src/core/group-tree.ts';
import {createIpamIndex} from '../../src/core/ipam-index.ts';
import {createPlacer} from '../../src/core/placement.ts';
import {type Address, type Family, type Prefix, parseAddress} from '../../src/core/prefix.ts';
import {createReservedSpace} from '../../src/core/reserved-space.ts';
import type {AllocatedAddress, Block, Host} from '../../src/core/state.ts';
import {parseTopology} from '../../src/core/topology-document.ts';

/** A store of one process: every plan is carried out at once. */
export function createStore(document: unknown, hostNames: readonly string[] = []) {
  const trees = networkTrees(parseTopology(document));
  const placer = createPlacer({trees, hosts: []});
  const index = createIpamIndex();
  const hosts = new Map<string, Host>();
  let blackouts: readonly Prefix[] = [];
  const resting = new Set<Prefix>();
  const blocks = new Map<Prefix, Block>();
  const addresses = new Map<Address, AllocatedAddress>();
  let revision = 0;
  let names = 0;

  function addHost(name: string, tags: Record<string, string> = {}, more: Partial<Host> = {}): void {
    const ip = parseAddress(`192.168.0.${hosts.size + 1}`);
    hosts.set(name, {name, ip, agentPort: 9604, drained: false, tags, groups: placer.place({name, ip, tags}), ...more});
  }
  function putBlock(block: Block): void {
    blocks.set(block.cidr, block);
    index.putBlock(block, ++revision);
  }
  function allocate(hostName: string, tenant: string, more: Partial<AllocationRequest> = {}): AllocatedAddress {
    const host = hosts.get(hostName) ?? {name: hostName, groups: {}, drained: false};
    const request = {name: `name-${++names}`, tenant, segment: 's', ...more};
    const reserved = createReservedSpace(
      blackouts,
      [...hosts.values()].flatMap(({fixed}) => fixed ?? []),
    );
    const {ip, block, claim} = planAllocation({trees, index, host, reserved, isResting: block => resting.has(block.cidr), request});
    const {tenant: owner, segment} = block;
    const address = {name: request.name, ip, block: block.cidr, host: block.host, tenant: owner, segment, allocatedAt: 'now'};
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
      if (block !== undefined) putBlock({cidr, host: '', tenant: '', segment: '', freed: {at: 0, from: block.host}});
    }
  }
  for (const name of hostNames) addHost(name);
  return {
    trees,
    index,
    hosts,
    get blackouts() {
      return blackouts;
    },
    blackOut(cidrs: readonly Prefix[]) {
      blackouts = cidrs;
    },
    /** Free blocks that only the host that had them last may have. */
    resting,
    blocks,
    addresses,
    addHost,
    allocate,
    release,
    ip: (...args: Parameters<typeof allocate>) => String(allocate(...args).ip),
  };
}
