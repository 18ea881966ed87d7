import test from 'ava';
import fc from 'fast-check';
import {declaredHosts} from '../../src/core/declared-hosts.ts';
import {leafAt, networkTrees} from '../../src/core/group-tree.ts';
import {createPlacer, isEligible, placeHost} from '../../src/core/placement.ts';
import {type Prefix, parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {parseTopology} from '../../src/core/topology-document.ts';
import {anyDocument, oneNetwork, rack, zones} from './topology-samples.ts';

const candidate = (name: string, tags: Record<string, string> = {}) => ({name, ip: parseAddress('1.1.1.1'), tags});
const treesOf = (document: unknown) => networkTrees(parseTopology(document));
const placeAll = (document: unknown, ...hosts: ReturnType<typeof candidate>[]) => {
  const placer = createPlacer({trees: treesOf(document), hosts: []});
  return hosts.map(host => String(placer.place(host)['net']));
};
const threeRacks = oneNetwork('10.111.0.0/16', [rack('r1'), rack('r2'), rack('r3')]);

test('hosts go round robin to the groups that take them', t => {
  const groups = oneNetwork('10.0.0.0/16', [{}, {}, {}]);
  t.deepEqual(placeAll(groups, ...['a', 'b', 'c', 'd'].map(name => candidate(name))), [
    '10.0.0.0/18',
    '10.0.64.0/18',
    '10.0.128.0/18',
    '10.0.0.0/18',
  ]);
});

test('a host goes where its tags say, and nothing goes to the padding', t => {
  const hosts = ['r1', 'r2', 'r1', 'r3', 'r1'].map((name, index) => candidate(`h${index}`, {rack: name, other: 'x'}));
  t.deepEqual(placeAll(threeRacks, ...hosts), ['10.111.0.0/18', '10.111.64.0/18', '10.111.0.0/18', '10.111.128.0/18', '10.111.0.0/18']);
});

test('assignments count along the whole path', t => {
  t.deepEqual(placeAll(zones, candidate('h', {zone: 'zone-B', rack: 'rack-22'})), ['10.111.192.0/18']);
  const error = {code: 'ERR_CONFLICT', message: 'No suitable groups to add host 1.1.1.1 (h) Tags: map[rack:rack-3 zone:zone-B] to.'};
  t.throws(() => placeAll(zones, candidate('h', {zone: 'zone-B', rack: 'rack-3'})), error);
});

test('a host without tags that no group takes is refused', t => {
  t.throws(() => placeAll(threeRacks, candidate('h')), {code: 'ERR_CONFLICT', message: 'No suitable groups to add host 1.1.1.1 (h) to.'});
  t.throws(() => placeAll({networks: [], topologies: []}, candidate('h')), {code: 'ERR_CONFLICT'});
});

test('labels that are names of object methods match nothing', t => {
  const document = oneNetwork('10.0.0.0/16', [{assignment: {constructor: 'x'}}]);
  t.throws(() => placeAll(document, candidate('h', {valueOf: 'x'})), {code: 'ERR_CONFLICT'});
});

test('a host is placed in every network that takes it, whatever the networks are called', t => {
  const trees = treesOf({
    networks: ['constructor', 'toString', 'racks'].map((name, index) => ({name, cidr: `10.${index}.0.0/16`})),
    topologies: [
      {networks: ['constructor', 'toString'], map: [{}, {}]},
      {networks: ['racks'], map: [rack('r1')]},
    ],
  });
  const hosts = [{name: 'old', groups: {toString: parsePrefix('10.1.0.0/17')}}];
  t.deepEqual<unknown, unknown>(placeHost({trees, hosts, host: candidate('h')}), {constructor: '10.0.0.0/17', toString: '10.1.128.0/17'});
});

test('a declared host goes where it is declared, whatever its tags', t => {
  const document = parseTopology(oneNetwork('10.0.0.0/16', [rack('r1'), {...rack('r2'), hosts: [{name: 'h', ip: '1.1.1.1'}]}]));
  const declared = declaredHosts(document);
  t.deepEqual<unknown, unknown>([...declared.values()], [{name: 'h', ip: '1.1.1.1', tags: {}, groups: {net: '10.0.128.0/17'}}]);
  const trees = networkTrees(document);
  t.deepEqual<unknown, unknown>(placeHost({trees, declared, hosts: [], host: candidate('h', {rack: 'r1'})}), {net: '10.0.128.0/17'});
});

test('a host that is placed again does not count against itself', t => {
  const trees = treesOf(oneNetwork('10.0.0.0/16', [{}, {}]));
  const hosts = [{name: 'h', groups: {net: parsePrefix('10.0.0.0/17')}}];
  t.deepEqual<unknown, unknown>(placeHost({trees, hosts, host: candidate('h')}), {net: '10.0.0.0/17'});
});

test('new labels are fit for a leaf only if they match its whole path', t => {
  const [tree] = treesOf(zones);
  if (tree === undefined) return t.fail();
  const leaf = parsePrefix('10.111.128.0/18');
  t.true(isEligible(tree, leaf, {zone: 'zone-B', rack: 'rack-17', more: 'x'}));
  t.false(isEligible(tree, leaf, {rack: 'rack-17'}));
  t.false(isEligible(tree, leaf, {zone: 'zone-B', rack: 'rack-22'}));
  t.false(isEligible(tree, parsePrefix('10.111.128.0/17'), {zone: 'zone-B', rack: 'rack-17'}));
});

test('every host is in a leaf of its tree that it is eligible for, and no such leaf has fewer hosts', t => {
  const tags = fc.dictionary(fc.constantFrom('zone', 'rack'), fc.constantFrom('a', 'b'));
  fc.assert(
    fc.property(anyDocument, fc.array(tags, {maxLength: 30}), (document, labels) => {
      const trees = treesOf(document);
      const placer = createPlacer({trees, hosts: []});
      const counts = new Map<Prefix, number>();
      for (const [index, label] of labels.entries()) {
        let groups: Record<string, Prefix>;
        try {
          groups = placer.place(candidate(`h${index}`, label));
        } catch {
          continue;
        }
        for (const tree of trees) {
          const cidr = groups[tree.network.name];
          if (cidr === undefined) continue;
          t.true(leafAt(tree, cidr) !== undefined && isEligible(tree, cidr, label));
          const before = counts.get(cidr) ?? 0;
          for (const [other, count] of counts) if (count < before) t.false(isEligible(tree, other, label));
          counts.set(cidr, before + 1);
        }
      }
    }),
  );
  t.pass();
});

test('five thousand hosts are placed in well under a second', t => {
  const trees = treesOf(
    oneNetwork(
      '10.0.0.0/8',
      Array.from({length: 256}, (_, index) => rack(`r${index}`)),
    ),
  );
  const placer = createPlacer({trees, hosts: []});
  const start = performance.now();
  for (let index = 0; index < 5000; index++) placer.place(candidate(`h${index}`, {rack: `r${index % 256}`}));
  t.true(performance.now() - start < 3000);
});

test('a host with a fixed prefix counts for the group that it lies in', t => {
  const trees = treesOf(oneNetwork('10.0.0.0/16', [{}, {}]));
  const fixed = parsePrefix('10.0.0.0/24');
  const hosts = [{name: 'f', fixed, groups: {net: fixed}}];
  t.deepEqual<unknown, unknown>(placeHost({trees, hosts, host: candidate('h')}), {net: '10.0.128.0/17'});
});

test('places that a host keeps are kept, whatever its labels, and count once', t => {
  const networks = [
    {name: 'a', cidr: '10.0.0.0/16'},
    {name: 'b', cidr: '10.1.0.0/16'},
  ];
  const trees = treesOf({networks, topologies: [{networks: ['a', 'b'], map: [rack('r1'), {}]}]});
  const kept = {a: parsePrefix('10.0.0.0/17')};
  const placer = createPlacer({trees, hosts: [{name: 'h', groups: kept}]});
  t.deepEqual<unknown, unknown>(placer.place(candidate('h'), kept), {a: '10.0.0.0/17', b: '10.1.128.0/17'});
  t.deepEqual(createPlacer({trees: [], hosts: []}).place(candidate('h'), kept), kept);
  t.deepEqual<unknown, unknown>(placer.place(candidate('i', {rack: 'r1'})), {a: '10.0.128.0/17', b: '10.1.0.0/17'});
});
