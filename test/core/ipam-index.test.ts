import test from 'ava';
import fc from 'fast-check';
import {createIpamIndex} from '../../src/core/ipam-index.ts';
import {fromNumber, parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {createRangeSet} from '../../src/core/range-set.ts';
import type {AllocatedAddress, Block} from '../../src/core/state.ts';

const block = (cidr: string, host = 'h1', tenant = 't1'): Block => ({cidr: parsePrefix(cidr), host, tenant, segment: ''});
const free = (cidr: string): Block => block(cidr, '', '');
const address = (name: string, ip: string, cidr: string): AllocatedAddress => {
  return {name, ip: parseAddress(ip), block: parsePrefix(cidr), host: 'h1', tenant: 't1', segment: '', allocatedAt: ''};
};
const cidrs = (blocks: Iterable<Block>): string[] => [...blocks].map(({cidr}) => cidr);
const all = parsePrefix('10.0.0.0/24');
const owner = {host: 'h1', tenant: 't1', segment: ''};
const nothing = createRangeSet();

test('blocks of an owner come in the order in which they were claimed, those of a host by value', t => {
  const index = createIpamIndex();
  index.putBlock(block('10.0.0.16/29'), 5);
  index.putBlock(block('10.0.0.8/29'), 9);
  index.putBlock(block('10.0.0.128/29'), 7);
  index.putBlock(block('10.0.0.0/29', 'h2'), 8);
  t.deepEqual(cidrs(index.blocksOfOwner(owner)), ['10.0.0.16/29', '10.0.0.128/29', '10.0.0.8/29']);
  t.deepEqual(cidrs(index.blocksOfHost('h1')), ['10.0.0.8/29', '10.0.0.16/29', '10.0.0.128/29']);
  t.deepEqual(index.block(parsePrefix('10.0.0.0/29'))?.host, 'h2');
});

test('a block that is written again keeps its place, unless it changes hands', t => {
  const index = createIpamIndex();
  index.putBlock(block('10.0.0.0/29'), 1);
  index.putBlock(block('10.0.0.8/29'), 2);
  index.putBlock(block('10.0.0.0/29'), 3);
  t.deepEqual(cidrs(index.openBlocks(owner)), ['10.0.0.0/29', '10.0.0.8/29']);
  index.putBlock(free('10.0.0.0/29'), 4);
  index.putBlock(block('10.0.0.0/29'), 5);
  t.deepEqual(cidrs(index.openBlocks(owner)), ['10.0.0.8/29', '10.0.0.0/29']);
});

test('reusable blocks come in the order in which they became free, only those of the group', t => {
  const index = createIpamIndex();
  t.deepEqual(cidrs(index.reusableBlocks(parsePrefix('10.0.0.0/25'))), []);
  for (const [revision, cidr] of ['10.0.0.16/29', '10.0.0.128/29', '10.0.0.8/29', '10.0.0.0/24'].entries())
    index.putBlock(free(cidr), revision);
  t.deepEqual(cidrs(index.reusableBlocks(parsePrefix('10.0.0.0/25'))), ['10.0.0.16/29', '10.0.0.8/29']);
  t.deepEqual(cidrs(index.reusableBlocks(parsePrefix('10.0.0.128/26'))), ['10.0.0.128/29']);
  index.putBlock(block('10.0.0.16/29'), 9);
  index.deleteBlock(parsePrefix('10.0.0.128/29'));
  t.deepEqual(cidrs(index.reusableBlocks(parsePrefix('10.0.0.0/25'))), ['10.0.0.8/29']);
  t.deepEqual(cidrs(index.reusableBlocks(parsePrefix('10.0.0.128/26'))), []);
  t.deepEqual(cidrs(index.reusableBlocks(parsePrefix('2001:db8::/64'))), []);
});

test('a full block is not open, also when its addresses arrive first', t => {
  const index = createIpamIndex();
  index.putAddress(address('a', '10.0.0.0', '10.0.0.0/31'));
  index.putAddress(address('b', '10.0.0.1', '10.0.0.0/31'));
  index.putBlock(block('10.0.0.0/31'), 1);
  t.deepEqual(cidrs(index.openBlocks(owner)), []);
  index.deleteAddress(parseAddress('10.0.0.0'));
  t.deepEqual(cidrs(index.openBlocks(owner)), ['10.0.0.0/31']);
  t.is<string | undefined, string>(index.firstFreeAddress(parsePrefix('10.0.0.0/31'), nothing), '10.0.0.0');
  index.putAddress(address('c', '10.0.0.0', '10.0.0.0/31'));
  t.deepEqual(cidrs(index.openBlocks(owner)), []);
  t.is(index.firstFreeAddress(parsePrefix('10.0.0.0/31'), nothing), undefined);
});

test('addresses are found by IP, by name in both families, and by block', t => {
  const index = createIpamIndex();
  const six = address('web', '2001:db8::1', '2001:db8::/122');
  const four = address('web', '10.0.0.1', '10.0.0.0/29');
  const other = address('db', '10.0.0.0', '10.0.0.0/29');
  for (const record of [six, four, other, four]) index.putAddress(record);
  t.deepEqual(index.addressesNamed('web'), [four, six]);
  t.deepEqual(index.addressesIn(four.block), [other, four]);
  t.is(index.countIn(four.block), 2);
  t.is(index.address(six.ip), six);
  index.putAddress({...four, name: 'renamed'});
  t.deepEqual(index.addressesNamed('web'), [six]);
  index.deleteAddress(four.ip);
  index.deleteAddress(four.ip);
  t.deepEqual([index.addressesNamed('renamed'), index.address(four.ip), index.countIn(four.block)], [[], undefined, 1]);
});

test('the first free block overlaps no block, of whatever mask', t => {
  const index = createIpamIndex();
  const first = (length: number) => String(index.firstFreeBlock(all, length, nothing));
  index.putBlock(block('10.0.0.9/32'), 1);
  t.is(first(29), '10.0.0.0/29');
  t.is(first(28), '10.0.0.16/28');
  index.putBlock(block('10.0.0.0/29'), 2);
  t.is(first(29), '10.0.0.16/29');
  t.is(first(32), '10.0.0.8/32');
  index.putBlock(block('10.0.0.128/25', 'h2'), 3);
  t.is(first(25), 'undefined');
  t.is(first(26), '10.0.0.64/26');
  index.deleteBlock(parsePrefix('10.0.0.0/29'));
  t.is(first(29), '10.0.0.0/29');
});

test('space stays taken until the last of two overlapping records is gone', t => {
  const index = createIpamIndex();
  index.putBlock(block('10.0.0.0/25'), 1);
  index.putBlock(block('10.0.0.8/29'), 2);
  index.deleteBlock(parsePrefix('10.0.0.8/29'));
  t.is<string | undefined, string>(index.firstFreeBlock(all, 29, nothing), '10.0.0.128/29');
  index.deleteBlock(parsePrefix('10.0.0.0/25'));
  t.is<string | undefined, string>(index.firstFreeBlock(all, 29, nothing), '10.0.0.0/29');
});

test('a set of ranges agrees with a set of numbers', t => {
  const step = fc.record({isAdded: fc.boolean(), start: fc.nat(40), size: fc.integer({min: 1, max: 12})});
  fc.assert(
    fc.property(fc.array(step, {maxLength: 30}), steps => {
      const ranges = createRangeSet();
      const numbers = new Set<number>();
      for (const {isAdded, start, size} of steps) {
        const range = {start: BigInt(start), end: BigInt(start + size)};
        const members = Array.from({length: size}, (_, index) => start + index);
        const isNew = !members.some(number => numbers.has(number));
        t.is(ranges.firstOverlap(range) === undefined, isNew);
        if (isAdded) t.is(ranges.add(range), isNew);
        else ranges.remove(range);
        for (const number of members) numbers[isAdded ? 'add' : 'delete'](number);
        for (let number = 0; number < 60; number++) {
          const run = ranges.runAt(BigInt(number));
          t.is(run !== undefined, numbers.has(number));
          if (run !== undefined) t.false(numbers.has(Number(run.start) - 1) || numbers.has(Number(run.end)));
        }
      }
    }),
  );
});

test('a hundred thousand blocks, in any order, are indexed within seconds', t => {
  const index = createIpamIndex();
  const start = performance.now();
  for (let count = 0; count < 100_000; count++) {
    const slot = (count * 70_001) % 100_000;
    index.putBlock(block(`${fromNumber(BigInt(10 * 2 ** 24 + slot * 8), 'ipv4')}/29`, `h${count % 1000}`), count);
  }
  t.true(performance.now() - start < 20_000);
  t.is<string | undefined, string>(index.firstFreeBlock(parsePrefix('10.0.0.0/8'), 29, nothing), '10.12.53.0/29');
});
