import {renderCount} from './bar.ts';
import type {Column} from './table.ts';
import type {BlockView} from './wire.ts';

/** What a host, a tenant or a segment holds: the columns of holdingCells. */
export const holdingColumns: readonly Column[] = [{heading: 'Blocks'}, {heading: 'Addresses'}];

/** How many of these blocks somebody owns, and how many addresses are in use in them. */
export function holdingCells(blocks: readonly BlockView[] = []): string[] {
  const owned = blocks.filter(({host}) => host !== '');
  return [owned.length, owned.reduce((sum, {allocated_ip_count}) => sum + allocated_ip_count, 0)].map(renderCount);
}
