import {addressBits, familyOf, firstAddress, type Prefix, prefixLength, toNumber} from './prefix.ts';

/** Numbers from `start` up to, but without, `end`. */
export interface Range {
  readonly start: bigint;
  readonly end: bigint;
}

/** A set of numbers, kept as its runs: sorted ranges that neither overlap nor touch. Every operation is a binary search. */
export interface RangeSet {
  /** Returns false when some of the range was in the set before. */
  add(range: Range): boolean;
  remove(range: Range): void;
  /** The first run that has a number in common with the range. */
  firstOverlap(range: Range): Range | undefined;
  /** The run that holds the number. */
  runAt(value: bigint): Range | undefined;
  /** True when every number of the range is in the set. */
  covers(range: Range): boolean;
}

export function createRangeSet(ranges: Iterable<Range> = []): RangeSet {
  const runs: Range[] = [];

  function add({start, end}: Range): boolean {
    const from = firstIndex(runs, run => run.end >= start);
    const to = firstIndex(runs, run => run.start > end);
    const touched = runs.slice(from, to);
    const first = touched[0]?.start ?? start;
    const last = touched.at(-1)?.end ?? end;
    runs.splice(from, to - from, {start: first < start ? first : start, end: last > end ? last : end});
    return touched.every(run => run.end === start || run.start === end);
  }

  function remove({start, end}: Range): void {
    const from = firstIndex(runs, run => run.end > start);
    const to = firstIndex(runs, run => run.start >= end);
    const rest = runs.slice(from, to).flatMap(run => [
      {start: run.start, end: run.end < start ? run.end : start},
      {start: run.start > end ? run.start : end, end: run.end},
    ]);
    runs.splice(from, to - from, ...rest.filter(run => run.start < run.end));
  }

  function firstOverlap({start, end}: Range): Range | undefined {
    const run = runs[firstIndex(runs, candidate => candidate.end > start)];
    return run !== undefined && run.start < end ? run : undefined;
  }

  for (const range of ranges) add(range);
  const runAt = (value: bigint) => firstOverlap({start: value, end: value + 1n});
  return {add, remove, firstOverlap, runAt, covers: ({start, end}) => (runAt(start)?.end ?? start) >= end};
}

/** The addresses of a prefix as numbers. */
export function rangeOf(prefix: Prefix): Range {
  const start = toNumber(firstAddress(prefix));
  return {start, end: start + (1n << BigInt(addressBits[familyOf(prefix)] - prefixLength(prefix)))};
}

/** The index of the first item for which the test holds, where it holds for all items after that one too. */
export function firstIndex<Item>(items: readonly Item[], isAfter: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && isAfter(item)) high = middle;
    else low = middle + 1;
  }
  return low;
}
