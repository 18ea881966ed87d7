import {firstIndex} from './range-set.ts';

/** Sorted lists of items by key. A list that becomes empty is forgotten. */
export interface SortedLists<Key, Item> {
  insert(key: Key, item: Item): void;
  /** Does nothing when the item is not there. What `compare` looks at must not have changed since the item was inserted. */
  remove(key: Key, item: Item): void;
  get(key: Key): readonly Item[];
}

/** `compare` must tell any two different items apart. */
export function createSortedLists<Key, Item>(compare: (a: Item, b: Item) => number): SortedLists<Key, Item> {
  const lists = new Map<Key, Item[]>();
  return {
    insert(key, item) {
      const list = lists.get(key);
      if (list === undefined) lists.set(key, [item]);
      else {
        const index = firstIndex(list, other => compare(other, item) >= 0);
        if (list[index] !== item) list.splice(index, 0, item);
      }
    },
    remove(key, item) {
      const list = lists.get(key) ?? [];
      const index = firstIndex(list, other => compare(other, item) >= 0);
      if (list[index] !== item) return;
      if (list.length === 1) lists.delete(key);
      else list.splice(index, 1);
    },
    get: key => lists.get(key) ?? [],
  };
}
