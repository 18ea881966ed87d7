import test from 'ava';
import {parseTopology} from '../../src/core/topology-document.ts';
import {oneNetwork} from './topology-samples.ts';

const flat = [{groups: []}];
const network = (name: string, cidr: string, more: Record<string, unknown> = {}) => ({name, cidr, ...more});
const unmapped = (...networks: unknown[]) => ({networks, topologies: []});

const invalid: [title: string, document: unknown, message: string][] = [
  ['two networks of one name', unmapped(network('a', '10.0.0.0/16'), network('a', '10.0.0.0/16')), 'Network with name a already defined'],
  [
    'a block mask shorter than the network',
    unmapped(network('a', '10.0.0.0/24', {block_mask: 20})),
    'invalid blockmask(20) for network(a), must be 24 <= blockmask <= 32',
  ],
  [
    'a block mask beyond the family',
    unmapped(network('a', '10.0.0.0/24', {block_mask: 33})),
    'invalid blockmask(33) for network(a), must be 24 <= blockmask <= 32',
  ],
  [
    'an IPv6 block mask out of range',
    unmapped(network('a', '2001:db8::/64', {block_mask: 29})),
    'invalid blockmask(29) for network(a), must be 64 <= blockmask <= 128',
  ],
  ['a network name with a line break', unmapped(network('a\nb', '10.0.0.0/24')), 'Bad network name: "a\\nb"'],
  ['a network name that objects have', unmapped(network('__proto__', '10.0.0.0/24')), 'Bad network name: "__proto__"'],
  ['a group name that colours terminals', oneNetwork('10.0.0.0/24', [{name: 'a\x1b[31m', groups: []}]), 'Bad group name: "a\\u001b[31m"'],
  [
    'IPv4 written as IPv6',
    unmapped(network('a', '::ffff:10.0.0.0/104')),
    'invalid CIDR "::ffff:10.0.0.0/104" for network(a): IPv4 in the form of IPv6',
  ],
  [
    'a host with IPv4 written as IPv6',
    oneNetwork('10.0.0.0/24', [{hosts: [{name: 'h', ip: '::ffff:10.0.0.1'}]}]),
    'invalid IP address "::ffff:10.0.0.1" of host h',
  ],
  [
    'a length with a leading zero',
    unmapped(network('a', '10.0.0.0/024')),
    'invalid CIDR "10.0.0.0/024", expected address/length for network(a)',
  ],
  ['a bad tenant name', unmapped(network('a', '10.0.0.0/24', {tenants: ['bad tenant!']})), 'Bad tenant name: bad tenant!'],
  ['"*" beside a tenant', unmapped(network('a', '10.0.0.0/24', {tenants: ['*', 'web']})), 'Bad tenant name: *'],
  [
    'a network inside an earlier one',
    unmapped(network('a', '10.0.0.0/16'), network('b', '10.0.128.0/17')),
    'CIDR 10.0.128.0/17 of network b already is contained in CIDR 10.0.0.0/16 of network a',
  ],
  [
    'a network inside a later one',
    unmapped(network('b', '10.0.128.0/17'), network('c', '10.1.0.0/16'), network('a', '10.0.0.0/16')),
    'CIDR 10.0.128.0/17 of network b already is contained in CIDR 10.0.0.0/16 of network a',
  ],
  [
    'two networks with one CIDR',
    unmapped(network('a', '2001:db8::/64'), network('b', '2001:db8::1/64')),
    'CIDR 2001:db8::/64 of network b already is contained in CIDR 2001:db8::/64 of network a',
  ],
  ['an unknown network', {networks: [], topologies: [{networks: ['zz'], map: flat}]}, 'Network with name zz not defined'],
  [
    'a network in two topologies',
    {
      networks: [network('a', '10.0.0.0/16')],
      topologies: [
        {networks: ['a'], map: flat},
        {networks: ['a'], map: flat},
      ],
    },
    'Network a appears more than once.',
  ],
  ['no CIDR', unmapped(network('a', '10.0.0.0/40')), 'invalid CIDR "10.0.0.0/40", expected address/length for network(a)'],
  [
    'an IP without a name',
    oneNetwork('10.0.0.0/16', [{hosts: [{ip: '1.1.1.1'}]}]),
    'Both name and IP are required for hosts: {"name":"","ip":"1.1.1.1"}',
  ],
  [
    'a name without an IP',
    oneNetwork('10.0.0.0/16', [{groups: [{name: 'h1', ip: '1.1.1.1'}, {name: 'h2'}]}]),
    'Both name and IP are required for hosts: {"name":"h2","ip":""}',
  ],
  ['a bad host IP', oneNetwork('10.0.0.0/16', [{hosts: [{name: 'h1', ip: '1.1.1'}]}]), 'invalid IP address "1.1.1" of host h1'],
  [
    'one host with two IPs',
    oneNetwork('10.0.0.0/16', [{hosts: [{name: 'h1', ip: '1.1.1.1'}]}, {hosts: [{name: 'h1', ip: '1.1.1.2'}]}]),
    'Host h1 has two IPs: 1.1.1.1 and 1.1.1.2',
  ],
  [
    'one IP with two hosts',
    oneNetwork('10.0.0.0/16', [{hosts: [{name: 'h1', ip: '::1'}]}, {hosts: [{name: 'h2', ip: '0::1'}]}]),
    'IP ::1 has two hosts: h1 and h2',
  ],
  [
    'a host in two groups',
    oneNetwork('10.0.0.0/16', [{hosts: [{name: 'h1', ip: '1.1.1.1'}]}, {hosts: [{name: 'h1', ip: '1.1.1.1'}]}]),
    'Host h1 appears more than once in one map.',
  ],
  [
    'hosts beside groups',
    oneNetwork('10.0.0.0/16', [{name: 'r', hosts: [{name: 'h1', ip: '1.1.1.1'}], groups: [{}]}]),
    'Group "r" has both hosts and groups; it can have only one of them',
  ],
  [
    'a group smaller than a block',
    oneNetwork('10.0.0.0/28', [{name: 'g1'}, {name: 'g2'}, {}, {}]),
    'Group g1 (10.0.0.0/30) of network net is smaller than a block (/29)',
  ],
  [
    'more groups than addresses',
    oneNetwork('10.0.0.0/30', [{}, {}, {}, {}, {}], {block_mask: 32}),
    'Group (/33, one of 5 in 10.0.0.0/30) of network net is smaller than a block (/32)',
  ],
  [
    'an IPv6 group smaller than a block',
    oneNetwork('2001:db8::/120', [{}, {groups: [{name: 'x'}, {}, {}]}]),
    'Group x (2001:db8::80/123) of network net is smaller than a block (/122)',
  ],
];

