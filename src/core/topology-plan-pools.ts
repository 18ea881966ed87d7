import {leaves} from './group-tree.ts';
import {contains, type Prefix, sizeOf} from './prefix.ts';
import type {Group, Host, NetworkTree} from './state.ts';
import {ownableBlocks} from './topology-plan-blocks.ts';
import {leafAround} from './topology-plan-leaf.ts';

/** Blocks that the same hosts may have, and what happens there. */
export interface Pool {
  /** Set where it is the own prefix of a host, and of no other. */
  readonly own?: OwnPrefix | undefined;
  /** Blocks that can be owned. */
  readonly capacity: bigint;
  usedBlocks: bigint;
  usedAddresses: bigint;
  /** Blocks that its hosts ask for here. */
  neededBlocks: bigint;
  /** Endpoints that find it full, and look for another network. */
  turnedAway: bigint;
}

export interface OwnPrefix {
  readonly host: string;
  readonly cidr: Prefix;
}

/** A leaf: what all its hosts share, and the own prefixes in it. */
export interface LeafLoad {
  readonly shared: Pool;
  /** By host. */
  readonly own: ReadonlyMap<string, Pool>;
  /** Own prefixes take up all of it: no other host can be placed there. */
  readonly isTaken: boolean;
}

export type Loads = ReadonlyMap<Group, LeafLoad>;

/** The pools of every leaf, empty. A host that does not stand in a network with its own prefix, since that does not fit there, has none. */
export function createLoads(
  trees: readonly NetworkTree[],
  blackouts: readonly Prefix[],
  hosts: Iterable<Pick<Host, 'name' | 'groups' | 'fixed'>>,
): Loads {
  const owners = [...hosts].flatMap(({name, groups, fixed}) => {
    return fixed !== undefined && Object.values(groups).includes(fixed) ? [{host: name, cidr: fixed}] : [];
  });
  const entries = trees.flatMap(tree => {
    const byLeaf = Map.groupBy(owners, ({cidr}) => leafAround(tree, cidr));
    return leaves(tree).map((leaf): [Group, LeafLoad] => {
      const prefixes = byLeaf.get(leaf) ?? [];
      const closed = [...blackouts, ...prefixes.map(({cidr}) => cidr)];
      const own = prefixes.map(prefix => [prefix.host, emptyPool(ownableBlocks(tree.network, prefix.cidr, blackouts), prefix)] as const);
      const taken = prefixes.reduce((sum, {cidr}) => sum + sizeOf(cidr), 0n);
      return [
        leaf,
        {shared: emptyPool(ownableBlocks(tree.network, leaf.cidr, closed)), own: new Map(own), isTaken: taken === sizeOf(leaf.cidr)},
      ];
    });
  });
  return new Map(entries);
}

/** What a host has its addresses from in a leaf. */
export function poolOf(loads: Loads, leaf: Group, host: string | undefined): Pool | undefined {
  const load = loads.get(leaf);
  return (host === undefined ? undefined : load?.own.get(host)) ?? load?.shared;
}

/** The pool that a block of a host lies in. */
export function poolAround(loads: Loads, leaf: Group, host: string, block: Prefix): Pool | undefined {
  const pool = poolOf(loads, leaf, host);
  return pool?.own === undefined || contains(pool.own.cidr, block) ? pool : loads.get(leaf)?.shared;
}

export function poolsOf({shared, own}: LeafLoad): Pool[] {
  return [shared, ...own.values()];
}

/** Blocks of a leaf that have an owner. */
export function usedBlocksIn(loads: Loads, leaf: Group): bigint {
  const load = loads.get(leaf);
  return load === undefined ? 0n : poolsOf(load).reduce((sum, {usedBlocks}) => sum + usedBlocks, 0n);
}

/** How many blocks of a pool can be owned. What was in use before a blackout came stays in use. */
export function ownableIn({capacity, usedBlocks}: Pool): bigint {
  return capacity > usedBlocks ? capacity : usedBlocks;
}

function emptyPool(capacity: bigint, own?: OwnPrefix): Pool {
  return {own, capacity, usedBlocks: 0n, usedAddresses: 0n, neededBlocks: 0n, turnedAway: 0n};
}
