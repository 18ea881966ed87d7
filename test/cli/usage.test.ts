import test from 'ava';
import fc from 'fast-check';
import {createUsage} from '../../src/cli/usage.ts';
import {contains, type Prefix, parseAddress, parsePrefix, prefixLength, sizeOf, subPrefix} from '../../src/core/prefix.ts';

const net = parsePrefix('10.0.0.0/24');
const blockLength = 29;
const blocks = fc.uniqueArray(
  fc.record({index: fc.integer({min: 0, max: 31}), host: fc.constantFrom('', 'h1', 'h2'), addresses: fc.integer({min: 0, max: 8})}),
  {selector: ({index}) => index, maxLength: 32},
);
const prefixIn24 = fc
  .integer({min: 24, max: 32})
  .chain(length => fc.integer({min: 0, max: 2 ** (length - 24) - 1}).map(index => subPrefix(net, length, index)));

test('usage is what counting address by address gives', t => {
  fc.assert(
    fc.property(blocks, fc.array(prefixIn24, {maxLength: 6}), fc.integer({min: 0, max: 255}), (owned, closed, seed) => {
      const list = owned.map(({index, host, addresses}) => ({
        cidr: subPrefix(net, blockLength, index),
        host,
        addresses: host === '' ? 0 : addresses,
      }));
      // As the daemon has it: no range is blacked out over a block in use.
      const blackouts = closed.filter(prefix =>
        list.every(({cidr, host}) => host === '' || !(contains(prefix, cidr) || contains(cidr, prefix))),
      );
      const group = subPrefix(net, 24 + (seed % 6), seed % 2 ** (seed % 6));
      const {blocks: blockCount, addresses} = createUsage(list, blackouts)(group, blockLength);

      const within = list.filter(({cidr, host}) => host !== '' && contains(group, cidr));
      const all = Array.from({length: 256}, (_, last) => parseAddress(`10.0.0.${last}`)).filter(address => contains(group, address));
      const isOut = (address: (typeof all)[number]) => blackouts.some(prefix => contains(prefix, address));
      const used = within.reduce((sum, block) => sum + block.addresses, 0);
      const out = all.filter(isOut).length;
      t.deepEqual(addresses, {used: BigInt(used), free: BigInt(all.length - used - out), blackedOut: BigInt(out)});

      const allBlocks = Array.from({length: all.length / 8}, (_, index) => all.slice(index * 8, index * 8 + 8));
      const outBlocks = allBlocks.filter(block => block.every(isOut)).length;
      const free = allBlocks.length - within.length - outBlocks;
      t.deepEqual(blockCount, {used: BigInt(within.length), free: BigInt(free), blackedOut: BigInt(outBlocks)});
    }),
  );
});

test('a huge IPv6 network is counted without being walked through', t => {
  const list = [{cidr: parsePrefix('2001:db8:0:1::/122'), host: 'h1', addresses: 7}];
  const usageOf = createUsage(list, ['2001:db8:8000::/33', '2001:db8:0:1::40/122'].map(parsePrefix));
  const {addresses, blocks: blockCount} = usageOf(parsePrefix('2001:db8::/32'), 122);
  const out = (1n << 95n) + 64n;
  t.deepEqual(addresses, {used: 7n, free: (1n << 96n) - 7n - out, blackedOut: out});
  t.deepEqual(blockCount, {used: 1n, free: (1n << 90n) - 1n - (1n << 89n) - 1n, blackedOut: (1n << 89n) + 1n});
});

test('families do not mix, and thousands of groups over many blocks cost little', t => {
  const all = parsePrefix('10.0.0.0/8');
  const list = Array.from({length: 30_000}, (_, index) => ({cidr: subPrefix(all, 29, index), host: 'h', addresses: 4}));
  const usageOf = createUsage(list, []);
  let sum = 0n;
  for (let index = 0; index < 2 ** 12; index += 1) sum += usageOf(subPrefix(all, 20, index), 29).addresses.used;
  t.is(sum, 120_000n);
  const other: Prefix = parsePrefix('::a00:0/104');
  t.deepEqual(usageOf(other, 125).addresses, {used: 0n, free: sizeOf(other), blackedOut: 0n});
  t.is(prefixLength(other), 104);
});
