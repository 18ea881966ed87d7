import {addressBits, type Family, familyOf, firstAddress, joinPrefixes, type Prefix, sizeOf, toNumber} from '../core/prefix.ts';
import {firstIndex, type Range, rangeOf} from '../core/range-set.ts';

/** How much of a prefix is in use. */
export interface Usage {
  readonly blocks: Count;
  readonly addresses: Count;
}

/** What is blacked out is neither used nor free. */
export interface Count {
  readonly used: bigint;
  readonly free: bigint;
  readonly blackedOut: bigint;
}

export interface BlockCount {
  readonly cidr: Prefix;
  /** Empty when nobody owns the block. */
  readonly host: string;
  readonly addresses: number;
}

/** Tells the usage of a prefix that is divided into blocks of that length. */
export type UsageOf = (cidr: Prefix, blockLength: number) => Usage;

/** Sums all blocks up once, so that each prefix costs two binary searches however many blocks there are. */
export function createUsage(blocks: readonly BlockCount[], blackouts: readonly Prefix[]): UsageOf {
  const sums = {ipv4: runningSums(blocks, 'ipv4'), ipv6: runningSums(blocks, 'ipv6')};
  const closed = Map.groupBy(joinPrefixes(blackouts), familyOf);
  return (cidr, blockLength) => {
    const family = familyOf(cidr);
    const {start, end} = rangeOf(cidr);
    const [before, upTo] = [sumsBefore(sums[family], start), sumsBefore(sums[family], end)];
    const closedSizes = (closed.get(family) ?? []).map(prefix => commonSize(rangeOf(prefix), {start, end}));
    const blockSize = 1n << BigInt(addressBits[family] - blockLength);
    return {
      // A block of which some addresses are left is not lost.
      blocks: countOf(sizeOf(cidr) / blockSize, upTo.blocks - before.blocks, sumOf(closedSizes.map(size => size / blockSize))),
      addresses: countOf(sizeOf(cidr), upTo.addresses - before.addresses, sumOf(closedSizes)),
    };
  };
}

export function sumCounts(counts: readonly Count[]): Count {
  const sum = (field: keyof Count) => sumOf(counts.map(count => count[field]));
  return {used: sum('used'), free: sum('free'), blackedOut: sum('blackedOut')};
}

interface Sums {
  readonly start: bigint;
  /** Of this block and all before it. */
  readonly blocks: number;
  readonly addresses: number;
}

function runningSums(blocks: readonly BlockCount[], family: Family): Sums[] {
  const sorted = blocks
    .filter(({cidr}) => familyOf(cidr) === family)
    .map(({cidr, host, addresses}) => ({start: toNumber(firstAddress(cidr)), isOwned: host !== '', addresses}))
    .sort((a, b) => (a.start < b.start ? -1 : 1));
  let [owned, used] = [0, 0];
  return sorted.map(({start, isOwned, addresses}) => {
    owned += isOwned ? 1 : 0;
    used += addresses;
    return {start, blocks: owned, addresses: used};
  });
}

function sumsBefore(sums: readonly Sums[], end: bigint): {readonly blocks: number; readonly addresses: number} {
  return sums[firstIndex(sums, ({start}) => start >= end) - 1] ?? {blocks: 0, addresses: 0};
}

function commonSize(a: Range, b: Range): bigint {
  const start = a.start > b.start ? a.start : b.start;
  const end = a.end < b.end ? a.end : b.end;
  return end > start ? end - start : 0n;
}

function countOf(total: bigint, usedCount: number, blackedOut: bigint): Count {
  const used = BigInt(usedCount);
  const free = total - used - blackedOut;
  return {used, free: free > 0n ? free : 0n, blackedOut};
}

function sumOf(values: readonly bigint[]): bigint {
  return values.reduce((sum, value) => sum + value, 0n);
}
