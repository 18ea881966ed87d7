import test from 'ava';
import fc from 'fast-check';
import {createAddressSpace, itemsOnlyIn} from '../../src/core/guards/address-space.ts';
import {
  addressBits,
  type Family,
  familyOf,
  firstAddress,
  fromNumber,
  joinPrefixes,
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixAt,
  sizeOf,
  toNumber,
} from '../../src/core/prefix.ts';

// A small part at the end of each family, so that prefixes meet and the last address of all is among them.
const nearPrefix = fc
  .record({family: fc.constantFrom<Family>('ipv4', 'ipv6'), offset: fc.nat(63), hostBits: fc.nat(6)})
  .map(({family, offset, hostBits}) => {
    const bits = addressBits[family];
    return prefixAt(fromNumber((1n << BigInt(bits)) - 64n + BigInt(offset), family), bits - hostBits);
  });
const nearPrefixes = fc.array(nearPrefix, {maxLength: 12});

function addressesOf(prefix: Prefix): string[] {
  const start = toNumber(firstAddress(prefix));
  return Array.from({length: Number(sizeOf(prefix))}, (_, index) => fromNumber(start + BigInt(index), familyOf(prefix)));
}

test('what is missing of a prefix is what no other prefix has, address by address', t => {
  fc.assert(
    fc.property(nearPrefixes, nearPrefix, (prefixes, prefix) => {
      const covered = new Set(prefixes.flatMap(addressesOf));
      const missing = createAddressSpace(prefixes).missingOf(prefix);
      t.deepEqual(
        missing.flatMap(addressesOf),
        addressesOf(prefix).filter(address => !covered.has(address)),
      );
      t.deepEqual(missing, joinPrefixes(missing));
    }),
  );
});

test('of the whole of a family all but a prefix is missing', t => {
  const space = createAddressSpace([parsePrefix('128.0.0.0/1'), parsePrefix('::/0')]);
  t.deepEqual(space.missingOf(parsePrefix('0.0.0.0/0')), [parsePrefix('0.0.0.0/1')]);
  t.deepEqual(space.missingOf(parsePrefix('::/0')), []);
  t.is(createAddressSpace([prefixAt(parseAddress('::1'), 128)]).missingOf(parsePrefix('::/0')).length, 128);
});

test('the items of one list that the other has not', t => {
  const items = fc.array(fc.nat(20), {maxLength: 20});
  fc.assert(
    fc.property(items, items, items, items, (head, a, b, tail) => {
      const [left, right] = [
        [...head, ...a, ...tail],
        [...head, ...b, ...tail],
      ];
      t.deepEqual(new Set(itemsOnlyIn(left, right)), new Set(left.filter(item => !right.includes(item))));
    }),
  );
});
