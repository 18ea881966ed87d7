import {pathTo, treeOf} from '../core/group-tree.ts';
import type {Prefix} from '../core/prefix.ts';
import type {Block} from '../core/state.ts';
import {type Condition, maxOperations, type Operation, type Transaction} from '../store/store.ts';
import type {Versioned} from '../store/table.ts';
import type {StoredTopology} from '../store/tables.ts';
import type {Ledger} from './ledger.ts';
import {joinTransactions, type Transactor} from './transact.ts';

/** What topologies leave behind. */
export interface Leftovers {
  /**
   * Removes the placements of topologies of the past, and the free blocks that lie in no leaf. What belongs to a topology that may still come is
   * left alone, and everything where the topology is not known. Does not matter to anybody, and may be broken off at any point.
   */
  tidy(): Promise<void>;
}

// Each takes up to two conditions, beside the one that the topology takes.
const itemsAtOnce = Math.floor((maxOperations - 1) / 2);

/** How to remove something, as long as it is left behind. */
type Removal = (topology: Versioned<StoredTopology>) => Transaction | undefined;

export function createLeftovers({ledger, transact}: {readonly ledger: Ledger; readonly transact: Transactor}): Leftovers {
  return {
    async tidy() {
      const {topology} = ledger.tables;
      if (topology === undefined) return;
      // Looked for once, and looked at again when their turn comes: there may be many that stay.
      const removals = [...strayBlocks(ledger), ...pastPlacements(ledger)].filter(remove => remove(topology) !== undefined);
      for (let start = 0; start < removals.length; start += itemsAtOnce) {
        await transact(() => {
          const now = ledger.tables.topology;
          if (now === undefined) return {result: undefined};
          const parts = removals.slice(start, start + itemsAtOnce).flatMap(remove => remove(now) ?? []);
          if (parts.length === 0) return {result: undefined};
          const unchanged = {conditions: [{key: ledger.keys.topology, modRevision: now.modRevision}], operations: []};
          return {transaction: joinTransactions([unchanged, ...parts]), result: undefined};
        });
      }
    },
  };
}

/** Generations grow: what is older than the topology that is in force will never be. */
function* pastPlacements(ledger: Ledger): Generator<Removal> {
  for (const {value, modRevision} of ledger.tables.leftovers.placements()) {
    const key = ledger.keys.placement(value.generation, value.host);
    const isThere = () => ledger.tables.leftovers.placement(value.generation, value.host)?.modRevision === modRevision;
    yield ({value: {generation}}) => (value.generation < generation && isThere() ? removal(key, modRevision) : undefined);
  }
}

function* strayBlocks(ledger: Ledger): Generator<Removal> {
  const {keys} = ledger;
  for (const cidr of ledger.tables.blocks.keys()) {
    yield ({value: topology}) => {
      const block = ledger.tables.blocks.get(cidr);
      if (block === undefined || !isFree(ledger, block.value) || isInLeaf(topology, cidr)) return undefined;
      const {conditions, operations} = removal(keys.block(cidr), block.modRevision);
      return {conditions: [...conditions, {...keys.addressesIn(cidr), unchangedSince: 0}], operations};
    };
  }
}

/** Removes one key, if it is still as it was seen. */
export function removal(key: string, modRevision: number): {conditions: Condition[]; operations: Operation[]} {
  return {conditions: [{key, modRevision}], operations: [{delete: key}]};
}

function isFree({index}: Ledger, {host, cidr}: Block): boolean {
  return host === '' && index.countIn(cidr) === 0;
}

function isInLeaf({trees}: StoredTopology, cidr: Prefix): boolean {
  const tree = treeOf(trees, cidr);
  return tree !== undefined && pathTo(tree, cidr).at(-1)?.groups.length === 0;
}
