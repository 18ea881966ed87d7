import {compareByAge, type IndexedBlock} from './indexed-block.ts';
import {addressBits, comparePrefixes, type Family, familyOf, fromNumber, type Prefix, prefixAt} from './prefix.ts';
import {createRangeSet, type RangeSet, rangeOf} from './range-set.ts';
import {createReusableBlocks} from './reusable-blocks.ts';
import {createSortedLists} from './sorted-lists.ts';
import type {Block} from './state.ts';

/** Who a block belongs to. */
export type BlockOwner = Pick<Block, 'host' | 'tenant' | 'segment'>;

/** The blocks that exist: by CIDR, by owner, by host; those that wait to be reused; the space that is left. */
export interface BlockIndex {
  /** A record with the same CIDR is replaced; it keeps its place in the order unless the owner changes. */
  put(block: Block, revision: number, isFull: boolean): void;
  delete(cidr: Prefix): void;
  /** Says whether the block has an address left. */
  setFull(cidr: Prefix, isFull: boolean): void;
  block(cidr: Prefix): Block | undefined;
  /** By value. */
  blocksOfHost(host: string): Block[];
  /** In the order in which they were claimed. */
  blocksOfOwner(owner: BlockOwner): Block[];
  /** Those with an address left, in the order in which they were claimed. */
  openBlocks(owner: BlockOwner): Iterable<Block>;
  /** Blocks without an owner that lie in the group, in the order in which they became free. */
  reusableBlocks(group: Prefix): Iterable<Block>;
  /** Those among them that this host had last. */
  blocksLeftBy(host: string, group: Prefix): Iterable<Block>;
  /** The lowest prefix of that length in the group that no block overlaps, that `excluded` does not cover wholly, and that is not in use all the same. */
  firstFreeBlock(group: Prefix, length: number, excluded: RangeSet, isInUse: (cidr: Prefix) => boolean): Prefix | undefined;
}

export function createBlockIndex(): BlockIndex {
  const entries = new Map<Prefix, IndexedBlock>();
  const owned = createSortedLists<string, IndexedBlock>(compareByAge);
  const open = createSortedLists<string, IndexedBlock>(compareByAge);
  const reusable = createReusableBlocks();
  const byHost = new Map<string, Set<Prefix>>();
  let taken = takenSpace([]);
  // Blocks never overlap; should the store hold some that do, their space stays taken until the last of them is gone.
  let isOverlapping = false;

  function unfile(entry: IndexedBlock): void {
    const {block} = entry;
    owned.remove(ownerKey(block), entry);
    open.remove(ownerKey(block), entry);
    reusable.remove(entry);
    dropFrom(byHost, block.host, block.cidr);
  }

  function blocksOf(cidrs: Iterable<Prefix>): Block[] {
    return [...cidrs].sort(comparePrefixes).flatMap(cidr => entries.get(cidr)?.block ?? []);
  }

  return {
    put(block, revision, isFull) {
      const known = entries.get(block.cidr);
      if (known !== undefined) unfile(known);
      const range = known?.range ?? rangeOf(block.cidr);
      if (known === undefined && !taken[familyOf(block.cidr)].add(range)) isOverlapping = true;
      const isSame = known !== undefined && ownerKey(known.block) === ownerKey(block);
      // What was put ahead of its record with a revision of the far future gets the real one.
      const entry = {block, range, revision: isSame ? Math.min(known.revision, revision) : revision};
      entries.set(block.cidr, entry);
      if (block.host === '') {
        reusable.insert(entry);
        return;
      }
      addTo(byHost, block.host, block.cidr);
      owned.insert(ownerKey(block), entry);
      if (!isFull) open.insert(ownerKey(block), entry);
    },
    delete(cidr) {
      const entry = entries.get(cidr);
      if (entry === undefined) return;
      unfile(entry);
      entries.delete(cidr);
      if (isOverlapping) taken = takenSpace(entries.values());
      else taken[familyOf(cidr)].remove(entry.range);
    },
    setFull(cidr, isFull) {
      const entry = entries.get(cidr);
      if (entry === undefined || entry.block.host === '') return;
      if (isFull) open.remove(ownerKey(entry.block), entry);
      else open.insert(ownerKey(entry.block), entry);
    },
    block: cidr => entries.get(cidr)?.block,
    blocksOfHost: host => blocksOf(byHost.get(host) ?? []),
    blocksOfOwner: owner => owned.get(ownerKey(owner)).map(({block}) => block),
    openBlocks: owner => blocksFrom(open.get(ownerKey(owner))),
    reusableBlocks: group => blocksFrom(reusable.inGroup(group)),
    blocksLeftBy: (host, group) => blocksFrom(reusable.leftBy(host, group)),
    firstFreeBlock(group, length, excluded, isInUse) {
      const family = familyOf(group);
      const size = 1n << BigInt(addressBits[family] - length);
      const {start, end} = rangeOf(group);
      let slot = start;
      while (slot + size <= end) {
        const block = taken[family].firstOverlap({start: slot, end: slot + size});
        const gap = excluded.runAt(slot);
        if (block !== undefined) slot = ((block.end + size - 1n) / size) * size;
        else if (gap !== undefined && gap.end >= slot + size) slot = (gap.end / size) * size;
        else {
          const cidr = prefixAt(fromNumber(slot, family), length);
          if (!isInUse(cidr)) return cidr;
          slot += size;
        }
      }
      return undefined;
    },
  };
}

/** No name of a tenant or segment has a space. */
function ownerKey({host, tenant, segment}: BlockOwner): string {
  return `${tenant} ${segment} ${host}`;
}

function takenSpace(entries: Iterable<IndexedBlock>): Record<Family, RangeSet> {
  const taken = {ipv4: createRangeSet(), ipv6: createRangeSet()};
  for (const {block, range} of entries) taken[familyOf(block.cidr)].add(range);
  return taken;
}

function addTo(sets: Map<string, Set<Prefix>>, key: string, cidr: Prefix): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([cidr]));
  else set.add(cidr);
}

function dropFrom(sets: Map<string, Set<Prefix>>, key: string, cidr: Prefix): void {
  const set = sets.get(key);
  set?.delete(cidr);
  if (set?.size === 0) sets.delete(key);
}

function* blocksFrom(entries: readonly IndexedBlock[]): Generator<Block> {
  for (const {block} of entries) yield block;
}
