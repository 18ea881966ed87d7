import type {ExecutionContext} from 'ava';
import {type Store, StoreError, type WatchEvent} from '../../src/store/store.ts';

/** Writes a key without any condition. */
export function put(store: Store, key: string, value: string) {
  return store.commit({conditions: [], operations: [{put: key, value}]});
}

/** Writes empty values, a hundred in a transaction. */
export async function putMany(store: Store, keys: readonly string[]): Promise<void> {
  for (let start = 0; start < keys.length; start += 100) {
    await store.commit({conditions: [], operations: keys.slice(start, start + 100).map(key => ({put: key, value: ''}))});
  }
}

/** Watches everything of ours and keeps what it is told. */
export async function follow(t: Pick<ExecutionContext, 'teardown'>, store: Store, fromRevision: number) {
  const events: WatchEvent[] = [];
  const revisions: number[] = [];
  const states: string[] = [];
  const watch = await store.watch('/romana/', fromRevision, {
    onEvents(batch, revision) {
      events.push(...batch);
      revisions.push(revision);
    },
    onConnected: () => void states.push('connected'),
    onDisconnected: () => void states.push('disconnected'),
    onLost: () => void states.push('lost'),
  });
  t.teardown(() => watch.close());
  return {events, revisions, states};
}

export interface TestWrites {
  /** Keys whose writing was acknowledged. */
  readonly acknowledged: readonly string[];
  readonly failures: readonly unknown[];
  /** The longest time that a write took to be acknowledged or refused. */
  readonly longestMs: number;
  stop(): Promise<void>;
}

/** Creates key after key, each once, from several workers at a time; each waits a little after a failure. Ends with the test. */
export function startWrites(t: Pick<ExecutionContext, 'teardown'>, store: Store, workers = 4): TestWrites {
  const acknowledged: string[] = [];
  const failures: unknown[] = [];
  let [isOver, longestMs] = [false, 0];
  const work = async (worker: number) => {
    for (let index = 0; !isOver; index++) {
      const key = `/romana/writes/${worker}/${String(index).padStart(6, '0')}`;
      const start = Date.now();
      try {
        const {succeeded} = await store.commit({conditions: [{key, modRevision: 0}], operations: [{put: key, value: ''}]});
        // Nobody else writes it, so whoever says that it is there already has written it a second time.
        if (!succeeded) throw new Error(`${key} was there already`);
        acknowledged.push(key);
      } catch (error) {
        failures.push(error);
      }
      longestMs = Math.max(longestMs, Date.now() - start);
      // Watches and probes of the same process are to have their turn too.
      await new Promise(resolve => setTimeout(resolve, failures.length > 0 ? 10 : 1));
    }
  };
  const running = Promise.all(Array.from({length: workers}, (_, worker) => work(worker)));
  const stop = async () => {
    isOver = true;
    await running;
  };
  t.teardown(stop);
  return {
    acknowledged,
    failures,
    get longestMs() {
      return longestMs;
    },
    stop,
  };
}

/** What is wrong with what a store holds and a watch has told, after such writes: every sentence is a broken promise. */
export async function findLostWrites(store: Store, {acknowledged, failures}: TestWrites, events: readonly WatchEvent[]): Promise<string[]> {
  const {entries} = await store.list('/romana/writes/');
  const stored = new Set(entries.map(({key}) => key));
  const told = events.filter(({key}) => key.startsWith('/romana/writes/'));
  const toldKeys = new Set(told.map(({key}) => key));
  const revisions = told.map(({modRevision}) => modRevision);
  return [
    ...acknowledged.filter(key => !stored.has(key)).map(key => `${key} was acknowledged and is not there`),
    ...[...stored].filter(key => !toldKeys.has(key)).map(key => `${key} was never told`),
    ...told.filter(({key}) => !stored.has(key)).map(({key}) => `${key} was told and is not there`),
    ...(told.length === toldKeys.size ? [] : ['something was told twice']),
    ...revisions.filter((revision, index) => revision < (revisions[index - 1] ?? 0)).map(revision => `${revision} was told too late`),
    ...failures.filter(error => !(error instanceof StoreError)).map(error => `a failure that is no StoreError: ${error}`),
  ];
}
