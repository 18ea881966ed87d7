import {type Condition, maxOperations, type Operation, type Transaction} from '../store/store.ts';
import type {Change} from './transact.ts';

/** Changes that go into one transaction. Each is planned as if those before it were written already. */
export interface Batch<Job> {
  readonly members: readonly {readonly job: Job; readonly change: Change<unknown>}[];
  readonly transaction: Transaction;
  /** False where the change has to wait for the next transaction: it is too large, not to be joined, or writes what another one writes. */
  add(job: Job, change: Change<unknown>): boolean;
}

export function createBatch<Job>(): Batch<Job> {
  const members: {readonly job: Job; readonly change: Change<unknown>}[] = [];
  const conditions = new Map<string, Condition>();
  const operations = new Map<string, Operation>();

  return {
    members,
    get transaction() {
      return {conditions: [...conditions.values()], operations: [...operations.values()]};
    },
    add(job, change) {
      const {transaction, effects} = change;
      if (transaction === undefined) return false;
      if (members.length > 0) {
        const isJoined = effects !== undefined && members[0]?.change.effects !== undefined;
        if (!isJoined || transaction.operations.some(operation => operations.has(keyOf(operation)))) return false;
        const more = transaction.conditions.filter(condition => !conditions.has(nameOf(condition))).length;
        const isLarge = conditions.size + more > maxOperations || operations.size + transaction.operations.length > maxOperations;
        if (isLarge) return false;
      }
      members.push({job, change});
      // What is compared is the state before the transaction, in which none of its changes has been made.
      for (const condition of transaction.conditions) conditions.set(nameOf(condition), condition);
      for (const operation of transaction.operations) operations.set(keyOf(operation), operation);
      return true;
    },
  };
}

function keyOf(operation: Operation): string {
  return 'put' in operation ? operation.put : operation.delete;
}

function nameOf(condition: Condition): string {
  return 'key' in condition ? `${condition.key} ${condition.modRevision}` : `${condition.from} ${condition.to} ${condition.unchangedSince}`;
}
