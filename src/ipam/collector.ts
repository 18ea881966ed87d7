import {messageOf} from '../core/errors.ts';
import type {KeyValue, Transaction} from '../store/store.ts';
import type {Clock} from '../system/clock.ts';
import type {Logger} from '../system/log.ts';
import type {Ledger} from './ledger.ts';
import type {Leftovers} from './leftovers.ts';
import {findOrphans, type Orphan} from './orphans.ts';
import {joinTransactions, type Transactor} from './transact.ts';

/** Takes back what nobody can use any more. */
export interface Collector {
  /** Looks once. What was like that at the last look already, unchanged, is taken back; gives how many things that were. */
  collect(): Promise<number>;
  /** Looks again and again until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface CollectorOptions {
  readonly ledger: Ledger;
  readonly transact: Transactor;
  readonly leftovers: Leftovers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly intervalMs?: number;
}

export function createCollector({ledger, transact, leftovers, clock, log, intervalMs = 60_000}: CollectorOptions): Collector {
  let seen = new Map<string, number>();

  const collect = async (): Promise<number> => {
    await ledger.sync();
    const orphans = [...findOrphans(ledger, clock.now())];
    const confirmed = orphans.filter(({what, modRevision}) => seen.get(what) === modRevision);
    seen = new Map(orphans.map(({what, modRevision}) => [what, modRevision]));
    const ask = createAsk(ledger);
    let count = 0;
    for (const orphan of confirmed) {
      try {
        if (!(await take(orphan, ask))) continue;
        count += 1;
        log.warn({what: orphan.what}, 'had no owner any more, taken back');
      } catch (error) {
        // One that cannot be taken must not keep the others.
        if (ledger.ageMs > 0) throw error;
        log.debug({what: orphan.what, reason: messageOf(error)}, 'cannot take back what has no owner');
      }
    }
    await leftovers.tidy();
    return count;
  };

  const take = async ({modRevision, revisionNow, missing, removal}: Orphan, ask: (key: string) => Promise<KeyValue | undefined>) => {
    // What this daemon could not read is in the store all the same.
    for (const key of missing) if ((await ask(key)) !== undefined) return false;
    return transact(() => {
      if (revisionNow() !== modRevision) return {result: false};
      const unowned: Transaction = {conditions: missing.map(key => ({key, modRevision: 0})), operations: []};
      return {transaction: joinTransactions([unowned, removal()]), result: true};
    });
  };

  return {
    collect,
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(intervalMs, signal);
        if (signal.aborted) return;
        await collect().catch((error: unknown) => log.debug({reason: messageOf(error)}, 'cannot look for what has no owner'));
      }
    },
  };
}

/** Asks the store itself, once for each key. */
function createAsk({store}: Ledger): (key: string) => Promise<KeyValue | undefined> {
  const answers = new Map<string, KeyValue | undefined>();
  return async key => {
    if (!answers.has(key)) answers.set(key, await store.get(key));
    return answers.get(key);
  };
}
