import type {ExecutionContext} from 'ava';
import {parseAddress} from '../../src/core/prefix.ts';
import type {NewHost} from '../../src/ipam/hosts.ts';
import {createIpamd, type Ipamd} from '../../src/ipam/ipamd.ts';
import {type Store, StoreError, type Transaction, type WatchHandlers} from '../../src/store/store.ts';
import {systemClock} from '../../src/system/clock.ts';
import {type Logger, silentLogger} from '../../src/system/log.ts';
import {startEtcd, type TestEtcd} from '../helpers/etcd.ts';
import {flat} from '../helpers/ipam.ts';
import {waitFor} from '../helpers/wait.ts';

/** A daemon's parts in the process of the test, on a real etcd: its time can be turned, and others can act in the very moment before it commits. */
export interface InProcessDaemon extends Ipamd {
  /** Runs before each commit that is not the daemon's own barrier. */
  beforeCommit: (transaction: Transaction) => Promise<void>;
  /** Runs after etcd has given a listing, and before the daemon has it. */
  beforeList: () => Promise<void>;
  /** Commits are done, and their answers are lost. */
  isDeaf: boolean;
  /** That many commits are asked for; then nothing goes out any more. */
  commitsUntilDeath: number;
  /** Commits whose conditions did not hold. */
  readonly refusals: number;
  /** Keeps back what the watch shows, until it is let go. */
  hold(): void;
  /** How much of it is kept back. */
  readonly held: number;
  letGo(): void;
  /** Ends the watch; the daemon lists anew. */
  loseWatch(): void;
  allocate(name: string, host: string, tenant?: string): Promise<string>;
  /** Sets its clock forward. */
  advance(ms: number): void;
  /** What it has said at warn and above. */
  readonly warnings: readonly object[];
}

export interface InProcessOptions {
  readonly cooldownMs?: number;
}

/** One etcd, and two daemons that know its first topology. */
export async function startPair(
  t: ExecutionContext,
  topology: unknown = flat(),
  options: InProcessOptions = {},
): Promise<{etcd: TestEtcd; a: InProcessDaemon; b: InProcessDaemon}> {
  const etcd = await startEtcd(t);
  const [a, b] = await Promise.all([startInProcess(t, etcd, 'a', options), startInProcess(t, etcd, 'b', options)]);
  await a.topologies.update(topology);
  await b.ledger.sync();
  return {etcd, a, b};
}

export async function startInProcess(
  t: ExecutionContext,
  etcd: TestEtcd,
  id: string,
  {cooldownMs = 0}: InProcessOptions = {},
): Promise<InProcessDaemon> {
  const inner = etcd.openStore();
  let refusals = 0;
  let held: (() => void)[] | undefined;
  let lose: (reason: unknown) => void = () => undefined;
  const store: Store = {
    ...inner,
    async commit(transaction: Transaction) {
      const isBarrier = transaction.operations.some(operation => 'put' in operation && operation.put.includes('/barriers/'));
      if (!isBarrier) await daemon.beforeCommit(transaction);
      if (daemon.commitsUntilDeath <= 0) throw new StoreError('dead');
      if (!isBarrier) daemon.commitsUntilDeath -= 1;
      const result = await inner.commit(transaction);
      if (!result.succeeded) refusals += 1;
      if (daemon.isDeaf && !isBarrier) throw new StoreError('the answer was lost');
      return result;
    },
    async list(prefix: string) {
      const listing = await inner.list(prefix);
      await daemon.beforeList();
      return listing;
    },
    watch(prefix: string, from: number, handlers: WatchHandlers) {
      lose = handlers.onLost;
      return inner.watch(prefix, from, {
        ...handlers,
        onEvents(events, revision) {
          const show = () => handlers.onEvents(events, revision);
          if (held === undefined) show();
          else held.push(show);
        },
      });
    },
  };
  let ahead = 0;
  const warnings: object[] = [];
  const log: Logger = {
    ...silentLogger,
    debug: () => undefined,
    info: () => undefined,
    child: () => log,
    warn: keep,
    error: keep,
    fatal: keep,
  };
  function keep(fields: object): void {
    warnings.push(fields);
  }
  const clock = {...systemClock, now: () => Date.now() + ahead};
  const ipamd = createIpamd({store, keys: etcd.keys, clock, log, id, cooldownMs});
  const daemon: InProcessDaemon = {
    ...ipamd,
    beforeCommit: async () => undefined,
    beforeList: async () => undefined,
    isDeaf: false,
    commitsUntilDeath: Infinity,
    get refusals() {
      return refusals;
    },
    hold() {
      held = [];
    },
    get held() {
      return held?.length ?? 0;
    },
    letGo() {
      const waiting = held ?? [];
      held = undefined;
      for (const show of waiting) show();
    },
    loseWatch: () => lose(new Error('lost by the test')),
    allocate: (name, host, tenant = 't') => ipamd.addresses.allocate({name, host, tenant, segment: ''}),
    advance(ms) {
      ahead += ms;
    },
    warnings,
  };
  const controller = new AbortController();
  const running = ipamd.ledger.run(controller.signal);
  t.teardown(async () => {
    controller.abort();
    await running;
  });
  await waitFor('the store has been read', () => ipamd.ledger.revision > 0);
  return daemon;
}

/** Host h1 has 192.168.0.1. */
export function newHost(number: number, more: Partial<NewHost> = {}): NewHost {
  return {name: `h${number}`, ip: parseAddress(`192.168.${number >> 8}.${number & 255}`), tags: {}, agentPort: 9604, ...more};
}

/** Does it once, however often it is called. */
export function once(act: () => Promise<unknown>): () => Promise<void> {
  let isDone = false;
  return async () => {
    if (isDone) return;
    isDone = true;
    await act();
  };
}
