import test from 'ava';
import fc from 'fast-check';
import {leafAt, leaves, networkTrees, pathTo} from '../../src/core/group-tree.ts';
import {contains, overlaps, parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import type {Group} from '../../src/core/state.ts';
import {parseTopology} from '../../src/core/topology-document.ts';
import {anyDocument, oneNetwork, rack, zones} from './topology-samples.ts';

const empty = (count: number) => Array.from({length: count}, () => ({groups: []}));
const leafCidrs = (document: unknown): string[] =>
  networkTrees(parseTopology(document))
    .flatMap(leaves)
    .map(({cidr}) => cidr);

const tables: [cidr: string, map: readonly unknown[], leaves: string[]][] = [
  ['10.111.0.0/16', empty(1), ['10.111.0.0/16']],
  ['10.1.0.0/16', empty(4), ['10.1.0.0/18', '10.1.64.0/18', '10.1.128.0/18', '10.1.192.0/18']],
  ['10.111.0.0/16', empty(3), ['10.111.0.0/18', '10.111.64.0/18', '10.111.128.0/18']],
  ['10.111.0.0/16', empty(5), ['10.111.0.0/19', '10.111.32.0/19', '10.111.64.0/19', '10.111.96.0/19', '10.111.128.0/19']],
  ['10.0.0.0/16', [{}, {groups: empty(2)}], ['10.0.0.0/17', '10.0.128.0/18', '10.0.192.0/18']],
  ['10.112.0.0/12', empty(8), [112, 114, 116, 118, 120, 122, 124, 126].map(part => `10.${part}.0.0/15`)],
  ['10.0.0.0/8', [{groups: [{groups: empty(2)}]}], ['10.0.0.0/9', '10.128.0.0/9']],
  ['2001:db8::/48', [{groups: empty(3)}, {}], ['2001:db8::/51', '2001:db8:0:2000::/51', '2001:db8:0:4000::/51', '2001:db8:0:8000::/49']],
  [
    '100.96.0.0/11',
    [{name: 'region', groups: [{groups: empty(8)}, {groups: empty(8)}]}],
    Array.from({length: 16}, (_, index) => `100.${96 + 2 * index}.0.0/15`),
  ],
];

for (const [cidr, map, expected] of tables) {
  test(`${cidr} is divided into ${expected.join(', ')}`, t => {
    t.deepEqual(leafCidrs(oneNetwork(cidr, map)), expected);
  });
}

test('the zones and racks of the manual have its eight prefixes', t => {
  const [tree] = networkTrees(parseTopology(zones));
  const walk = ({cidr, groups}: Group): string[] => [cidr, ...groups.flatMap(walk)];
  t.deepEqual(tree?.root.groups.flatMap(walk), [
    '10.111.0.0/17',
    '10.111.0.0/19',
    '10.111.32.0/19',
    '10.111.64.0/19',
    '10.111.96.0/19',
    '10.111.128.0/17',
    '10.111.128.0/18',
    '10.111.192.0/18',
  ]);
});

test('one group is the root and keeps its name; several are held by a nameless root', t => {
  const [one] = networkTrees(parseTopology(oneNetwork('10.0.0.0/16', [{name: 'all', routing: 'bgp', assignment: {zone: 'a'}}])));
  t.deepEqual<unknown, unknown>(one?.root, {
    name: 'all',
    path: 'all',
    cidr: '10.0.0.0/16',
    routing: 'bgp',
    assignment: {zone: 'a'},
    groups: [],
  });
  const [two] = networkTrees(parseTopology(oneNetwork('10.0.0.0/16', [{}, {}])));
  t.deepEqual([two?.root.name, two?.root.path, two?.root.cidr], ['', '', parsePrefix('10.0.0.0/16')]);
});

test('nested groups keep their names, and nameless ones count by their CIDR in a path', t => {
  const [tree] = networkTrees(parseTopology(oneNetwork('10.0.0.0/16', [{name: 'zone-A', groups: [{name: 'rack-1'}, {}]}, {}])));
  t.deepEqual(tree && leaves(tree).map(({name, path}) => [name, path]), [
    ['rack-1', 'zone-A/rack-1'],
    ['', 'zone-A/10.0.64.0/18'],
    ['', '10.0.128.0/17'],
  ]);
});

test('each network of a topology has its own tree, a network without one has none', t => {
  const networks = ['a', 'b', 'c'].map((name, index) => ({name, cidr: `10.${index}.0.0/16`}));
  const trees = networkTrees(parseTopology({networks, topologies: [{networks: ['c', 'a'], map: [{}, {}]}]}));
  t.deepEqual(
    trees.map(tree => [tree.network.name, ...leaves(tree).map(({cidr}) => String(cidr))]),
    [
      ['a', '10.0.0.0/17', '10.0.128.0/17'],
      ['c', '10.2.0.0/17', '10.2.128.0/17'],
    ],
  );
});

test('a path leads from the root to a leaf, or as far as groups go', t => {
  const [tree] = networkTrees(parseTopology(oneNetwork('10.0.0.0/16', [rack('r1', [rack('r2'), rack('r3')]), rack('r4'), rack('r5')])));
  if (tree === undefined) return t.fail();
  const path = (inner: string) =>
    pathTo(tree, inner.includes('/') ? parsePrefix(inner) : parseAddress(inner)).map(({cidr}) => String(cidr));
  t.deepEqual(path('10.0.32.0/19'), ['10.0.0.0/16', '10.0.0.0/18', '10.0.32.0/19']);
  t.deepEqual(path('10.0.130.7'), ['10.0.0.0/16', '10.0.128.0/18']);
  t.deepEqual(path('10.0.192.0/29'), ['10.0.0.0/16']);
  t.deepEqual(path('10.1.0.0'), []);
  t.is(leafAt(tree, parsePrefix('10.0.0.0/18')), undefined);
  t.is(leafAt(tree, parsePrefix('10.0.32.0/20')), undefined);
  t.is(leafAt(tree, parsePrefix('10.0.32.0/19'))?.assignment['rack'], 'r3');
});

test('groups lie in their parent, are as large as their siblings, and never overlap them', t => {
  const check = (parent: Group) => {
    for (const [index, group] of parent.groups.entries()) {
      t.true(contains(parent.cidr, group.cidr));
      t.is(group.cidr.split('/')[1], parent.groups[0]?.cidr.split('/')[1]);
      for (const sibling of parent.groups.slice(index + 1)) t.false(overlaps(group.cidr, sibling.cidr));
      check(group);
    }
  };
  fc.assert(
    fc.property(anyDocument, document => {
      for (const {network, root} of networkTrees(parseTopology(document))) {
        t.is(root.cidr, network.cidr);
        check(root);
      }
    }),
  );
  t.pass();
});
