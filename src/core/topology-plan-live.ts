import {type Family, familyOf, type Prefix} from './prefix.ts';
import type {NetworkTree} from './state.ts';
import {blockSize} from './topology-plan-blocks.ts';
import type {KnownHost} from './topology-plan-hosts.ts';
import {leafAround} from './topology-plan-leaf.ts';
import {type Loads, type Pool, poolAround} from './topology-plan-pools.ts';

/** What runs. */
export interface LiveSystem {
  /** With the groups that they have in the topology that is looked at. */
  readonly hosts: readonly LiveHost[];
  readonly blocks: readonly LiveBlock[];
  readonly blackouts: readonly Prefix[];
  /** Tenants that are known beforehand. */
  readonly tenants: readonly string[];
  /** What would not fit in the topology that is looked at, in whole sentences. */
  readonly misfits: readonly string[];
}

export interface LiveHost extends Pick<KnownHost, 'name' | 'groups'> {
  /** It gets no more endpoints. */
  readonly drained: boolean;
  /** Its own prefix, with which it stands in a network: nobody else gets addresses there. */
  readonly fixed?: Prefix | undefined;
}

/** A block, with the number of its addresses that are in use. */
export interface LiveBlock {
  readonly cidr: Prefix;
  /** '' when it waits to be reused. */
  readonly host: string;
  readonly tenant: string;
  readonly addresses: number;
}

/** A block that has an owner, where it lies. */
export interface PlacedBlock extends LiveBlock {
  readonly tree: NetworkTree;
  readonly pool: Pool;
}

/** Counts the blocks that have an owner into the pools that they lie in; those that lie in none are strays. */
export function placeLiveBlocks(
  trees: readonly NetworkTree[],
  loads: Loads,
  blocks: readonly LiveBlock[],
): {readonly placed: readonly PlacedBlock[]; readonly strays: readonly LiveBlock[]} {
  const placed: PlacedBlock[] = [];
  const strays: LiveBlock[] = [];
  for (const block of blocks) {
    if (block.host === '') continue;
    const place = placeOf(trees, loads, block);
    if (place === undefined) {
      strays.push(block);
      continue;
    }
    place.pool.usedBlocks += 1n;
    place.pool.neededBlocks += 1n;
    place.pool.usedAddresses += BigInt(block.addresses);
    placed.push({...block, ...place});
  }
  return {placed, strays};
}

/** How many endpoints a host has, on the average and rounded up. */
export function meanEndpoints({hosts, blocks}: LiveSystem): number {
  const total = (family: Family) => blocks.filter(({cidr}) => familyOf(cidr) === family).reduce((sum, {addresses}) => sum + addresses, 0);
  return Math.max(1, Math.ceil(Math.max(total('ipv4'), total('ipv6')) / Math.max(1, hosts.length)));
}

/** Lets a host have so many endpoints, as far as its own blocks have addresses. Returns how many are left, by family. */
export function growInPlace(blocks: readonly PlacedBlock[], endpoints: number): Record<Family, number> {
  const wanted = {ipv4: endpoints, ipv6: endpoints};
  for (const {cidr, addresses} of blocks) wanted[familyOf(cidr)] -= addresses;
  for (const {cidr, addresses, tree, pool} of blocks) {
    const family = familyOf(cidr);
    const taken = Math.max(0, Math.min(wanted[family], Number(blockSize(tree.network)) - addresses));
    pool.usedAddresses += BigInt(taken);
    wanted[family] -= taken;
  }
  return {ipv4: Math.max(0, wanted.ipv4), ipv6: Math.max(0, wanted.ipv6)};
}

function placeOf(trees: readonly NetworkTree[], loads: Loads, {cidr, host}: LiveBlock): Pick<PlacedBlock, 'tree' | 'pool'> | undefined {
  for (const tree of trees) {
    const leaf = leafAround(tree, cidr);
    const pool = leaf && poolAround(loads, leaf, host, cidr);
    if (pool !== undefined) return {tree, pool};
  }
  return undefined;
}
