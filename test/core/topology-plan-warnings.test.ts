import test from 'ava';
import {parsePrefix} from '../../src/core/prefix.ts';
import {parseTopology} from '../../src/core/topology-document.ts';
import {planTopology, type TopologyPlanOptions} from '../../src/core/topology-plan.ts';
import type {LiveSystem} from '../../src/core/topology-plan-live.ts';
import {oneNetwork, rack} from './topology-samples.ts';

type Asked = Omit<TopologyPlanOptions, 'document'>;
const planOf = (document: unknown, asked: Asked = {}) => planTopology({document: parseTopology(document), ...asked});
const load = (hostsPerGroup: number, endpointsPerHost: number): Asked => ({hostsPerGroup, endpointsPerHost});
const racks = (count: number, from = 1) => Array.from({length: count}, (_, index) => rack(`r${index + from}`));
const networks = (...all: object[]) => ({
  networks: all,
  topologies: [{networks: all.map(network => (network as {name: string}).name), map: []}],
});

interface Case {
  readonly title: string;
  readonly document: unknown;
  readonly asked?: Asked;
  readonly warnings?: readonly string[];
  readonly problems?: readonly string[];
}
const cases: readonly Case[] = [
  {title: 'nothing to say', document: oneNetwork('10.0.0.0/16', racks(3)), asked: load(10, 10)},
  {
    title: 'no network',
    document: {networks: [], topologies: []},
    warnings: ['There is no network: no host can be placed, and no address given.'],
  },
  {
    title: 'a network without a topology, and a tenant that has no other',
    document: {networks: [{name: 'x', cidr: '10.0.0.0/16', tenants: ['web']}], topologies: []},
    warnings: [
      'Network x is in no topology: no host can be placed in it, and it gives no addresses.',
      'No network is there for tenant web: no endpoint of it gets an address.',
    ],
  },
  {
    title: 'networks that are for some tenants only, by family',
    document: networks({name: 'a', cidr: '10.0.0.0/16', tenants: ['web', 'db']}, {name: 'b', cidr: 'fd00::/64'}),
    warnings: ['Only web, db can have IPv4 addresses: no IPv4 network in a topology is open to all tenants.'],
  },
  {
    title: 'assignments that contradict each other',
    document: oneNetwork('10.0.0.0/16', [{name: 'z', assignment: {zone: 'a'}, groups: [{name: 'r', assignment: {zone: 'b'}}, rack('r2')]}]),
    warnings: [
      'No host can get to group z/r (10.0.0.0/17) of network net: it takes only hosts with zone=a and zone=b at once.',
      'Network net (10.0.0.0/16) has no room for another group beside its 2: one more changes the prefixes of all of them.',
    ],
  },
  {
    title: 'no padding left, on each level',
    document: oneNetwork('10.0.0.0/16', [
      {assignment: {zone: 'a'}, groups: racks(4)},
      {assignment: {zone: 'b'}, groups: racks(3)},
      {assignment: {zone: 'c'}, groups: racks(1)},
      {assignment: {zone: 'd'}, groups: racks(5)},
    ]),
    warnings: [
      'Network net (10.0.0.0/16) has no room for another group beside its 4: one more changes the prefixes of all of them.',
      '2 zones of network net have no room for another group beside theirs, first a (10.0.0.0/18) with 4: one more changes the prefixes of all of them.',
    ],
  },
  {
    title: 'a map of one group that is divided has room to grow inside',
    document: oneNetwork('10.0.0.0/16', [{name: 'dc', groups: racks(3)}]),
  },
  {
    title: 'blocks of one address',
    document: oneNetwork('10.0.0.0/24', racks(3), {block_mask: 32}),
    warnings: ['A block of network net is a single address (/32): every endpoint is a route of its own.'],
  },
  {title: 'not yet 80 % full', document: oneNetwork('10.0.0.0/24', racks(3)), asked: load(6, 1)},
  {
    title: '80 % full, one group',
    document: oneNetwork('10.0.0.0/24', [{name: 'all'}]),
    asked: load(13, 16),
    warnings: ['Network net (10.0.0.0/24) would be 81 % full: 26 of 32 blocks, room for 3 more hosts like its 13.'],
  },
  {
    title: '80 % full, several groups',
    document: oneNetwork('10.0.0.0/24', [
      ...racks(2),
      {name: 'big', groups: [{name: 'r', hosts: [1, 2, 3, 4].map(n => ({name: `h${n}`, ip: `1.1.1.${n}`}))}]},
    ]),
    asked: load(2, 16),
    warnings: [
      'Group big (10.0.0.128/26) of network net has no room for another group beside its 1: one more changes the prefixes of all of them.',
      'Group big/r (10.0.0.128/26) of network net would be 100 % full: 8 of 8 blocks, room for no other host like its 4.',
    ],
  },
  {
    title: 'many groups that are nearly full',
    document: oneNetwork('10.0.0.0/24', racks(3)),
    asked: load(7, 1),
    warnings: [
      '3 of 3 racks of network net would be at least 80 % full, most of all r1 (10.0.0.0/26) with 87 %: 7 of 8 blocks, room for 1 more host like its 7.',
    ],
  },
  {
    title: 'too small, one group',
    document: oneNetwork('10.0.0.0/24', [{name: 'all'}]),
    asked: load(50, 10),
    problems: [
      'Network net (10.0.0.0/24) has 32 blocks of /29, its 50 hosts with 10 endpoints each need 100: 340 endpoints get no address.',
    ],
  },
  {
    title: 'too small by one endpoint',
    document: oneNetwork('10.0.0.0/28', [{name: 'all'}]),
    asked: load(1, 17),
    problems: ['Network net (10.0.0.0/28) has 2 blocks of /29, its 1 host with 17 endpoints each needs 3: 1 endpoint gets no address.'],
  },
  {
    title: 'too small, a few groups, and no warning beside the problem',
    document: oneNetwork('10.0.0.0/24', racks(3)),
    asked: load(9, 1),
    problems: [0, 64, 128].map((last, index) => {
      return `Group r${index + 1} (10.0.0.${last}/26) of network net has 8 blocks of /29, its 9 hosts with 1 endpoint each need 9: 1 endpoint gets no address.`;
    }),
  },
  {
    title: 'too small, many groups',
    document: oneNetwork('10.0.0.0/24', racks(5)),
    asked: load(5, 1),
    problems: [
      '5 racks of network net are too small, 5 endpoints get no address. The first: Group r1 (10.0.0.0/27) of network net has 4 blocks of /29, its 5 hosts with 1 endpoint each need 5: 1 endpoint gets no address.',
    ],
  },
  {
    title: 'full, and another network takes the rest',
    document: networks({name: 'a', cidr: '10.0.0.0/28'}, {name: 'b', cidr: '10.0.1.0/24'}),
    asked: load(3, 8),
    warnings: ['Network a (10.0.0.0/28) is full: 8 endpoints must look for an address in another network.'],
  },
  {
    title: 'full, and the other network is full, too',
    document: networks({name: 'a', cidr: '10.0.0.0/28'}, {name: 'b', cidr: '10.0.1.0/28'}),
    asked: load(5, 8),
    warnings: ['Network a (10.0.0.0/28) is full: 24 endpoints must look for an address in another network.'],
    problems: ['Network b (10.0.1.0/28) has 2 blocks of /29, its 5 hosts with 8 endpoints each need 3: 8 endpoints get no address.'],
  },
  {title: 'fifty routes in a VPC table', document: oneNetwork('10.0.0.0/16', racks(50))},
  ...(
    [
      [51, 'more than 50, the default limit until June 2025 (500 since then; 1,000 on request)'],
      [501, 'more than 500, the default limit since June 2025 (50 before; 1,000 on request)'],
      [1001, 'more than the 1,000 that AWS allows at most'],
    ] as const
  ).map(([count, limit]) => ({
    title: `${count} routes in a VPC table`,
    document: oneNetwork('10.0.0.0/16', racks(count)),
    warnings: [
      `A VPC route table of AWS would carry ${count === 1001 ? '1,001' : count} IPv4 routes, ${limit}; those of its subnets and gateways come on top.`,
    ],
  })),
  {
    title: 'more than a switch can hold, by family',
    document: networks({name: 'a', cidr: '10.0.0.0/8'}, {name: 'b', cidr: 'fd00::/64'}),
    asked: load(1001, 128),
    warnings: [
      'A VPC route table of AWS would carry 16,016 IPv4 routes, more than the 1,000 that AWS allows at most; those of its subnets and gateways come on top.',
      'A ToR would carry 16,016 IPv4 routes where hosts announce blocks: more than the 16,000 that small switches have room for.',
      'A spine would carry 16,016 IPv4 routes: more than the 16,000 that small switches have room for.',
      'A VPC route table of AWS would carry 2,002 IPv6 routes, more than the 1,000 that AWS allows at most; those of its subnets and gateways come on top.',
    ],
  },
];

