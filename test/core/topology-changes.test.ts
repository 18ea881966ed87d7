import test from 'ava';
import fc from 'fast-check';
import {type TopologyChanges, topologyChanges} from '../../src/core/topology-changes.ts';
import {parseTopology} from '../../src/core/topology-document.ts';
import {topologyDocument} from '../../src/core/topology-output.ts';
import {noDocumentChanges} from '../helpers/topology-changes.ts';
import {anyDocument, oneNetwork, rack, zones} from './topology-samples.ts';

const changes = (before: unknown, after: unknown) => topologyChanges(parseTopology(before), parseTopology(after));

const none: TopologyChanges = noDocumentChanges;

const nothing = {networks: [], topologies: []};
const named = (name: string, more: object = {}) => ({name, ...rack(name), ...more});
const net = (map: readonly unknown[], network: Record<string, unknown> = {}, cidr = '10.0.0.0/16') => {
  const name = 'net';
  return {networks: [{name, cidr, ...network}], topologies: [{networks: [network['name'] ?? name], map}]};
};
const unmapped = (...networks: [name: string, cidr: string, more?: object][]) => ({
  networks: networks.map(([name, cidr, more]) => ({name, cidr, ...more})),
  topologies: [],
});

const cases: [title: string, before: unknown, after: unknown, expected: Partial<Record<keyof TopologyChanges, unknown>>][] = [
  [
    'a network is renamed, and gets other tenants and blocks of another size, in one go',
    net([named('r1')]),
    net([named('r1')], {name: 'front', block_mask: 26, tenants: ['web', 'db']}),
    {
      networks_renamed: [{cidr: '10.0.0.0/16', from: 'net', to: 'front'}],
      networks_changed: [
        {name: 'front', cidr: '10.0.0.0/16', from: {block_mask: 29, tenants: ['*']}, to: {block_mask: 26, tenants: ['web', 'db']}},
      ],
    },
  ],
  [
    'networks come and go, with their groups',
    net([named('r1'), named('r2', {routing: 'bgp'})]),
    {networks: [{name: 'other', cidr: '10.9.0.0/24', tenants: ['t']}], topologies: [{networks: ['other'], map: []}]},
    {
      networks_added: [{name: 'other', cidr: '10.9.0.0/24', block_mask: 29, tenants: ['t']}],
      networks_removed: [{name: 'net', cidr: '10.0.0.0/16', block_mask: 29, tenants: ['*']}],
      groups_added: [{network: 'other', path: '10.9.0.0/24', cidr: '10.9.0.0/24', name: '', assignment: {}, routing: ''}],
      groups_removed: [
        {network: 'net', path: 'r1', cidr: '10.0.0.0/17', name: 'r1', assignment: {rack: 'r1'}, routing: ''},
        {network: 'net', path: 'r2', cidr: '10.0.128.0/17', name: 'r2', assignment: {rack: 'r2'}, routing: 'bgp'},
      ],
    },
  ],
  [
    'a network gets another CIDR, and all its groups with it',
    net([named('z', {groups: [named('r1'), named('r2')]})]),
    net([named('z', {groups: [named('r1'), named('r2')]})], {}, '10.0.0.0/8'),
    {
      networks_changed: [{name: 'net', cidr: '10.0.0.0/8', from: {cidr: '10.0.0.0/16'}, to: {cidr: '10.0.0.0/8'}}],
      groups_changed: [
        {network: 'net', path: 'z', cidr: '10.0.0.0/8', from: {cidr: '10.0.0.0/16'}, to: {cidr: '10.0.0.0/8'}},
        {network: 'net', path: 'z/r1', cidr: '10.0.0.0/9', from: {cidr: '10.0.0.0/17'}, to: {cidr: '10.0.0.0/9'}},
        {network: 'net', path: 'z/r2', cidr: '10.128.0.0/9', from: {cidr: '10.0.128.0/17'}, to: {cidr: '10.128.0.0/9'}},
      ],
    },
  ],
  [
    'names are exchanged: the CIDRs stay, so both are renamed',
    unmapped(['a', '10.1.0.0/16'], ['b', '10.2.0.0/16']),
    unmapped(['b', '10.1.0.0/16'], ['a', '10.2.0.0/16']),
    {
      networks_renamed: [
        {cidr: '10.1.0.0/16', from: 'a', to: 'b'},
        {cidr: '10.2.0.0/16', from: 'b', to: 'a'},
      ],
    },
  ],
  [
    'the name of a renamed network is given to a new one',
    unmapped(['a', '10.1.0.0/16']),
    unmapped(['a', '10.2.0.0/16'], ['b', '10.1.0.0/16']),
    {
      networks_renamed: [{cidr: '10.1.0.0/16', from: 'a', to: 'b'}],
      networks_added: [{name: 'a', cidr: '10.2.0.0/16', block_mask: 29, tenants: ['*']}],
    },
  ],
  [
    'networks change places; one that comes in between changes none',
    unmapped(['a', '10.1.0.0/16'], ['b', '10.2.0.0/16'], ['c', '10.3.0.0/16']),
    unmapped(['c', '10.3.0.0/16'], ['a', '10.1.0.0/16'], ['b', '10.2.0.0/16']),
    {networks_reordered: ['c', 'a', 'b']},
  ],
  [
    'a network gets a map: its groups come',
    unmapped(['net', '10.0.0.0/16']),
    net([named('r1')]),
    {groups_added: [{network: 'net', path: 'r1', cidr: '10.0.0.0/16', name: 'r1', assignment: {rack: 'r1'}, routing: ''}]},
  ],
  [
    'a group in the padding comes, another is renamed and labelled anew, and goes by the new name of its network',
    net([named('r1'), named('r2'), named('r3')]),
    net([named('r1'), {name: 'x', assignment: {zone: 'z', rack: 'r2'}}, named('r3', {routing: 'ospf'}), named('r4')], {name: 'new'}),
    {
      networks_renamed: [{cidr: '10.0.0.0/16', from: 'net', to: 'new'}],
      groups_added: [{network: 'new', path: 'r4', cidr: '10.0.192.0/18', name: 'r4', assignment: {rack: 'r4'}, routing: ''}],
      groups_renamed: [{network: 'new', path: 'x', cidr: '10.0.64.0/18', from: 'r2', to: 'x'}],
      groups_changed: [
        {network: 'new', path: 'x', cidr: '10.0.64.0/18', from: {assignment: {rack: 'r2'}}, to: {assignment: {zone: 'z', rack: 'r2'}}},
        {network: 'new', path: 'r3', cidr: '10.0.128.0/18', from: {routing: ''}, to: {routing: 'ospf'}},
      ],
    },
  ],
  [
    'one group more than there is room for gives all the others another CIDR',
    net([named('r1'), named('r2')]),
    net([named('r1'), named('r2'), named('r3')]),
    {
      groups_added: [{network: 'net', path: 'r3', cidr: '10.0.128.0/18', name: 'r3', assignment: {rack: 'r3'}, routing: ''}],
      groups_changed: [
        {network: 'net', path: 'r1', cidr: '10.0.0.0/18', from: {cidr: '10.0.0.0/17'}, to: {cidr: '10.0.0.0/18'}},
        {network: 'net', path: 'r2', cidr: '10.0.64.0/18', from: {cidr: '10.0.128.0/17'}, to: {cidr: '10.0.64.0/18'}},
      ],
    },
  ],
  [
    'a zone is renamed: its racks keep their names, and one that shrinks is found in it',
    net([
      {name: 'A', groups: [{name: 'r1'}]},
      {name: 'B', groups: [{name: 'r2'}]},
    ]),
    net([
      {name: 'Z', groups: [{name: 'r1'}, {name: 'r9'}]},
      {name: 'B', groups: [{name: 'r2'}]},
    ]),
    {
      groups_renamed: [{network: 'net', path: 'Z', cidr: '10.0.0.0/17', from: 'A', to: 'Z'}],
      groups_changed: [{network: 'net', path: 'Z/r1', cidr: '10.0.0.0/18', from: {cidr: '10.0.0.0/17'}, to: {cidr: '10.0.0.0/18'}}],
      groups_added: [{network: 'net', path: 'Z/r9', cidr: '10.0.64.0/18', name: 'r9', assignment: {}, routing: ''}],
    },
  ],
  [
    'a group of the same CIDR one level further down is another one, and so is one without a name that gets another CIDR',
    net([{name: 'a'}]),
    net([{name: 'b', groups: [{name: 'a'}]}]),
    {
      groups_renamed: [{network: 'net', path: 'b', cidr: '10.0.0.0/16', from: 'a', to: 'b'}],
      groups_added: [{network: 'net', path: 'b/a', cidr: '10.0.0.0/16', name: 'a', assignment: {}, routing: ''}],
    },
  ],
  [
    'groups without names are told by their CIDRs',
    net([{}]),
    net([{}, {}]),
    {
      groups_removed: [{network: 'net', path: '10.0.0.0/16', cidr: '10.0.0.0/16', name: '', assignment: {}, routing: ''}],
      groups_added: ['10.0.0.0/17', '10.0.128.0/17'].map(cidr => ({
        network: 'net',
        path: cidr,
        cidr,
        name: '',
        assignment: {},
        routing: '',
      })),
    },
  ],
];

