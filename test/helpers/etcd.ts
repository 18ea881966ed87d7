import {rm} from 'node:fs/promises';
import type {ExecutionContext} from 'ava';
import {createEtcdStore, type EtcdOptions, type EtcdStore} from '../../src/store/etcd.ts';
import {createKeys, type Keys} from '../../src/store/keys.ts';
import type {Listing} from '../../src/store/store.ts';
import {createRun} from '../../src/system/run.ts';
import {createEtcdProcess, type EtcdProcess, freePort} from './etcd-process.ts';
import {temporaryFolder} from './folder.ts';
import {waitFor} from './wait.ts';

export {freePort} from './etcd-process.ts';

/** A real etcd of one test. */
export interface TestEtcd extends Pick<EtcdProcess, 'pid' | 'kill' | 'pause' | 'resume'> {
  readonly endpoint: string;
  readonly keys: Keys;
  /** A client of its own; it is closed with the test. */
  openStore(options?: Omit<EtcdOptions, 'endpoints'>): EtcdStore;
  /** Everything below our prefix, straight from etcd. */
  dump(): Promise<Listing>;
  /** Starts it again on the same data and port, or without any data. */
  restart(options?: {isEmpty?: boolean}): Promise<void>;
  /** Forgets everything that was changed before that revision. */
  compact(revision: number): Promise<void>;
  /** Runs etcdctl on it, and gives what that prints. */
  ctl(...args: readonly string[]): Promise<string>;
}

export interface TestEtcdOptions {
  readonly args?: readonly string[];
  readonly scheme?: 'http' | 'https';
  /** What clients of the test itself need. */
  readonly client?: Omit<EtcdOptions, 'endpoints'>;
}

/** Starts etcd on a folder and free ports of the test's own, and waits until it answers. It ends with the test, failed or not. */
export async function startEtcd(t: ExecutionContext, {args = [], scheme = 'http', client = {}}: TestEtcdOptions = {}): Promise<TestEtcd> {
  const folder = await temporaryFolder(t);
  const endpoint = `${scheme}://127.0.0.1:${await freePort()}`;
  const keys = createKeys('/romana');
  const urls = [`--listen-client-urls=${endpoint}`, `--advertise-client-urls=${endpoint}`, '--listen-peer-urls=http://127.0.0.1:0'];
  const etcd = createEtcdProcess(t, ['--name=test', `--data-dir=${folder}/data`, ...urls, ...args]);
  etcd.start();
  await etcd.ready();
  return {
    get pid() {
      return etcd.pid;
    },
    endpoint,
    keys,
    openStore: (options = {}) => openStore(t, {endpoints: [endpoint], ...client, ...options}),
    dump: () => dump({endpoints: [endpoint], ...client}, keys),
    kill: etcd.kill,
    async restart({isEmpty = false} = {}) {
      if (isEmpty) await rm(`${folder}/data`, {recursive: true});
      etcd.start();
      await etcd.ready();
    },
    async compact(revision) {
      const answer = await fetch(`${endpoint}/v3/kv/compaction`, {method: 'POST', body: JSON.stringify({revision, physical: true})});
      if (!answer.ok) throw new Error(`cannot compact: ${await answer.text()}`);
    },
    ctl: (...parameters) => run('etcdctl', ['--endpoints', endpoint, ...parameters]),
    pause: etcd.pause,
    resume: etcd.resume,
  };
}

const run = createRun();

/** A client that is closed with the test. It is more patient than a program, for a busy machine's sake; what is about time says which. */
export function openStore(t: Pick<ExecutionContext, 'teardown'>, options: EtcdOptions): EtcdStore {
  const store = createEtcdStore({deadlineMs: 10_000, ...options});
  t.teardown(() => store.close());
  return store;
}

/** Everything below our prefix, as soon as it can be read. */
export async function dump(options: EtcdOptions, keys: Keys): Promise<Listing> {
  const store = createEtcdStore(options);
  try {
    const list = (prefix: string) => waitFor('etcd lists', () => store.list(prefix).catch(() => undefined));
    const [records, guards] = [await list(keys.all), await list(keys.allGuards)];
    return {revision: guards.revision, entries: [...records.entries, ...guards.entries]};
  } finally {
    store.close();
  }
}
