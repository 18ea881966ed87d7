import type {Condition, Listing, Transaction, WatchEvent} from '../../../src/store/store.ts';

/** What etcd holds, and what it does with a transaction. */
export interface SimulatedEtcd {
  readonly revision: number;
  list(prefix: string): Listing;
  /** Throws where etcd refuses it. */
  commit(transaction: Transaction): {readonly succeeded: boolean; readonly revision: number};
  /** All changes from that revision on; undefined where some are forgotten. */
  changesFrom(revision: number): readonly WatchEvent[] | undefined;
  /** Forgets changes up to now. */
  compact(): void;
  /** Told after each change. */
  onChange(listener: () => void): void;
}

const maxItems = 128;

export function createSimulatedEtcd(): SimulatedEtcd {
  const values = new Map<string, {readonly value: string; readonly modRevision: number}>();
  const history: WatchEvent[] = [];
  const listeners = new Set<() => void>();
  let revision = 1;
  let forgotten = 0;

  function holds(condition: Condition): boolean {
    if ('key' in condition) return (values.get(condition.key)?.modRevision ?? 0) === condition.modRevision;
    const {from, to, unchangedSince} = condition;
    // Keys that were deleted have no revision to compare.
    return [...values].every(([key, {modRevision}]) => key < from || key > to || modRevision <= unchangedSince);
  }

  return {
    get revision() {
      return revision;
    },
    list(prefix) {
      const entries = [...values].filter(([key]) => key.startsWith(prefix)).map(([key, entry]) => ({key, ...entry}));
      return {revision, entries: entries.sort((a, b) => (a.key < b.key ? -1 : 1))};
    },
    commit({conditions, operations}) {
      if (Math.max(conditions.length, operations.length) > maxItems) throw new Error('too many operations in txn request');
      const keys = operations.map(operation => ('put' in operation ? operation.put : operation.delete));
      const puts = operations.flatMap(operation => ('put' in operation ? [operation.put] : []));
      if (puts.some(key => keys.indexOf(key) !== keys.lastIndexOf(key))) throw new Error('duplicate key given in txn request');
      if (!conditions.every(holds)) return {succeeded: false, revision};
      const next = revision + 1;
      for (const operation of operations) {
        if ('put' in operation) {
          values.set(operation.put, {value: operation.value, modRevision: next});
          history.push({key: operation.put, value: operation.value, modRevision: next});
        } else if (values.delete(operation.delete)) history.push({key: operation.delete, modRevision: next});
        else continue;
        revision = next;
      }
      if (revision === next) for (const listener of listeners) listener();
      return {succeeded: true, revision};
    },
    changesFrom: from => (from <= forgotten ? undefined : history.slice(history.findLastIndex(({modRevision}) => modRevision < from) + 1)),
    compact() {
      forgotten = revision;
      history.length = 0;
    },
    onChange: listener => void listeners.add(listener),
  };
}
