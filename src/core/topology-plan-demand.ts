import {type Family, familyOf} from './prefix.ts';
import type {Group, Network, NetworkTree} from './state.ts';
import {blockSize} from './topology-plan-blocks.ts';
import type {HostSet} from './topology-plan-hosts.ts';
import {type Loads, type Pool, poolOf} from './topology-plan-pools.ts';

export interface EndpointDemand {
  /** How many endpoints of each host want an address of the family. */
  readonly endpoints: Readonly<Record<Family, number>>;
  /** The (tenant, segment) pairs that the endpoints of a host are dealt out to. */
  readonly owners: number;
}

export interface DemandOptions {
  readonly trees: readonly NetworkTree[];
  readonly loads: Loads;
  readonly set: HostSet;
  readonly demand: EndpointDemand;
}

/** The blocks that the hosts of a set take together, by network, and the endpoints that get no address, with the last pool that they asked. */
export interface DemandResult {
  readonly blocks: ReadonlyMap<NetworkTree, bigint>;
  readonly unserved: readonly Unserved[];
}

export interface Unserved {
  readonly tree: NetworkTree;
  readonly leaf: Group;
  readonly pool: Pool;
  readonly endpoints: bigint;
}

/**
 * Lets the endpoints of some hosts have addresses, one of each family, as allocation would: in the networks of their tenant, then in the open ones,
 * in whole blocks that only one owner has. Endpoints are dealt out evenly to the owners, owners to the tenants that networks name (and one
 * more for all other tenants where a network is open to them). A host with an own prefix has its addresses of that network there. The loads grow.
 */
export function placeEndpoints({trees, loads, set, demand}: DemandOptions): DemandResult {
  const blocks = new Map<NetworkTree, bigint>();
  const unserved: Unserved[] = [];
  const kinds = ownerKinds([...set.leaves.keys()].map(({network}) => network));
  for (const family of ['ipv4', 'ipv6'] as const) {
    for (const [index, kind] of kinds.entries()) {
      const candidates = candidateTrees(trees, kind, family).filter(tree => set.leaves.has(tree));
      let waiting = shares(demand.endpoints[family], demand.owners, kinds.length, index).map(share => {
        return {...share, owners: share.owners * BigInt(set.count)};
      });
      for (const tree of candidates) {
        const leaf = set.leaves.get(tree);
        const pool = leaf && poolOf(loads, leaf, set.name);
        if (leaf === undefined || pool === undefined) continue;
        const before = pool.usedBlocks;
        waiting = waiting.flatMap(share => take(share, pool, blockSize(tree.network)));
        if (pool.usedBlocks > before) blocks.set(tree, (blocks.get(tree) ?? 0n) + pool.usedBlocks - before);
        const endpoints = waiting.reduce((sum, share) => sum + share.owners * share.endpoints, 0n);
        if (endpoints === 0n) break;
        pool.turnedAway += endpoints;
        if (tree === candidates.at(-1)) unserved.push({tree, leaf, pool, endpoints});
      }
    }
  }
  return {blocks, unserved};
}

/** The tenants that networks name, in their order, and undefined for all others where a network is open to them. */
export function ownerKinds(networks: readonly Network[]): (string | undefined)[] {
  const named = new Set(networks.flatMap(({tenants}) => tenants));
  return [...named, ...(networks.some(({tenants}) => tenants.length === 0) ? [undefined] : [])];
}

/** Owners with the same number of endpoints each. */
interface Waiting {
  readonly owners: bigint;
  readonly endpoints: bigint;
}

/** How many owners of one kind a host has, with how many endpoints, when owners are dealt out to the kinds in turn, and endpoints to the owners. */
function shares(endpoints: number, owners: number, kinds: number, kind: number): Waiting[] {
  const each = BigInt(Math.floor(endpoints / owners));
  const ofKindBelow = (limit: number) => (limit > kind ? Math.floor((limit - 1 - kind) / kinds) + 1 : 0);
  const larger = ofKindBelow(endpoints % owners);
  return [
    {owners: BigInt(larger), endpoints: each + 1n},
    {owners: BigInt(ofKindBelow(owners) - larger), endpoints: each},
  ].filter(share => share.owners > 0n && share.endpoints > 0n);
}

function candidateTrees(trees: readonly NetworkTree[], kind: string | undefined, family: Family): NetworkTree[] {
  const own = kind === undefined ? [] : trees.filter(({network}) => network.tenants.includes(kind));
  return [...own, ...trees.filter(({network}) => network.tenants.length === 0)].filter(({network}) => familyOf(network.cidr) === family);
}

/** Takes blocks for as many as find one, and tells who is left: owners that got nothing, and one that got only a part. */
function take({owners, endpoints}: Waiting, pool: Pool, size: bigint): Waiting[] {
  const each = (endpoints + size - 1n) / size;
  pool.neededBlocks += owners * each;
  const free = pool.capacity > pool.usedBlocks ? pool.capacity - pool.usedBlocks : 0n;
  const whole = owners * each <= free ? owners : free / each;
  const rest = whole < owners ? free - whole * each : 0n;
  pool.usedBlocks += whole * each + rest;
  pool.usedAddresses += whole * endpoints + rest * size;
  const partial = rest > 0n ? [{owners: 1n, endpoints: endpoints - rest * size}] : [];
  const untouched = owners - whole - BigInt(partial.length);
  return [...(untouched > 0n ? [{owners: untouched, endpoints}] : []), ...partial];
}
