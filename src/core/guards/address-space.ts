import {addressBits, type Family, familyOf, fromNumber, type Prefix} from '../prefix.ts';
import {firstIndex, type Range, rangeOf} from '../range-set.ts';

/** The addresses of many prefixes together, both families. */
export interface AddressSpace {
  /** The parts of a prefix that are not in the space, as the fewest prefixes, by value; none when all of it is. */
  missingOf(prefix: Prefix): Prefix[];
}

export function createAddressSpace(prefixes: readonly Prefix[]): AddressSpace {
  const runs: Record<Family, Range[]> = {ipv4: [], ipv6: []};
  for (const prefix of prefixes) runs[familyOf(prefix)].push(rangeOf(prefix));
  const joined = {ipv4: joinRanges(runs.ipv4), ipv6: joinRanges(runs.ipv6)};
  return {
    missingOf(prefix) {
      const family = familyOf(prefix);
      return gaps(rangeOf(prefix), joined[family]).flatMap(gap => prefixesOf(gap, family));
    },
  };
}

/** The items of the first list that the second one has not. Fast where the lists begin and end alike, as two renders of a template do. */
export function itemsOnlyIn<Item>(items: readonly Item[], others: readonly Item[]): Item[] {
  const shorter = Math.min(items.length, others.length);
  let head = 0;
  while (head < shorter && items[head] === others[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && items[items.length - 1 - tail] === others[others.length - 1 - tail]) tail += 1;
  const middle = items.slice(head, items.length - tail);
  // For a few items a set of all others costs more than it saves.
  if (middle.length < fewItems) return middle.filter(item => !others.includes(item));
  const known = new Set(others);
  return middle.filter(item => !known.has(item));
}

const fewItems = 10;

function joinRanges(ranges: Range[]): Range[] {
  const joined: Range[] = [];
  for (const range of ranges.sort(byStart)) {
    const last = joined.at(-1);
    if (last === undefined || range.start > last.end) joined.push(range);
    else if (range.end > last.end) joined[joined.length - 1] = {start: last.start, end: range.end};
  }
  return joined;
}

function byStart(a: Range, b: Range): number {
  if (a.start === b.start) return 0;
  return a.start < b.start ? -1 : 1;
}

function gaps({start, end}: Range, runs: readonly Range[]): Range[] {
  const found: Range[] = [];
  let from = start;
  for (let index = firstIndex(runs, run => run.end > start); from < end; index += 1) {
    const run = runs[index];
    const to = run === undefined || run.start > end ? end : run.start;
    if (from < to) found.push({start: from, end: to});
    if (run === undefined) break;
    from = run.end;
  }
  return found;
}

function prefixesOf({start, end}: Range, family: Family): Prefix[] {
  const bits = addressBits[family];
  const prefixes: Prefix[] = [];
  for (let from = start; from < end; ) {
    let hostBits = 0;
    while (hostBits < bits && isAligned(from, hostBits + 1) && from + (1n << BigInt(hostBits + 1)) <= end) hostBits += 1;
    prefixes.push(`${fromNumber(from, family)}/${bits - hostBits}` as Prefix);
    from += 1n << BigInt(hostBits);
  }
  return prefixes;
}

function isAligned(value: bigint, hostBits: number): boolean {
  return (value & ((1n << BigInt(hostBits)) - 1n)) === 0n;
}
