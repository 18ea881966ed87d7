import {compareByAge, type IndexedBlock} from './indexed-block.ts';
import {addressBits, contains, familyOf, firstAddress, type Prefix, prefixAt, prefixLength} from './prefix.ts';
import {createSortedLists, type SortedLists} from './sorted-lists.ts';

/** The blocks that wait for a new owner. */
export interface ReusableBlocks {
  insert(entry: IndexedBlock): void;
  remove(entry: IndexedBlock): void;
  /** Those that lie in a group, in the order in which they became free. */
  inGroup(group: Prefix): readonly IndexedBlock[];
  /** Those among them that this host had last. */
  leftBy(host: string, group: Prefix): readonly IndexedBlock[];
}

/**
 * Keeps a list for each group, so that a search in one group never passes over the blocks of another. The index does not know the groups;
 * it learns their prefix lengths from the questions, and sorts what it has by a new length once.
 */
export function createReusableBlocks(): ReusableBlocks {
  const all = new Set<IndexedBlock>();
  /** By family and prefix length, `lengthKey`. */
  const byLength = new Map<number, SortedLists<Prefix, IndexedBlock>>();
  const byHost = createSortedLists<string, IndexedBlock>(compareByFreedom);

  function learn(group: Prefix): SortedLists<Prefix, IndexedBlock> {
    const lists = createSortedLists<Prefix, IndexedBlock>(compareByFreedom);
    const key = lengthKey(group);
    for (const entry of [...all].sort(compareByFreedom)) if (fits(entry, key)) lists.insert(groupOf(entry, key), entry);
    byLength.set(key, lists);
    return lists;
  }

  return {
    insert(entry) {
      all.add(entry);
      byHost.insert(formerHost(entry), entry);
      for (const [key, lists] of byLength) if (fits(entry, key)) lists.insert(groupOf(entry, key), entry);
    },
    remove(entry) {
      if (!all.delete(entry)) return;
      byHost.remove(formerHost(entry), entry);
      for (const [key, lists] of byLength) if (fits(entry, key)) lists.remove(groupOf(entry, key), entry);
    },
    inGroup: group => (byLength.get(lengthKey(group)) ?? learn(group)).get(group),
    leftBy: (host, group) => byHost.get(host).filter(({block}) => contains(group, block.cidr)),
  };
}

/** By time, as the daemon that freed them told it; revisions decide where there is none. */
function compareByFreedom(a: IndexedBlock, b: IndexedBlock): number {
  return (a.block.freed?.at ?? 0) - (b.block.freed?.at ?? 0) || compareByAge(a, b);
}

function formerHost({block}: IndexedBlock): string {
  return block.freed?.from ?? '';
}

const ipv6Keys = addressBits.ipv4 + 1;

function lengthKey(prefix: Prefix): number {
  return (familyOf(prefix) === 'ipv6' ? ipv6Keys : 0) + prefixLength(prefix);
}

function fits({block: {cidr}}: IndexedBlock, key: number): boolean {
  const isSameFamily = (familyOf(cidr) === 'ipv6') === key >= ipv6Keys;
  return isSameFamily && lengthKey(cidr) >= key;
}

function groupOf({block}: IndexedBlock, key: number): Prefix {
  return prefixAt(firstAddress(block.cidr), key >= ipv6Keys ? key - ipv6Keys : key);
}
