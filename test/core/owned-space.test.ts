import test from 'ava';
import fc from 'fast-check';
import {type Claim, coverClaims} from '../../src/core/owned-space.ts';
import {contains, overlaps, type Prefix, parsePrefix, subPrefix} from '../../src/core/prefix.ts';

const spaces = [parsePrefix('10.1.0.0/24'), parsePrefix('fd00::/120')];
const owners = ['a', 'b', 'c'];

/** Blocks of eight addresses, each with an owner or none, in halves that some owners have for themselves. */
const claims = fc.array(fc.constantFrom('', ...owners), {minLength: 64, maxLength: 64}).chain(slots =>
  fc.record({
    slots: fc.constant(slots),
    isWanted: fc.array(fc.boolean(), {minLength: 64, maxLength: 64}),
    boundLength: fc.constantFrom(undefined, 0, 1, 2),
  }),
);

function claimsOf(slots: readonly string[], isWanted: readonly boolean[], boundLength: number | undefined): Claim[] {
  return slots.flatMap((owner, index) => {
    const space = spaces[index % 2];
    if (owner === '' || space === undefined) return [];
    const length = Number(space.split('/')[1]);
    const position = Math.floor(index / 2);
    const prefix = subPrefix(space, length + 5, position);
    const bound = boundLength === undefined ? undefined : subPrefix(space, length + boundLength, position >> (5 - boundLength));
    return [{prefix, owner, isWanted: isWanted[index] ?? true, bound}];
  });
}

test('all that is wanted is covered by its owner, nothing that another has is, and no bound is left', t => {
  fc.assert(
    fc.property(claims, ({slots, isWanted, boundLength}) => {
      const all = claimsOf(slots, isWanted, boundLength);
      const covers = coverClaims(all);
      for (const {prefix, owner} of all.filter(claim => claim.isWanted)) {
        t.is(
          covers
            .filter(cover => contains(cover.prefix, prefix))
            .map(cover => cover.owner)
            .join(),
          owner,
        );
      }
      for (const cover of covers) {
        const met = all.filter(({prefix}) => overlaps(prefix, cover.prefix));
        t.true(met.every(({owner}) => owner === cover.owner) && met.some(claim => claim.isWanted));
        // Joined halves of several bounds that are all taken are no more than what was wanted.
        const isBounded = met.some(({bound}) => bound === undefined || contains(bound, cover.prefix));
        t.true(isBounded || met.every(({bound}) => bound !== undefined && contains(cover.prefix, bound)));
      }
    }),
    {numRuns: 300},
  );
});

test('neighbouring covers of one owner could not be one within their bound', t => {
  fc.assert(
    fc.property(claims, ({slots}) => {
      const all = claimsOf(slots, [], 0);
      const covers = coverClaims(all);
      for (const [index, cover] of covers.entries()) {
        const next = covers[index + 1];
        if (next === undefined || next.owner !== cover.owner || cover.prefix.includes(':') !== next.prefix.includes(':')) continue;
        const around = smallestAround(cover.prefix, next.prefix);
        t.true(
          all.some(({prefix, owner}) => owner !== cover.owner && overlaps(prefix, around)),
          `${cover.prefix} ${next.prefix}`,
        );
      }
    }),
    {numRuns: 300},
  );
});

function smallestAround(a: Prefix, b: Prefix): Prefix {
  const [address = '', length = ''] = a.split('/');
  for (let size = Number(length); size > 0; size--) {
    const around = parsePrefix(`${address}/${size}`);
    if (contains(around, a) && contains(around, b)) return around;
  }
  throw new Error(`nothing is around ${a} and ${b}`);
}
