import test from 'ava';
import fc from 'fast-check';
import {addressBits, compareAddresses, contains, type Family, fromNumber, overlaps, type Prefix, prefixAt} from '../../src/core/prefix.ts';
import {createKeys, kindOfKey, reportKey} from '../../src/store/keys.ts';

const keys = createKeys('/romana');

const address = (family: Family) =>
  fc
    .bigInt({min: 0n, max: (1n << BigInt(addressBits[family])) - 1n})
    // Also small ones, whose digits begin with zeros.
    .chain(value => fc.constantFrom(value, value & 0xffffn))
    .map(value => fromNumber(value, family));
const anyFamily = fc.constantFrom<Family>('ipv4', 'ipv6');

test('keys of addresses are in the order of their values', t => {
  fc.assert(
    fc.property(
      anyFamily.chain(family => fc.tuple(address(family), address(family))),
      ([a, b]) => {
        const [keyA, keyB] = [keys.address(a), keys.address(b)];
        const order = keyA < keyB ? -1 : Number(keyA > keyB);
        return order === Math.sign(compareAddresses(a, b));
      },
    ),
  );
  t.is(keys.address(fromNumber(0x0a010008n, 'ipv4')), '/romana/addresses/ipv4/010.001.000.008');
});

test("a block's range of keys covers exactly its addresses", t => {
  const blockAndAddress = anyFamily.chain(family =>
    fc.record({
      block: fc.tuple(address(family), fc.integer({min: 0, max: addressBits[family]})).map(([ip, length]) => prefixAt(ip, length)),
      any: fc.oneof(address('ipv4'), address('ipv6')),
      near: fc.integer({min: -2, max: 2}),
    }),
  );
  fc.assert(
    fc.property(blockAndAddress, ({block, any, near}) => {
      const {from, to} = keys.addressesIn(block);
      const isInRange = (key: string) => key >= from && key <= to;
      const edges = neighbours(block, near);
      return [any, ...edges].every(ip => isInRange(keys.address(ip)) === contains(block, ip)) && isInRange(from) && isInRange(to);
    }),
  );
  t.pass();
});

test('all hosts and all blocks lie in their ranges, and nothing else does', t => {
  fc.assert(
    fc.property(fc.string({unit: 'grapheme', maxLength: 20}), address('ipv6'), (name, ip) => {
      const {from, to} = keys.allHosts;
      const isHost = (key: string) => key >= from && key <= to;
      const isBlock = (key: string) => key >= keys.allBlocks.from && key <= keys.allBlocks.to;
      const block = keys.block(prefixAt(ip, 122));
      const others = [keys.topology, keys.hostIp(ip), keys.address(ip), keys.name(name, 'ipv4'), keys.barrier(name)];
      return isHost(keys.host(name)) && isBlock(block) && !isHost(block) && !others.some(key => isHost(key) || isBlock(key));
    }),
  );
  t.pass();
});

test('a range of blocks holds those that lie in a prefix, and none that comes before it or after', t => {
  const inside = fc.record({
    ip: fc.oneof(address('ipv4'), address('ipv6')),
    outer: fc.integer({min: 8, max: 32}),
    more: fc.integer({min: 0, max: 8}),
  });
  fc.assert(
    fc.property(inside, fc.oneof(address('ipv4'), address('ipv6')), ({ip, outer, more}, other) => {
      const bits = ip.includes(':') ? 128 : 32;
      const prefix = prefixAt(ip, outer);
      const {from, to} = keys.blocksIn(prefix);
      const isInRange = (key: string) => key >= from && key <= to;
      const block = prefixAt(ip, Math.min(bits, outer + more));
      const elsewhere = prefixAt(other, other.includes(':') ? 122 : 29);
      const isSameFamily = elsewhere.includes(':') === prefix.includes(':');
      return isInRange(keys.block(block)) && (!isSameFamily || overlaps(prefix, elsewhere) || !isInRange(keys.block(elsewhere)));
    }),
  );
  t.pass();
});

