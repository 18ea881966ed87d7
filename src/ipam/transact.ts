import {InputError} from '../core/errors.ts';
import {StoreError, type Transaction} from '../store/store.ts';
import {type Batch, createBatch} from './batch.ts';
import type {Effects, Ledger} from './ledger.ts';

/** One change of the store and what to answer when it is done. Without a transaction there is nothing to change: it is done already. */
export interface Change<Result> {
  readonly transaction?: Transaction;
  /** Where it is told what the change does to blocks and addresses, it may share its transaction with others that do the same. */
  readonly effects?: Effects;
  readonly result: Result;
}

/**
 * Plans a change from the ledger and commits it on the condition that what the plan has read still holds; plans again after a conflict.
 * A plan that refuses (InputError), or finds that there is nothing to change, is asked a second time with everything that was written anywhere before
 * the call.
 * Changes of one daemon do not conflict with each other: those that come while a transaction is on its way are joined in the next one, each
 * planned as if those before it were written. One that waits too long is refused with StoreError.
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
/** So many are joined after their first conflict. */
const mostAgain = 32;

/**
 * Those that met a conflict are joined with fewer others, each time half as many: one that can never be done, for which somebody else's broken record is
 * enough, must not take others with it.
 */
function isCrowded({members}: Batch<Job>, job: Job): boolean {
  const attempts = Math.max(job.attempts, ...members.map(member => member.job.attempts));
  return attempts > 1 && members.length >= Math.max(1, mostAgain >> (attempts - 2));
}

function dependsOnRevision({conditions}: Transaction): boolean {
  return conditions.some(condition => 'unchangedSince' in condition && condition.unchangedSince > 0);
}

interface Job {
  plan(): Change<unknown>;
  readonly since: number;
  resolve(result: unknown): void;
  reject(error: unknown): void;
  attempts: number;
  /** It was refused, or found done, by a ledger that may not have known all. */
  isDoubtful: boolean;
}

export function createTransactor({ledger, clock, onRetry, random = Math.random}: TransactorOptions): Transactor {
  let waiting: Job[] = [];
  let isRunning = false;
  let written = 0;
  let mustCatchUp = false;

  const run = async () => {
    isRunning = true;
    while (waiting.length > 0) {
      try {
        await round();
      } catch (error) {
        for (const job of waiting.splice(0)) job.reject(error);
      }
    }
    isRunning = false;
  };

  const round = async () => {
    if (ledger.fault !== undefined) throw new StoreError(ledger.fault);
    if (waiting.some(({isDoubtful}) => isDoubtful)) {
      await ledger.sync();
      // These first: what decides them now is in the store, and not just about to be.
      waiting = [...waiting.filter(({isDoubtful}) => isDoubtful), ...waiting.filter(({isDoubtful}) => !isDoubtful)];
    }
    if (mustCatchUp) await ledger.reached(written).catch(() => undefined);
    mustCatchUp = false;
    const batch = createBatch<Job>();
    const later: Job[] = [];
    while (waiting.length > 0) {
      const [job] = waiting;
      if (job === undefined || !fill(batch, job, later)) break;
      waiting.shift();
    }
    waiting.unshift(...later);
    if (batch.members.length > 0) await commit(batch);
  };

  /** Plans one job, and takes it into the batch. False where it has to wait for the next one. */
  const fill = (batch: Batch<Job>, job: Job, later: Job[]): boolean => {
    // A store that hangs holds up each change for seconds; those behind it must not wait for all of them.
    if (clock.now() - job.since > maxWaitMs) {
      job.reject(new StoreError(`the changes before this one took more than ${maxWaitMs / 1000} s`));
      return true;
    }
    const isKnown = job.isDoubtful && batch.members.length === 0;
    const doubt = () => {
      job.isDoubtful = true;
      later.push(job);
    };
    let change: Change<unknown>;
    try {
      change = job.plan();
    } catch (error) {
      if (error instanceof InputError && !isKnown) doubt();
      else job.reject(error);
      return true;
    }
    if (change.transaction === undefined) {
      if (isKnown) job.resolve(change.result);
      else doubt();
    } else if (dependsOnRevision(change.transaction) && ledger.revision < written) {
      // The watch has yet to show what was written here: as of its revision, all that has changed since.
      mustCatchUp = true;
      return false;
    } else if (isCrowded(batch, job) || !batch.add(job, change)) return false;
    else if (change.effects !== undefined) ledger.anticipate(change.effects);
    return true;
  };

  const commit = async (batch: Batch<Job>) => {
    const {members, transaction} = batch;
    const giveUp = (error: unknown) => {
      for (const {job} of members) job.reject(error);
    };
    let outcome: {readonly succeeded: boolean; readonly revision: number};
    try {
      outcome = await ledger.store.commit(transaction);
    } catch (error) {
      settle(batch);
      return giveUp(error);
    }
    if (outcome.succeeded) {
      // Durable. Whoever asks us now is told of it, whether the watch has shown it or not.
      written = outcome.revision;
      ledger.own(transaction.operations, written);
      settle(batch);
      for (const {job, change} of members) job.resolve(change.result);
      return;
    }
    settle(batch);
    onRetry();
    const again = members.filter(({job}) => job.attempts < maxAttempts).map(({job}) => job);
    for (const {job} of members) {
      if (job.attempts >= maxAttempts) job.reject(new StoreError(`other writers were faster ${maxAttempts} times`));
      job.attempts += 1;
    }
    waiting.unshift(...again);
    await clock.sleep(random() * maxJitterMs);
    await ledger.sync();
  };

  const settle = ({members}: Batch<Job>) => {
    for (const {change} of members) if (change.effects !== undefined) ledger.settle(change.effects);
  };

  return <Result>(plan: () => Change<Result>) =>
    new Promise<Result>((resolve, reject) => {
      const done = (result: unknown) => resolve(result as Result);
      waiting.push({plan, since: clock.now(), resolve: done, reject, attempts: 1, isDoubtful: false});
      if (!isRunning) void run();
    });
}
