import test from 'ava';
import fc from 'fast-check';
import {
  addressBits,
  contains,
  type Family,
  firstAddress,
  fromNumber,
  hostPrefix,
  lastAddress,
  overlaps,
  type Prefix,
  parseAddress,
  parsePrefix,
  subPrefix,
} from '../../src/core/prefix.ts';
import {buildDispatch, costOf, type DispatchEntry, type DispatchNode} from '../../src/core/prefix-dispatch.ts';

/** As a packet goes through it. */
function find({entries}: DispatchNode, address: Prefix): string | undefined {
  const entry = entries.find(({prefix}) => contains(prefix, address));
  if (entry === undefined) return undefined;
  return 'target' in entry.to ? entry.to.target : find(entry.to, address);
}

function nodesOf(node: DispatchNode): DispatchNode[] {
  return [node, ...node.entries.flatMap(({to}) => ('target' in to ? [] : nodesOf(to)))];
}

const disjoint = (family: Family) =>
  fc
    .array(
      fc.record({
        value: fc.bigInt({min: 0n, max: (1n << 12n) - 1n}),
        length: fc.integer({min: addressBits[family] - 12, max: addressBits[family]}),
      }),
      {maxLength: 60},
    )
    .map(all => {
      const base = family === 'ipv4' ? parseAddress('10.1.0.0') : parseAddress('fd00::');
      const found: Prefix[] = [];
      for (const {value, length} of all) {
        const at = family === 'ipv4' ? (10n << 24n) + (1n << 16n) + value : (0xfdn << 120n) + value;
        const prefix = parsePrefix(`${fromNumber(at, family)}/${length}`);
        if (!found.some(other => overlaps(other, prefix))) found.push(prefix);
      }
      return {base, entries: found.map((prefix, index): DispatchEntry => ({prefix, target: `t${index}`}))};
    });

for (const family of ['ipv4', 'ipv6'] as const) {
  test(`every address finds its own entry, and all others find none: ${family}`, t => {
    fc.assert(
      fc.property(disjoint(family), ({entries}) => {
        const tree = buildDispatch(entries, family);
        if (tree === undefined) return t.is(entries.length, 0);
        for (const {prefix, target} of entries) {
          for (const address of [firstAddress(prefix), lastAddress(prefix)]) t.is(find(tree, hostPrefix(address)), target);
        }
        for (let step = 0n; step < 1n << 12n; step += 37n) {
          const address = hostPrefix(fromNumber((family === 'ipv4' ? (10n << 24n) + (1n << 16n) : 0xfdn << 120n) + step, family));
          t.is(find(tree, address), entries.find(({prefix}) => contains(prefix, address))?.target);
        }
        for (const node of nodesOf(tree)) {
          t.true(node.entries.length >= 1 && node.entries.length <= 8);
          for (const {prefix} of node.entries) t.true(contains(node.prefix, prefix));
          for (const [index, {prefix}] of node.entries.entries()) {
            t.false(
              node.entries.slice(index + 1).some(other => overlaps(other.prefix, prefix)),
              'in whatever order they are looked through',
            );
          }
        }
      }),
      {numRuns: 30},
    );
  });
}

test('the cost grows with the logarithm of the number of entries', t => {
  const cost = (count: number) => {
    const entries = Array.from({length: count}, (_, index) => ({
      prefix: subPrefix(parsePrefix('10.0.0.0/8'), 29, index),
      target: `t${index}`,
    }));
    return costOf(buildDispatch(entries, 'ipv4') ?? {prefix: parsePrefix('0.0.0.0/0'), entries: []});
  };
  t.deepEqual([1, 8, 64, 512, 4096].map(cost), [1, 8, 16, 24, 32]);
  t.true(cost(5000) <= 40);
});

test('the shape does not hang on the order of the entries', t => {
  const entries = Array.from({length: 100}, (_, index) => ({
    prefix: subPrefix(parsePrefix('fd00::/48'), 122, index * 3),
    target: `t${index}`,
  }));
  t.deepEqual(buildDispatch(entries.toReversed(), 'ipv6'), buildDispatch(entries, 'ipv6'));
});
