import {pathTo, treeOf} from '../core/group-tree.ts';
import type {Block, NetworkTree} from '../core/state.ts';
import type {Condition, Operation, Transaction} from '../store/store.ts';
import type {Versioned} from '../store/table.ts';
import {maxTransactionItems} from './batch.ts';
import type {Ledger} from './ledger.ts';
import {joinTransactions, type Transactor} from './transact.ts';

/** What topologies leave behind. */
export interface Leftovers {
  /**
   * Removes the placements of topologies of the past, and the free blocks that lie in no leaf. What belongs to a topology that may still come is
   * left alone. Does not matter to anybody, and may be broken off at any point.
   */
  tidy(): Promise<void>;
}

// Each takes up to two conditions, beside the one that the topology takes.
const itemsAtOnce = Math.floor((maxTransactionItems - 1) / 2);

export function createLeftovers({ledger, transact}: {readonly ledger: Ledger; readonly transact: Transactor}): Leftovers {
  return {
    async tidy() {
      while (
        await transact(() => {
          const parts = [...strayBlocks(ledger), ...pastPlacements(ledger)].slice(0, itemsAtOnce);
          return parts.length === 0
            ? {result: false}
            : {transaction: joinTransactions([unchangedTopology(ledger), ...parts]), result: true};
        })
      );
    },
  };
}

/** Generations grow: what is older than the topology that is in force will never be. */
function* pastPlacements({keys, tables}: Ledger): Generator<Transaction> {
  const current = tables.topology?.value.generation ?? 0;
  for (const {value, modRevision} of tables.leftovers.placements()) {
    const key = keys.placement(value.generation, value.host);
    if (value.generation < current) yield removal(key, modRevision);
  }
}

function* strayBlocks({keys, tables, index}: Ledger): Generator<Transaction> {
  const trees = tables.topology?.value.trees ?? [];
  for (const {value, modRevision} of tables.blocks.values()) {
    if (value.host !== '' || index.countIn(value.cidr) > 0 || isInLeaf(trees, value)) continue;
    const {conditions, operations} = removal(keys.block(value.cidr), modRevision);
    yield {conditions: [...conditions, {...keys.addressesIn(value.cidr), unchangedSince: 0}], operations};
  }
}

/** Removes one key, if it is still as it was seen. */
export function removal(key: string, modRevision: number): {conditions: Condition[]; operations: Operation[]} {
  return {conditions: [{key, modRevision}], operations: [{delete: key}]};
}

function unchangedTopology({keys, tables}: Ledger): Transaction {
  return {conditions: [{key: keys.topology, modRevision: tables.topology?.modRevision ?? 0}], operations: []};
}

function isInLeaf(trees: readonly NetworkTree[], {cidr}: Versioned<Block>['value']): boolean {
  const tree = treeOf(trees, cidr);
  return tree !== undefined && pathTo(tree, cidr).at(-1)?.groups.length === 0;
}