for (const {title, document, asked = {}, warnings = [], problems = []} of cases) {
  test(`warnings and problems: ${title}`, t => {
    const plan = planOf(document, asked);
    t.deepEqual(plan.problems, problems);
    t.deepEqual(plan.warnings, warnings);
    t.is(plan.fits, problems.length === 0);
  });
}

const prefix = parsePrefix;
const racksOfThree = oneNetwork('10.0.0.0/24', [...racks(2), {name: 'spare'}], {block_mask: 28});
const running = (more: Partial<LiveSystem> = {}): LiveSystem => ({
  hosts: [
    {name: 'h1', drained: false, groups: {net: prefix('10.0.0.0/26')}},
    {name: 'h2', drained: false, groups: {net: prefix('10.0.0.0/26')}},
    {name: 'fixed', drained: false, groups: {net: prefix('10.0.0.96/27')}, fixed: prefix('10.0.0.96/27')},
  ],
  blocks: [
    {cidr: prefix('10.0.0.0/28'), host: 'h1', tenant: 't', addresses: 16},
    {cidr: prefix('10.0.0.16/28'), host: 'h1', tenant: 't', addresses: 2},
    {cidr: prefix('10.0.0.32/28'), host: '', tenant: '', addresses: 0},
    {cidr: prefix('10.0.0.48/28'), host: 'h2', tenant: 't', addresses: 1},
    {cidr: prefix('10.0.0.96/28'), host: 'fixed', tenant: 't', addresses: 3},
  ],
  blackouts: [],
  tenants: ['t'],
  misfits: [],
  ...more,
});
const rowsOf = ({networks: [network]}: ReturnType<typeof planOf>) =>
  network?.groups.map(
    ({label, hosts, blocks, addresses}) =>
      `${label}: ${hosts}, ${blocks.used} ${addresses.used} ${blocks.blackedOut} ${addresses.blackedOut}`,
  );