test('the segments of a tenant lie in its range, and those of others do not', t => {
  const tenant = fc.string({unit: fc.constantFrom(...'aA1._-'), minLength: 1, maxLength: 3});
  fc.assert(
    fc.property(tenant, tenant, tenant, (own, other, name) => {
      const {from, to} = keys.segmentsOf(own);
      const isInRange = (key: string) => key >= from && key <= to;
      const others = [keys.tenant(own), keys.tenant(other), ...(other === own ? [] : [keys.segment(other, name)])];
      return isInRange(keys.segment(own, name)) && !others.some(isInRange);
    }),
  );
  t.pass();
});

test('two different things never share a key', t => {
  const name = fc.string({unit: 'grapheme', minLength: 1, maxLength: 12});
  const tricky = fc.constantFrom('a/b', 'a%2Fb', 'a', 'a/', '%', '..', 'A', 'ipv4/a', '*', 'ä', 'ä');
  fc.assert(
    fc.property(fc.oneof(name, tricky), fc.oneof(name, tricky), (a, b) => {
      const all = [a, b].map(text => [
        keys.host(text),
        keys.name(text, 'ipv4'),
        keys.name(text, 'ipv6'),
        keys.barrier(text),
        keys.tenant(text),
        keys.vip(text),
        keys.vipHolder(text),
        keys.segment(text, 'a'),
        keys.segment('x', text),
        ...(text === a ? [keys.topology] : []),
      ]);
      const distinct = a === b ? all.slice(0, 1) : all;
      return new Set(distinct.flat()).size === distinct.flat().length;
    }),
  );
  const [wide, narrow] = ['10.0.0.0/28', '10.0.0.0/29'].map(cidr => keys.block(cidr as Prefix));
  t.not(wide, narrow);
});

test('kinds of keys are told by their beginning, and foreign keys have none', t => {
  t.is(kindOfKey(keys, keys.topology), 'topology');
  t.is(kindOfKey(keys, keys.host('a/b')), 'host');
  t.is(kindOfKey(keys, keys.tenant('a')), 'tenant');
  t.is(kindOfKey(keys, keys.segment('a', 'b')), 'segment');
  t.is(kindOfKey(keys, keys.vip('a/b')), 'vip');
  t.is(kindOfKey(keys, keys.vipHolder('a/b')), 'vipHolder');
  t.is(kindOfKey(keys, keys.name('hosts', 'ipv4')), undefined);
  t.is(kindOfKey(keys, '/romana/something'), undefined);
});

test('a prefix is taken with or without slashes around it', t => {
  for (const prefix of ['romana', '/romana', '/romana/', '//romana//']) t.is(createKeys(prefix).all, '/romana/');
  t.is(createKeys('/a/b').topology, '/a/b/topology');
});

/** The addresses at both edges of a block, inside and outside. */
function neighbours(block: Prefix, offset: number) {
  const [base = '', length = ''] = block.split('/');
  const family: Family = base.includes(':') ? 'ipv6' : 'ipv4';
  const bits = addressBits[family];
  const size = 1n << BigInt(bits - Number(length));
  const start = BigInt(`0x${keyDigits(base, family)}`);
  return [start + BigInt(offset), start + size - 1n + BigInt(offset)]
    .filter(value => value >= 0n && value < 1n << BigInt(bits))
    .map(value => fromNumber(value, family));
}

function keyDigits(text: string, family: Family): string {
  const last =
    keys
      .address(text as Parameters<typeof keys.address>[0])
      .split('/')
      .at(-1) ?? '';
  if (family === 'ipv6') return last.replaceAll(':', '');
  return last
    .split('.')
    .map(part => Number(part).toString(16).padStart(2, '0'))
    .join('');
}

test('reports lie outside what a mirror of the state follows, and say whose they are', t => {
  for (const host of ['host-1', 'node/1', 'köln 1', '..', 'report']) {
    t.deepEqual(reportKey(keys, keys.report(host)), {host, part: 'report'});
    t.deepEqual(reportKey(keys, keys.beat(host)), {host, part: 'beat'});
    for (const key of [keys.report(host), keys.beat(host)]) {
      t.false(key.startsWith(keys.all));
      t.true(key.startsWith(keys.allReports));
      t.is(kindOfKey(keys, key), undefined);
    }
    t.is(reportKey(keys, keys.host(host)), undefined);
  }
  t.is(reportKey(keys, `${keys.report('host-1')}/more`), undefined);
  t.is(reportKey(keys, `${keys.allReports}host-1`), undefined);
});
