import {InputError} from '../core/errors.ts';
import {StoreError, type Transaction} from '../store/store.ts';
import type {Ledger} from './ledger.ts';

/** One change of the store and what to answer when it is done. Without a transaction there is nothing to change. */
export interface Change<Result> {
  readonly transaction?: Transaction;
  readonly result: Result;
}

/**
 * Plans a change from the ledger and commits it on the condition that what the plan has read still holds; plans again after a conflict.
 * A plan that refuses (InputError) is asked a second time with everything that was written anywhere before the call.
 * Changes of one daemon take turns, so that they do not conflict with each other; one whose turn comes too late is refused with StoreError.
 */
export type Transactor = <Result>(plan: () => Change<Result>) => Promise<Result>;

export interface TransactorOptions {
  readonly ledger: Ledger;
  readonly clock: {now(): number; sleep(ms: number): Promise<void>};
  onRetry(): void;
  random?(): number;
}

/** All conditions and all operations of several transactions as one. */
export function joinTransactions(parts: readonly Transaction[]): Transaction {
  return {conditions: parts.flatMap(part => part.conditions), operations: parts.flatMap(part => part.operations)};
}

const maxAttempts = 20;
const maxJitterMs = 20;
const maxWaitMs = 5000;

export function createTransactor({ledger, clock, onRetry, random = Math.random}: TransactorOptions): Transactor {
  let queue: Promise<unknown> = Promise.resolve();

  const planFresh = async <Result>(plan: () => Change<Result>): Promise<Change<Result>> => {
    if (!ledger.isReady) throw new StoreError('the store has not been read yet');
    try {
      return plan();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      await ledger.sync();
      return plan();
    }
  };

  const run = async <Result>(plan: () => Change<Result>): Promise<Result> => {
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const {transaction, result} = await planFresh(plan);
      if (transaction === undefined) return result;
      const {succeeded, revision} = await ledger.store.commit(transaction);
      if (succeeded) {
        // The change is durable. Should the watch lag, the next plan meets a conflict and waits for it then.
        await ledger.reached(revision).catch(() => undefined);
        return result;
      }
      onRetry();
      await clock.sleep(random() * maxJitterMs);
      await ledger.sync();
    }
    throw new StoreError(`other writers were faster ${maxAttempts} times`);
  };

  return plan => {
    const start = clock.now();
    const turn = queue.then(() => {
      // A store that hangs holds up each change for seconds; those behind it must not wait for all of them.
      if (clock.now() - start > maxWaitMs) throw new StoreError(`the changes before this one took more than ${maxWaitMs / 1000} s`);
      return run(plan);
    });
    queue = turn.catch(() => undefined);
    return turn;
  };
}
