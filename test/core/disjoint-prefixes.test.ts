import test from 'ava';
import fc from 'fast-check';
import {withPrefix} from '../../src/core/disjoint-prefixes.ts';
import {comparePrefixes, contains, fromNumber, type Prefix, prefixAt} from '../../src/core/prefix.ts';

const prefix = fc.oneof(
  fc
    .record({number: fc.nat(255), length: fc.integer({min: 24, max: 32})})
    .map(({number, length}) => prefixAt(fromNumber(BigInt(number), 'ipv4'), length)),
  fc
    .record({number: fc.nat(255), length: fc.integer({min: 120, max: 128})})
    .map(({number, length}) => prefixAt(fromNumber(BigInt(number), 'ipv6'), length)),
);

test('a list of prefixes, none in another, agrees with what one does by hand', t => {
  fc.assert(
    fc.property(fc.array(prefix, {maxLength: 40}), prefixes => {
      let list: readonly Prefix[] = [];
      for (const added of prefixes) {
        const after = withPrefix(list, added);
        if (list.some(other => contains(other, added))) t.is(after, list, 'what is covered changes nothing');
        else t.deepEqual(after, [...list.filter(other => !contains(added, other)), added].sort(comparePrefixes));
        list = after;
      }
    }),
  );
});
