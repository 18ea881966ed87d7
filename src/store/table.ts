import type {WatchEvent} from './store.ts';

/** A record with the revision that wrote it: what a transaction compares with. */
export interface Versioned<Value> {
  readonly value: Value;
  readonly modRevision: number;
}

export interface TableChange<Value> {
  readonly before: Value | undefined;
  readonly after: Value | undefined;
}

/** One kind of record, by its own key and by the store's. */
export interface Table<Key, Value> {
  readonly records: ReadonlyMap<Key, Versioned<Value>>;
  /** Throws where the value cannot be read; the last good one stays then, with the revision of the bad one. */
  apply(event: WatchEvent): TableChange<Value>;
  /** A copy, made again only after a change. */
  values(): ReadonlyMap<Key, Value>;
}

export function createTable<Key, Value>(parse: (key: string, text: string) => Value, keyOf: (value: Value) => Key): Table<Key, Value> {
  const records = new Map<Key, Versioned<Value>>();
  const keysInStore = new Map<string, Key>();
  let copy: ReadonlyMap<Key, Value> | undefined;
  return {
    records,
    apply({key, value, modRevision}) {
      const known = keysInStore.get(key);
      const before = known === undefined ? undefined : records.get(known)?.value;
      // Transactions compare revisions: with the old one, no change that concerns this record would ever succeed again.
      if (known !== undefined && before !== undefined) records.set(known, {value: before, modRevision});
      const after = value === undefined ? undefined : parse(key, value);
      copy = undefined;
      if (known !== undefined) records.delete(known);
      keysInStore.delete(key);
      if (after !== undefined) {
        keysInStore.set(key, keyOf(after));
        records.set(keyOf(after), {value: after, modRevision});
      }
      return {before, after};
    },
    values() {
      copy ??= copyOf(records);
      return copy;
    },
  };
}

export function copyOf<Key, Value>(records: ReadonlyMap<Key, Versioned<Value>>): ReadonlyMap<Key, Value> {
  return new Map([...records].map(([key, record]) => [key, record.value]));
}