for (const [title, before, after, expected] of cases) {
  test(title, t => {
    t.deepEqual<unknown, unknown>(changes(before, after), {...none, ...expected});
  });
}

test('how a document is written changes nothing: host bits, the default mask, "*", the order of labels and of tenants', t => {
  const labels = (assignment: Record<string, string>) => [{name: 'g', assignment}];
  const before = net(labels({a: '1', b: '2'}), {tenants: ['x', 'y']});
  const after = net(labels({b: '2', a: '1'}), {tenants: ['y', 'x'], block_mask: 29}, '10.0.3.4/16');
  t.deepEqual(changes(before, after), none);
  t.deepEqual(changes(net([]), net([{}], {tenants: ['*']})), none);
});

test('a document is no change to itself, neither as GET answers it; from nothing all of it comes, and to nothing all goes', t => {
  fc.assert(
    fc.property(anyDocument, sample => {
      const document = parseTopology(sample);
      t.deepEqual(topologyChanges(document, document), none);
      t.deepEqual(topologyChanges(document, parseTopology(topologyDocument(document, []))), none);
      const {networks_added, groups_added, ...coming} = topologyChanges(parseTopology(nothing), document);
      const {networks_removed, groups_removed, ...going} = topologyChanges(document, parseTopology(nothing));
      t.deepEqual(networks_added, topologyDocument(document, []).networks);
      t.deepEqual([networks_removed, groups_removed], [networks_added, groups_added]);
      t.true(groups_added.length >= 2);
      t.deepEqual({...none, ...coming}, none);
      t.deepEqual({...none, ...going}, none);
    }),
    {numRuns: 50},
  );
});