test('what runs: hosts in their groups, a fixed prefix in the group around it, free blocks as free', t => {
  const plan = planOf(racksOfThree, {live: running()});
  t.deepEqual(rowsOf(plan), [': 3, 4 22 0 0', 'r1: 2, 3 19 0 0', 'r2: 1, 1 3 0 0', 'spare: 0, 0 0 0 0']);
  t.deepEqual(plan.load, {isLive: true, hosts: 3, hostsPerGroup: 0, ownersPerHost: 1, tenants: [undefined]});
  t.deepEqual(plan.routes.ipv4?.topology.host, {
    kernel: {blocks: 2n, aggregate: {least: 1n, most: 1n}},
    announced: {blocks: 2n, aggregate: {least: 1n, most: 1n}, groups: 1n},
  });
  t.deepEqual(plan.warnings, []);
});

test('what runs, filled up: hosts keep what they have, their own blocks are used first', t => {
  const plan = planOf(racksOfThree, {live: running(), hostsPerGroup: 2, endpointsPerHost: 20});
  // h1 has 18 of 20, h2 needs 19 more and has room for 15, the fixed one 17 and has 13; new hosts need two blocks.
  t.deepEqual(rowsOf(plan), [': 6, 12 120 0 0', 'r1: 2, 4 40 0 0', 'r2: 2, 4 40 0 0', 'spare: 2, 4 40 0 0']);
  t.deepEqual(planOf(racksOfThree, {live: running(), hostsPerGroup: 2}).load.endpointsPerHost, 8);
  const drained = running().hosts.map(host => ({...host, drained: true}));
  const calm = planOf(racksOfThree, {live: running({hosts: drained}), hostsPerGroup: 2, endpointsPerHost: 20});
  t.deepEqual(rowsOf(calm), [': 6, 10 82 0 0', 'r1: 2, 3 19 0 0', 'r2: 2, 3 23 0 0', 'spare: 2, 4 40 0 0']);
});

test('what is blacked out is neither used nor free, and a block of which some addresses are left is', t => {
  const blackouts = ['10.0.0.64/28', '10.0.0.80/29', '10.0.0.88/29', '10.0.0.128/30', '10.0.0.192/27', '10.9.0.0/24'].map(prefix);
  const plan = planOf(racksOfThree, {live: running({blackouts}), hostsPerGroup: 3, endpointsPerHost: 16});
  t.deepEqual(rowsOf(plan), [': 9, 8 114 4 68', 'r1: 3, 4 50 0 0', 'r2: 3, 1 16 2 32', 'spare: 3, 3 48 0 4']);
  t.deepEqual(plan.problems, [
    'Group r2 (10.0.0.64/26) of network net has 0 blocks of /28 beside the own prefix of host fixed, its 2 other hosts with 16 endpoints each need 2: 32 endpoints get no address.',
  ]);
});

test('what runs where no group is for it, and tenants that have no network', t => {
  const plan = planOf(oneNetwork('10.0.0.0/26', [], {tenants: ['web'], block_mask: 28}), {
    live: running({
      hosts: [
        {name: 'h1', drained: false, groups: {}},
        {name: 'h2', drained: false, groups: {other: prefix('10.0.0.0/26')}},
      ],
      misfits: ['Host h1 is too far away.'],
    }),
  });
  t.deepEqual(plan.problems, ['Host h1 is too far away.']);
  t.deepEqual(plan.warnings, [
    'No network is there for tenant t: no endpoint of it gets an address.',
    'Only web can have IPv4 addresses: no IPv4 network in a topology is open to all tenants.',
    'Hosts h1, h2 are in no group of any network.',
    '1 block lies in no group of any network, first 10.0.0.96/28 of host fixed.',
  ]);
});

test('what runs is full, and not would be', t => {
  const hosts = [{name: 'h1', drained: false, groups: {net: prefix('10.0.0.0/26')}}];
  const blocks = [0, 16, 32, 48].map(last => ({cidr: prefix(`10.0.0.${last}/28`), host: 'h1', tenant: 't', addresses: 16}));
  t.deepEqual(planOf(oneNetwork('10.0.0.0/26', [], {block_mask: 28}), {live: running({hosts, blocks})}).warnings, [
    'Network net (10.0.0.0/26) is 100 % full: 4 of 4 blocks, room for no other host like its 1.',
  ]);
});
