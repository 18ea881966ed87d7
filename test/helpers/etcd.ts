import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {createServer} from 'node:net';
import type {ExecutionContext} from 'ava';
import {createEtcdStore} from '../../src/store/etcd.ts';
import {createKeys, type Keys} from '../../src/store/keys.ts';
import type {Listing, Store} from '../../src/store/store.ts';
import {temporaryFolder} from './folder.ts';
import {waitFor} from './wait.ts';

/** A real etcd of one test. */
export interface TestEtcd {
  readonly endpoint: string;
  readonly pid: number;
  readonly keys: Keys;
  /** A client of its own; it is closed with the test. */
  openStore(): Store;
  /** Everything below our prefix, straight from etcd. */
  dump(): Promise<Listing>;
  /** Ends it as a crash does, and waits until it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same data and port. */
  restart(): Promise<void>;
  /** Forgets everything that was changed before that revision. */
  compact(revision: number): Promise<void>;
  /** Stops it from answering without ending it, and lets it go on. */
  pause(): void;
  resume(): void;
}

/** Starts etcd on a folder and free ports of the test's own, and waits until it answers. It ends with the test, failed or not. */
export async function startEtcd(t: ExecutionContext): Promise<TestEtcd> {
  const folder = await temporaryFolder(t);
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const keys = createKeys('/romana');
  let child = await startOnce(folder, endpoint);
  t.teardown(() => end(child));
  const openStore = () => {
    const store = createEtcdStore({endpoints: [endpoint]});
    t.teardown(() => store.close());
    return store;
  };
  return {
    endpoint,
    get pid() {
      return child.pid ?? 0;
    },
    keys,
    openStore,
    async dump() {
      const store = createEtcdStore({endpoints: [endpoint]});
      try {
        return await waitFor('etcd lists', () => store.list(keys.all).catch(() => undefined));
      } finally {
        store.close();
      }
    },
    kill: () => end(child),
    async restart() {
      child = await startOnce(folder, endpoint);
    },
    async compact(revision) {
      const answer = await fetch(`${endpoint}/v3/kv/compaction`, {method: 'POST', body: JSON.stringify({revision, physical: true})});
      if (!answer.ok) throw new Error(`cannot compact: ${await answer.text()}`);
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  };
}

async function startOnce(folder: string, endpoint: string): Promise<ChildProcess> {
  const urls = [`--listen-client-urls=${endpoint}`, `--advertise-client-urls=${endpoint}`, '--listen-peer-urls=http://127.0.0.1:0'];
  const child = spawn('etcd', ['--name=test', `--data-dir=${folder}/data`, ...urls], {stdio: ['ignore', 'ignore', 'pipe']});
  let output = '';
  child.stderr.on('data', chunk => {
    output = (output + String(chunk)).slice(-4000);
  });
  await waitFor('etcd answers', async () => {
    if (child.exitCode !== null) throw new Error(`etcd ended with ${child.exitCode}: ${output}`);
    return fetch(`${endpoint}/health`).then(
      answer => answer.ok,
      () => false,
    );
  });
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