for (const [title, document, message] of invalid) {
  test(`${title}: ${message}`, t => {
    t.throws(() => parseTopology(document), {code: 'ERR_INVALID', message});
  });
}

const malformed: [document: unknown, message: string][] = [
  [null, 'topology document: expected object, received null'],
  [{}, 'networks is required\ntopologies is required'],
  [{networks: [], topologies: [], extra: 1}, 'unknown field "extra" in the topology document'],
  [unmapped({cidr: '10.0.0.0/8'}), 'networks[0].name is required'],
  [unmapped(network('a', '10.0.0.0/8', {blockmask: 29})), 'unknown field "blockmask" in networks[0]'],
  [unmapped({name: 'a', cidr: 10}), 'networks[0].cidr: expected string, received number'],
  [
    oneNetwork('10.0.0.0/8', [{groups: [{}, {nam: 'x', assignment: {rack: 7}}]}]),
    'topologies[0].map[0].groups[1].assignment.rack: expected string, received number\nunknown field "nam" in topologies[0].map[0].groups[1]',
  ],
];

for (const [document, message] of malformed) {
  test(`${JSON.stringify(document)} is malformed`, t => {
    t.throws(() => parseTopology(document), {code: 'ERR_MALFORMED', message});
  });
}

test('a document that nests without end is refused and not followed', t => {
  const text = '{"groups":['.repeat(50_000) + ']}'.repeat(50_000);
  t.throws(() => parseTopology(oneNetwork('10.0.0.0/8', [JSON.parse(text)])), {code: 'ERR_MALFORMED', message: /nests deeper/});
});

test('all problems are listed, one a line', t => {
  const document = unmapped(network('a', '10.0.0.0/24', {block_mask: 20, tenants: ['x y']}), network('a', '10.0.0.0/8'));
  const message = `Bad tenant name: x y\ninvalid blockmask(20) for network(a), must be 24 <= blockmask <= 32\nNetwork with name a already defined`;
  t.throws(() => parseTopology(document), {code: 'ERR_INVALID', message});
});

test('a long list of problems is cut', t => {
  const networks = Array.from({length: 30}, (_, index) => network(`n${index}`, 'x'));
  const error = t.throws(() => parseTopology(unmapped(...networks)));
  t.is(error?.message.split('\n').length, 21);
  t.true(error?.message.endsWith('… and 10 more'));
});

test('a document with nothing in it is valid', t => {
  t.deepEqual(parseTopology({networks: [], topologies: []}), {networks: [], topologies: []});
});

for (const [cidr, mask] of [
  ['10.0.0.0/16', 29],
  ['10.0.0.0/30', 30],
  ['10.0.0.0/32', 32],
  ['2001:db8::/48', 122],
  ['2001:db8::/124', 124],
] as const) {
  test(`the block mask of ${cidr} is ${mask} unless given`, t => {
    t.is(parseTopology(unmapped(network('a', cidr))).networks[0]?.blockMask, mask);
  });
}

test('host bits of a network are cleared, and a block may be as large as its network', t => {
  const [parsed] = parseTopology(unmapped(network('a', '10.0.0.5/24', {block_mask: 24, tenants: ['*'], revision: 7}))).networks;
  t.deepEqual<unknown, unknown>(parsed, {name: 'a', cidr: '10.0.0.0/24', blockMask: 24, tenants: []});
});

test('hosts may stand under hosts, under groups, or directly in the map', t => {
  const hosts = [
    {name: 'h1', ip: '1.1.1.1', assignment: {rack: 'r1'}},
    {name: 'h2', ip: 'FE80::0'},
  ];
  const parsed = [[{hosts}], [{groups: hosts, cidr: '9.9.9.9/3'}], hosts].map(
    map => parseTopology(oneNetwork('10.0.0.0/16', map)).topologies[0]?.map,
  );
  const group = {
    name: '',
    assignment: {},
    routing: '',
    groups: [],
    hosts: [
      {name: 'h1', ip: '1.1.1.1', tags: {rack: 'r1'}},
      {name: 'h2', ip: 'fe80::', tags: {}},
    ],
  };
  t.deepEqual<unknown, unknown>(parsed, [[group], [group], [group]]);
});

test('an empty map is one group, and null is as good as absent', t => {
  const group = {name: '', assignment: {}, routing: '', groups: [], hosts: []};
  t.deepEqual(parseTopology(oneNetwork('10.0.0.0/16', [], {tenants: null, block_mask: null})).topologies[0]?.map, [group]);
  t.deepEqual(parseTopology(oneNetwork('10.0.0.0/16', [{name: null, groups: null, assignment: null}])).topologies[0]?.map, [group]);
});
