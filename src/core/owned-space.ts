import {
  addressBits,
  compareRanges,
  type Family,
  familyOf,
  fromNumber,
  type Prefix,
  type PrefixRange,
  prefixLength,
  rangeOf,
} from './prefix.ts';

/** A prefix that somebody has. */
export interface OwnedPrefix {
  readonly prefix: Prefix;
  readonly owner: string;
}

/** What somebody has. Without `isWanted` it is only in the way of what others have. */
export interface Claim extends OwnedPrefix {
  readonly isWanted: boolean;
  /** Space up to which what the owner has may be rounded, if nobody else has any of it. */
  readonly bound?: Prefix | undefined;
  /** Nobody else will ever have any of the bound: the owner's part of it is taken for the whole, so that it stays the same whatever comes and goes. */
  readonly isBoundOwn?: boolean;
}

/**
 * Few prefixes that cover all that is wanted, none of them anything that another owner has. Neighbours of one owner become the smallest prefix
 * around them, gaps that nobody has included, as far as their bound goes; without one only neighbouring halves are joined. Sorted by value.
 */
export function coverClaims(claims: readonly Claim[]): OwnedPrefix[] {
  return (['ipv4', 'ipv6'] as const).flatMap(family => coverFamily(claims, family));
}

interface Range extends PrefixRange {
  readonly claim: Claim;
}

interface Cover {
  readonly first: bigint;
  readonly length: number;
  readonly owner: string;
  /** Where it is no more than one claim. */
  readonly prefix?: Prefix;
}

function coverFamily(claims: readonly Claim[], family: Family): OwnedPrefix[] {
  const ranges = claims
    .filter(({prefix}) => familyOf(prefix) === family)
    .map(claim => ({...rangeOf(claim.prefix), claim}))
    .sort(compareRanges);
  const bits = addressBits[family];
  const covers: Cover[] = [];
  /** The ranges from one index to another (both included) are of one owner and one bound. */
  const cover = (from: number, to: number) => {
    const [start, end] = [ranges[from], ranges[to]];
    if (start === undefined || end === undefined) return;
    const {owner, bound, isBoundOwn} = start.claim;
    const length = from === to ? prefixLength(start.claim.prefix) : commonLength(start.first, end.last, bits);
    const isAlone = (size: number) => {
      const around = spaceAt(start.first, size, bits);
      return !meets(around, ranges[from - 1]) && !meets(around, ranges[to + 1]);
    };
    const boundLength = bound === undefined ? bits : prefixLength(bound);
    if (isBoundOwn === true && length > boundLength && isAlone(boundLength)) {
      covers.push({first: spaceAt(start.first, boundLength, bits).first, length: boundLength, owner});
    } else if (from === to) covers.push({first: start.first, length, owner, prefix: start.claim.prefix});
    else if (isAlone(length)) covers.push({first: spaceAt(start.first, length, bits).first, length, owner});
    else {
      const middle = firstFrom(ranges, from, upperHalf(start.first, length, bits));
      cover(from, middle - 1);
      cover(middle, to);
    }
  };
  for (let from = 0; from < ranges.length; ) {
    const run = ranges[from]?.claim;
    let to = from;
    while (run?.bound !== undefined && isSameRun(run, ranges[to + 1]?.claim)) to++;
    if (run?.isWanted === true) cover(from, to);
    from = to + 1;
  }
  return joinHalves(covers, bits).map(({first, length, owner, prefix}) => ({
    prefix: prefix ?? (`${fromNumber(first, family)}/${length}` as Prefix),
    owner,
  }));
}

function isSameRun(a: Claim | undefined, b: Claim | undefined): boolean {
  return a !== undefined && b !== undefined && a.owner === b.owner && a.bound === b.bound && a.isWanted === b.isWanted;
}

function commonLength(first: bigint, last: bigint, bits: number): number {
  const different = first ^ last;
  return different === 0n ? bits : bits - different.toString(2).length;
}

function spaceAt(address: bigint, length: number, bits: number): {readonly first: bigint; readonly last: bigint} {
  const size = 1n << BigInt(bits - length);
  const first = address & ~(size - 1n);
  return {first, last: first + size - 1n};
}

function upperHalf(address: bigint, length: number, bits: number): bigint {
  return spaceAt(address, length, bits).first + (1n << BigInt(bits - length - 1));
}

function meets({first, last}: {readonly first: bigint; readonly last: bigint}, other: Range | undefined): boolean {
  return other !== undefined && other.first <= last && other.last >= first;
}

function firstFrom(ranges: readonly Range[], from: number, value: bigint): number {
  let index = from;
  while ((ranges[index]?.first ?? value) < value) index++;
  return index;
}

/** Joins neighbouring halves of one owner, and drops what lies in the one before. */
function joinHalves(covers: readonly Cover[], bits: number): Cover[] {
  const joined: Cover[] = [];
  for (let cover of covers) {
    let last = joined.at(-1);
    if (last !== undefined && last.owner === cover.owner && cover.first <= spaceAt(last.first, last.length, bits).last) continue;
    while (last !== undefined && isOtherHalf(last, cover, bits)) {
      joined.pop();
      cover = {first: last.first, length: last.length - 1, owner: last.owner};
      last = joined.at(-1);
    }
    joined.push(cover);
  }
  return joined;
}

function isOtherHalf(a: Cover, b: Cover, bits: number): boolean {
  if (a.owner !== b.owner || a.length !== b.length || a.length === 0 || a.first === b.first) return false;
  return spaceAt(a.first, a.length - 1, bits).first === spaceAt(b.first, a.length - 1, bits).first;
}