test('every group of either document is told of where it differs, and counted once', t => {
  fc.assert(
    fc.property(anyDocument, anyDocument, (one, other) => {
      const [before, after] = [parseTopology(one), parseTopology(other)];
      const {groups_added, groups_removed} = topologyChanges(before, after);
      const all = (document: typeof before) => topologyChanges(parseTopology(nothing), document).groups_added;
      t.is(all(before).length - groups_removed.length, all(after).length - groups_added.length);
      const back = topologyChanges(after, before);
      t.is(back.groups_added.length, groups_removed.length);
      t.is(back.groups_removed.length, groups_added.length);
    }),
    {numRuns: 50},
  );
});

test('the zones of the manual lose a rack', t => {
  const smaller = oneNetwork('10.111.0.0/16', [
    {assignment: {zone: 'zone-A'}, groups: ['rack-3', 'rack-4', 'rack-7'].map(name => rack(name))},
    {assignment: {zone: 'zone-B'}, groups: ['rack-17', 'rack-22'].map(name => rack(name))},
  ]);
  t.deepEqual<unknown, unknown>(changes(zones, smaller), {
    ...none,
    groups_removed: [
      {
        network: 'net',
        path: '10.111.0.0/17/10.111.96.0/19',
        cidr: '10.111.96.0/19',
        name: '',
        assignment: {rack: 'rack-9'},
        routing: '',
      },
    ],
  });
});
