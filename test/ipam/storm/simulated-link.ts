import {type Store, StoreError, type Transaction, type WatchHandlers} from '../../../src/store/store.ts';
import type {Random} from '../../helpers/random.ts';
import type {SimulatedEtcd} from './simulated-etcd.ts';
import type {Simulation} from './simulation.ts';

/** What is between a daemon and etcd. */
export interface Link {
  readonly store: Store;
  /** Nothing comes through in either direction; what is under way is lost or not. */
  isCut: boolean;
  /** The daemon does not run: what comes to it waits. */
  isFrozen: boolean;
  /** The daemon will never run again. */
  isDead: boolean;
  /** Part of the answers to transactions that are lost. */
  lostAnswers: number;
  /** How much later than anything else the watch shows something, at most; milliseconds. */
  watchDelayMs: number;
}

export interface LinkOptions {
  readonly simulation: Simulation;
  readonly random: Random;
  readonly etcd: SimulatedEtcd;
  /** True while etcd does not run. */
  isEtcdPaused(): boolean;
}

const deadlineMs = 3000;

export function createLink({simulation, random, etcd, isEtcdPaused}: LinkOptions): Link {
  /** Some packets are slow. */
  const travel = () => simulation.sleep(random.number() < 0.01 ? random.between(20, 400) : random.number() * 3);
  const until = async (condition: () => boolean) => {
    while (!condition()) await simulation.sleep(5);
  };
  // The more a daemon lags behind, the more it does on wrong assumptions.
  const usualDelayMs = random.pick([3, 3, 50, 300]);
  const never = new Promise<never>(() => undefined);

  /** Asks etcd; what comes too late, or not at all, is done or not done. */
  async function ask<Result>(work: () => Result, isLost: () => boolean): Promise<Result> {
    const attempt = async () => {
      if (link.isCut) throw new StoreError('no connection');
      await travel();
      if (link.isCut && random.number() < 0.5) throw new StoreError('the connection broke');
      await until(() => !isEtcdPaused());
      let result: Result;
      try {
        result = work();
      } catch (error) {
        throw new StoreError(String(error));
      }
      await travel();
      if (link.isCut) throw new StoreError('the connection broke, and the answer is lost');
      if (isLost()) throw new StoreError('the answer is lost');
      return result;
    };
    const late = simulation.sleep(deadlineMs).then(() => {
      throw new StoreError('no answer in time');
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([attempt(), late]);
    } finally {
      await until(() => !link.isFrozen);
      if (link.isDead) await never;
    }
  }

  const never_ = () => false;

  const link: Link = {
    isCut: false,
    isFrozen: false,
    isDead: false,
    lostAnswers: 0,
    watchDelayMs: 0,
    store: {
      get: key => ask(() => etcd.list(key).entries.find(entry => entry.key === key), never_),
      list: prefix => ask(() => etcd.list(prefix), never_),
      commit: (transaction: Transaction) =>
        ask(
          () => etcd.commit(transaction),
          () => random.number() < link.lostAnswers,
        ),
      async watch(prefix: string, from: number, handlers: WatchHandlers) {
        let next = from;
        let isClosed = false;
        void (async () => {
          let isConnected = false;
          while (!isClosed && !link.isDead) {
            if (link.isCut) {
              if (isConnected) handlers.onDisconnected(new Error('the connection broke'));
              isConnected = false;
              await until(() => !link.isCut);
              await simulation.sleep(random.between(1, 200));
              continue;
            }
            if (!isConnected) handlers.onConnected();
            isConnected = true;
            await until(() => isClosed || link.isDead || link.isCut || (!isEtcdPaused() && etcd.revision >= next));
            await simulation.sleep(random.number() * (usualDelayMs + link.watchDelayMs));
            await until(() => !link.isFrozen);
            if (isClosed || link.isDead || link.isCut) continue;
            const changes = etcd.changesFrom(next);
            if (changes === undefined) {
              handlers.onLost(new Error('compacted'));
              return;
            }
            // Some of it now, some of it later; never a part of one revision.
            const last = random.between(Math.min(next, etcd.revision), etcd.revision);
            next = last + 1;
            const events = changes.filter(({key, modRevision}) => modRevision <= last && key.startsWith(prefix));
            const shown = events.at(-1)?.modRevision;
            if (shown !== undefined) handlers.onEvents(events, shown);
          }
        })();
        return {
          close() {
            isClosed = true;
          },
        };
      },
      close: () => undefined,
    },
  };
  return link;
}
