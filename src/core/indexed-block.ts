import {prefixLength} from './prefix.ts';
import type {Range} from './range-set.ts';
import type {Block} from './state.ts';

/** A block, and its place among the blocks of its owner: the revision that it was claimed (or became free) with. */
export interface IndexedBlock {
  readonly block: Block;
  readonly range: Range;
  readonly revision: number;
}

/** The order in which blocks were claimed, or became free; by value where one change did it to several. */
export function compareByAge(a: IndexedBlock, b: IndexedBlock): number {
  return a.revision - b.revision || compareValues(a.range.start, b.range.start) || prefixLength(a.block.cidr) - prefixLength(b.block.cidr);
}

function compareValues(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
