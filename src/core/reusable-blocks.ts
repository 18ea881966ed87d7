import {compareByAge, type IndexedBlock} from './indexed-block.ts';
import {firstAddress, type Prefix, prefixAt, prefixLength} from './prefix.ts';
import {createSortedLists, type SortedLists} from './sorted-lists.ts';

/** The blocks that wait for a new owner. */
export interface ReusableBlocks {
  insert(entry: IndexedBlock): void;
  remove(entry: IndexedBlock): void;
  /** Those that lie in a group of the network, in order. */
  inGroup(network: string, group: Prefix): readonly IndexedBlock[];
}

/**
 * Keeps a list for each group, so that a search in one group never passes over the blocks of another. The index does not know the groups;
 * it learns their prefix lengths from the questions, and sorts what it has by a new length once.
 */
export function createReusableBlocks(): ReusableBlocks {
  const all = new Map<string, Set<IndexedBlock>>();
  const byLength = new Map<string, Map<number, SortedLists<Prefix, IndexedBlock>>>();

  function learn(network: string, length: number): SortedLists<Prefix, IndexedBlock> {
    const lists = createSortedLists<Prefix, IndexedBlock>(compareByAge);
    for (const entry of [...(all.get(network) ?? [])].sort(compareByAge))
      if (fits(entry, length)) lists.insert(groupOf(entry, length), entry);
    const lengths = byLength.get(network) ?? new Map<number, SortedLists<Prefix, IndexedBlock>>();
    byLength.set(network, lengths.set(length, lists));
    return lists;
  }

  return {
    insert(entry) {
      const {network} = entry.block;
      all.set(network, (all.get(network) ?? new Set()).add(entry));
      for (const [length, lists] of byLength.get(network) ?? []) if (fits(entry, length)) lists.insert(groupOf(entry, length), entry);
    },
    remove(entry) {
      const {network} = entry.block;
      if (all.get(network)?.delete(entry) !== true) return;
      for (const [length, lists] of byLength.get(network) ?? []) if (fits(entry, length)) lists.remove(groupOf(entry, length), entry);
    },
    inGroup(network, group) {
      const length = prefixLength(group);
      return (byLength.get(network)?.get(length) ?? learn(network, length)).get(group);
    },
  };
}

function fits({block}: IndexedBlock, length: number): boolean {
  return prefixLength(block.cidr) >= length;
}

function groupOf({block}: IndexedBlock, length: number): Prefix {
  return prefixAt(firstAddress(block.cidr), length);
}
