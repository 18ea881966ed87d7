import {type Family, familyOf, firstAddress, lastAddress, type Prefix, toNumber} from './prefix.ts';
import {firstIndex} from './range-set.ts';
import type {Block, State} from './state.ts';

/**
 * Tells whether the store itself has taken a prefix from the host: its block, or every block inside it, has another owner or none, or the host is
 * drained; or it is a VIP that the host does not hold any more (`formerVips`). What the store does not know at all has not been released: a store
 * that lost its content must not empty the network.
 */
export function createReleased(
  {blocks, hosts}: Pick<State, 'blocks' | 'hosts'>,
  hostName: string,
  formerVips: readonly Prefix[] = [],
): (prefix: Prefix) => boolean {
  if (hosts.get(hostName)?.drained === true) return () => true;
  const vips = new Set(formerVips);
  let sorted: ReturnType<typeof sortByFamily> | undefined;
  return prefix => {
    if (vips.has(prefix)) return true;
    const exact = blocks.get(prefix);
    if (exact !== undefined) return exact.host !== hostName;
    sorted ??= sortByFamily(blocks.values());
    const inside = blocksInside(prefix, sorted[familyOf(prefix)]);
    return inside.length > 0 && inside.every(({host}) => host !== hostName);
  };
}

interface Placed {
  readonly start: bigint;
  readonly block: Block;
}

function sortByFamily(blocks: Iterable<Block>): Readonly<Record<Family, readonly Placed[]>> {
  const sorted: Record<Family, Placed[]> = {ipv4: [], ipv6: []};
  for (const block of blocks) sorted[familyOf(block.cidr)].push({start: toNumber(firstAddress(block.cidr)), block});
  for (const placed of Object.values(sorted)) placed.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  return sorted;
}

function blocksInside(prefix: Prefix, placed: readonly Placed[]): Block[] {
  const first = toNumber(firstAddress(prefix));
  const last = toNumber(lastAddress(prefix));
  const from = firstIndex(placed, ({start}) => start >= first);
  return placed
    .slice(
      from,
      firstIndex(placed, ({start}) => start > last),
    )
    .map(({block}) => block);
}
