import test from 'ava';
import fc from 'fast-check';
import {
  type Address,
  addressBits,
  compareAddresses,
  comparePrefixes,
  contains,
  type Family,
  familyOf,
  firstAddress,
  fromNumber,
  hostPrefix,
  isAddress,
  joinPrefixes,
  lastAddress,
  overlaps,
  type Prefix,
  parseAddress,
  parseInterfaceAddress,
  parsePrefix,
  prefixAt,
  prefixLength,
  sizeOf,
  subPrefix,
  toNumber,
} from '../../src/core/prefix.ts';

const family = fc.constantFrom<Family>('ipv4', 'ipv6');
const address = family.chain(kind => fc.bigInt(0n, (1n << BigInt(addressBits[kind])) - 1n).map(value => fromNumber(value, kind)));
const prefix = address.chain(ip => fc.nat(addressBits[familyOf(ip)]).map(length => prefixAt(ip, length)));
// A small part of each family, so that prefixes meet.
const nearPrefix = fc.record({kind: family, offset: fc.nat(31), hostBits: fc.nat(5)}).map(({kind, offset, hostBits}) => {
  const base = kind === 'ipv4' ? toNumber(parseAddress('10.255.255.0')) : toNumber(parseAddress('2001:db8::ffe0'));
  return prefixAt(fromNumber(base + BigInt(offset), kind), addressBits[kind] - hostBits);
});

const model = (value: Prefix) => ({start: toNumber(firstAddress(value)), size: sizeOf(value), family: familyOf(value)});

function addressesOf(value: Prefix): Address[] {
  const {start, size} = model(value);
  return Array.from({length: Number(size)}, (_, index) => fromNumber(start + BigInt(index), familyOf(value)));
}

for (const [text, canonical] of [
  ['10.0.0.5/24', '10.0.0.0/24'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['255.255.255.255/32', '255.255.255.255/32'],
  ['2001:DB8:0:0::5/64', '2001:db8::/64'],
  ['::/0', '::/0'],
]) {
  test(`${text} is the prefix ${canonical}`, t => {
    t.is<string, string>(parsePrefix(text ?? ''), canonical ?? '');
  });
}

for (const text of [
  '',
  '10.0.0.0',
  '10.0.0.0/',
  '10.0.0.0/33',
  '10.0.0/24',
  '010.0.0.0/8',
  '0x0a.0.0.0/8',
  '::/129',
  'fe80::1%eth0/64',
  '10.0.0.0/-1',
  '10.0.0.0/8 ',
  'x/8',
]) {
  test(`${JSON.stringify(text)} is no prefix`, t => {
    t.throws(() => parsePrefix(text), {code: 'ERR_PREFIX'});
  });
}

for (const text of ['', '1', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', 'fe80::1%lo', '1.2.3.4/32', ':::']) {
  test(`${JSON.stringify(text)} is no address`, t => {
    t.false(isAddress(text));
    t.throws(() => parseAddress(text), {code: 'ERR_ADDRESS'});
  });
}

test('an interface address keeps its host bits beside its prefix', t => {
  t.deepEqual(parseInterfaceAddress('192.168.20.30/24'), {
    address: parseAddress('192.168.20.30'),
    prefix: parsePrefix('192.168.20.0/24'),
    length: 24,
  });
});

test('a sub-prefix outside of its prefix is refused', t => {
  t.is<string, string>(subPrefix(parsePrefix('10.0.0.0/16'), 18, 3), '10.0.192.0/18');
  t.throws(() => subPrefix(parsePrefix('10.0.0.0/16'), 18, 4), {instanceOf: RangeError});
  t.throws(() => subPrefix(parsePrefix('10.0.0.0/16'), 8, 0), {instanceOf: RangeError});
});

test('an address printed and parsed again is the same', t => {
  fc.assert(
    fc.property(
      address,
      ip => parseAddress(ip) === ip && fromNumber(toNumber(ip), familyOf(ip)) === ip && parsePrefix(hostPrefix(ip)) === hostPrefix(ip),
    ),
  );
  t.pass();
});

test('a prefix printed and parsed again is the same', t => {
  fc.assert(
    fc.property(prefix, value => parsePrefix(value) === value && parsePrefix(`${lastAddress(value)}/${prefixLength(value)}`) === value),
  );
  t.pass();
});

test('contains and overlaps agree with ranges of numbers', t => {
  const pair = fc.oneof(fc.tuple(nearPrefix, nearPrefix), fc.tuple(prefix, prefix));
  fc.assert(
    fc.property(pair, ([a, b]) => {
      const [x, y] = [model(a), model(b)];
      const isInside = x.family === y.family && x.start <= y.start && y.start + y.size <= x.start + x.size;
      const isMeeting = x.family === y.family && x.start < y.start + y.size && y.start < x.start + x.size;
      return (
        contains(a, b) === isInside &&
        overlaps(a, b) === isMeeting &&
        contains(a, firstAddress(b)) === contains(a, hostPrefix(firstAddress(b)))
      );
    }),
  );
  t.pass();
});

test('addresses and prefixes are ordered by family, value, length', t => {
  fc.assert(
    fc.property(fc.oneof(fc.tuple(nearPrefix, nearPrefix), fc.tuple(prefix, prefix)), ([a, b]) => {
      const [x, y] = [model(a), model(b)];
      const byFamily = x.family === y.family ? 0 : x.family === 'ipv4' ? -1 : 1;
      const byValue = x.start === y.start ? 0 : x.start < y.start ? -1 : 1;
      const addresses = byFamily || byValue;
      const prefixes = addresses || Math.sign(prefixLength(a) - prefixLength(b));
      return Math.sign(compareAddresses(firstAddress(a), firstAddress(b))) === addresses && Math.sign(comparePrefixes(a, b)) === prefixes;
    }),
  );
  t.pass();
});

test('joined prefixes cover exactly the same addresses', t => {
  fc.assert(
    fc.property(fc.array(nearPrefix, {maxLength: 20}), prefixes => {
      const joined = joinPrefixes(prefixes);
      const covered = new Set(prefixes.flatMap(addressesOf));
      t.deepEqual(joined.flatMap(addressesOf), [...covered].sort(compareAddresses));
    }),
  );
});

test('joined prefixes are sorted, apart from each other, and no two can be joined further', t => {
  fc.assert(
    fc.property(fc.array(nearPrefix, {maxLength: 20}), prefixes => {
      const joined = joinPrefixes(prefixes);
      t.deepEqual(joined, joined.toSorted(comparePrefixes));
      for (const [index, value] of joined.entries()) {
        for (const other of joined.slice(index + 1)) {
          const parent = prefixAt(firstAddress(value), prefixLength(value) - 1);
          t.false(overlaps(value, other) || (prefixLength(other) === prefixLength(value) && contains(parent, other)));
        }
      }
    }),
  );
});

test('the two halves of everything join to everything', t => {
  t.deepEqual(joinPrefixes([parsePrefix('128.0.0.0/1'), parsePrefix('0.0.0.0/1')]), [parsePrefix('0.0.0.0/0')]);
  t.deepEqual(joinPrefixes([parsePrefix('8000::/1'), parsePrefix('::/1')]), [parsePrefix('::/0')]);
});
