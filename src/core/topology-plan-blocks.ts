import {addressBits, familyOf, joinPrefixes, overlaps, type Prefix, prefixLength, sizeOf} from './prefix.ts';
import {rangeOf} from './range-set.ts';
import type {Network} from './state.ts';

/** How many addresses a block has. */
export function blockSize({cidr, blockMask}: Network): bigint {
  return 1n << BigInt(addressBits[familyOf(cidr)] - blockMask);
}

/** How many blocks of a group can be owned: those that are not blacked out whole. */
export function ownableBlocks(network: Network, cidr: Prefix, blackouts: readonly Prefix[]): bigint {
  return sizeOf(cidr) / blockSize(network) - closedBlocks(commonParts(cidr, blackouts), network);
}

/** The parts of a group that blackouts, or other prefixes, close. */
export function commonParts(cidr: Prefix, blackouts: readonly Prefix[]): Prefix[] {
  const touching = blackouts.filter(blackout => overlaps(cidr, blackout));
  return joinPrefixes(touching.map(blackout => (prefixLength(blackout) < prefixLength(cidr) ? cidr : blackout)));
}

/** Whole blocks only: of others, some addresses are left. Blackouts that lie beside each other may cover one together. */
export function closedBlocks(closed: readonly Prefix[], network: Network): bigint {
  const size = blockSize(network);
  const runs: {start: bigint; end: bigint}[] = [];
  for (const {start, end} of closed.map(rangeOf)) {
    const last = runs.at(-1);
    if (last?.end === start) last.end = end;
    else runs.push({start, end});
  }
  return runs.reduce((sum, {start, end}) => {
    const [first, last] = [(start + size - 1n) / size, end / size];
    return last > first ? sum + last - first : sum;
  }, 0n);
}
