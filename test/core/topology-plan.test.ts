import test from 'ava';
import {parseTopology} from '../../src/core/topology-document.ts';
import {planTopology, type TopologyPlanOptions} from '../../src/core/topology-plan.ts';
import type {RouteCounts, TopologyPlan} from '../../src/core/topology-plan-model.ts';
import {oneNetwork, rack, zones} from './topology-samples.ts';

type Asked = Omit<TopologyPlanOptions, 'document'>;
const planOf = (document: unknown, asked: Asked = {}) => planTopology({document: parseTopology(document), ...asked});
const load = (hostsPerGroup: number, endpointsPerHost: number, more: Asked = {}) => ({hostsPerGroup, endpointsPerHost, ...more});
const racks = (count: number, from = 1) => Array.from({length: count}, (_, index) => rack(`r${index + from}`));

/** "label cidr: hosts, used of capacity blocks" of each group. */
const groupLines = ({networks}: TopologyPlan) =>
  networks.flatMap(({groups}) =>
    groups.map(({label, cidr, hosts, blocks}) => `${label} ${cidr}: ${hosts}, ${blocks.used}/${blocks.capacity}`.trim()),
  );

const capacities: ReadonlyArray<readonly [title: string, document: unknown, asked: Asked, lines: string[]]> = [
  [
    'zones and racks',
    zones,
    load(40, 60),
    [
      '10.111.0.0/16: 240, 1920/8192',
      'zone-A 10.111.0.0/17: 160, 1280/4096',
      'zone-A/rack-3 10.111.0.0/19: 40, 320/1024',
      'zone-A/rack-4 10.111.32.0/19: 40, 320/1024',
      'zone-A/rack-7 10.111.64.0/19: 40, 320/1024',
      'zone-A/rack-9 10.111.96.0/19: 40, 320/1024',
      'zone-B 10.111.128.0/17: 80, 640/4096',
      'zone-B/rack-17 10.111.128.0/18: 40, 320/2048',
      'zone-B/rack-22 10.111.192.0/18: 40, 320/2048',
    ],
  ],
  [
    'blocks are whole: ten endpoints need two of eight',
    oneNetwork('10.0.0.0/24', [{name: 'all'}]),
    load(3, 10),
    ['all 10.0.0.0/24: 3, 6/32'],
  ],
  [
    'blocks have one owner: ten endpoints of five owners need five',
    oneNetwork('10.0.0.0/24', [{name: 'all'}]),
    load(3, 10, {ownersPerHost: 5}),
    ['all 10.0.0.0/24: 3, 15/32'],
  ],
  [
    'more owners than endpoints: a block for each endpoint',
    oneNetwork('10.0.0.0/24', [{name: 'all'}]),
    load(3, 2, {ownersPerHost: 5}),
    ['all 10.0.0.0/24: 3, 6/32'],
  ],
  [
    'a host and an endpoint by default',
    oneNetwork('10.0.0.0/24', racks(2)),
    {},
    ['10.0.0.0/24: 2, 2/32', 'r1 10.0.0.0/25: 1, 1/16', 'r2 10.0.0.128/25: 1, 1/16'],
  ],
  [
    'hosts that the document lists count, in the network that lists them and in the others that take them',
    {
      networks: [
        {name: 'a', cidr: '10.0.0.0/24'},
        {name: 'b', cidr: '10.0.1.0/24', block_mask: 28},
      ],
      topologies: [
        {networks: ['a'], map: [{name: 'x', hosts: [1, 2, 3].map(n => ({name: `h${n}`, ip: `1.1.1.${n}`}))}, {name: 'y'}]},
        {networks: ['b'], map: [{name: 'z'}]},
      ],
    },
    {hostsPerGroup: 2},
    ['10.0.0.0/24: 5, 5/32', 'x 10.0.0.0/25: 3, 3/16', 'y 10.0.0.128/25: 2, 2/16', 'z 10.0.1.0/24: 5, 0/16'],
  ],
  [
    'the hosts of four groups are all in the one group of another network',
    {
      networks: [
        {name: 'flat', cidr: 'fd00::/112'},
        {name: 'split', cidr: '10.0.0.0/24'},
      ],
      topologies: [
        {networks: ['flat'], map: []},
        {networks: ['split'], map: [{}, {}, {}, {}]},
      ],
    },
    load(2, 1),
    [
      'fd00::/112 fd00::/112: 8, 8/1024',
      ...['10.0.0.0/24: 8, 8/32', ...[0, 64, 128, 192].map(last => `10.0.0.${last}/26 10.0.0.${last}/26: 2, 2/8`)],
    ],
  ],
  [
    'a network for other hosts than those of the first, and one for all',
    {
      networks: ['a', 'b', 'all'].map((name, index) => ({name, cidr: `10.0.${index}.0/24`, tenants: [name]})),
      topologies: [
        {networks: ['a'], map: [{assignment: {zone: 'a'}}]},
        {networks: ['b'], map: [{assignment: {zone: 'b'}}]},
        {networks: ['all'], map: []},
      ],
    },
    load(3, 9),
    ['a 10.0.0.0/24: 3, 3/32', 'b 10.0.1.0/24: 3, 3/32', '10.0.2.0/24 10.0.2.0/24: 6, 6/32'],
  ],
  [
    'the endpoints of a host are dealt out to the tenants that networks name, and to all others where one is open',
    {
      networks: [
        {name: 'shop', cidr: '10.0.0.0/24', tenants: ['web', 'db']},
        {name: 'open', cidr: '10.0.1.0/24'},
      ],
      topologies: [{networks: ['shop', 'open'], map: []}],
    },
    load(1, 30),
    ['10.0.0.0/24 10.0.0.0/24: 1, 4/32', '10.0.1.0/24 10.0.1.0/24: 1, 2/32'],
  ],
  [
    'what is full is passed on to the next network, the rest of a host too',
    {
      networks: [
        {name: 'first', cidr: '10.0.0.0/27'},
        {name: 'second', cidr: '10.0.1.0/24', block_mask: 31},
      ],
      topologies: [{networks: ['first', 'second'], map: []}],
    },
    load(2, 20),
    ['10.0.0.0/27 10.0.0.0/27: 2, 4/4', '10.0.1.0/24 10.0.1.0/24: 2, 6/128'],
  ],
  [
    'endpoints have an address of each family',
    {
      networks: [
        {name: 'four', cidr: '10.0.0.0/16'},
        {name: 'six', cidr: '2001:db8::/64'},
      ],
      topologies: [{networks: ['four', 'six'], map: racks(2)}],
    },
    load(10, 100),
    [
      '10.0.0.0/16: 20, 260/8192',
      'r1 10.0.0.0/17: 10, 130/4096',
      'r2 10.0.128.0/17: 10, 130/4096',
      `2001:db8::/64: 20, 40/${2n ** 58n}`,
      `r1 2001:db8::/65: 10, 20/${2n ** 57n}`,
      `r2 2001:db8:0:0:8000::/65: 10, 20/${2n ** 57n}`,
    ],
  ],
];

for (const [title, document, asked, lines] of capacities) {
  test(`what is used: ${title}`, t => {
    const plan = planOf(document, asked);
    t.deepEqual(groupLines(plan), lines);
    t.deepEqual(plan.problems, []);
  });
}

/** The counts of a column as lines of numbers; a span as "1-8", what is not there as "-". */
const routeLine = ({host, tor, spine, core, vpc}: RouteCounts) => {
  const span = ({least, most}: {least: bigint; most: bigint}) => (least === most ? String(most) : `${least}-${most}`);
  return [
    `kernel ${host.kernel.blocks} ${span(host.kernel.aggregate)}`,
    `host ${host.announced.blocks} ${span(host.announced.aggregate)} ${host.announced.groups ?? '-'}`,
    `tor ${tor.blocks} ${span(tor.aggregate)} ${tor.groups ?? '-'}`,
    `spine ${spine}`,
    `core ${core ?? '-'}`,
    `vpc ${vpc}`,
  ].join(', ');
};

const routes: ReadonlyArray<readonly [title: string, document: unknown, asked: Asked, topology: string, flat: string]> = [
  [
    'racks: the spine has one prefix for each, a ToR the blocks of its hosts and one prefix for each of the other racks',
    oneNetwork('10.0.0.0/16', racks(4)),
    load(40, 60),
    'kernel 312 39-312, host 8 1-8 1, tor 323 43-323 4, spine 4, core -, vpc 4',
    'kernel 312 312, host 8 8 -, tor 1280 1280 -, spine 1280, core -, vpc 1280',
  ],
  [
    'zones: a spine has its racks and one prefix for each other zone',
    zones,
    load(40, 60),
    'kernel 312 39-312, host 8 1-8 1, tor 324 44-324 5, spine 5, core 2, vpc 6',
    'kernel 312 312, host 8 8 -, tor 1920 1920 -, spine 1920, core 1920, vpc 1920',
  ],
  [
    'a flat topology: nothing is aggregated above a host',
    oneNetwork('10.0.0.0/16', []),
    load(100, 20),
    'kernel 297 198-297, host 3 2-3 1, tor 300 200-300 1, spine 300, core -, vpc 300',
    'kernel 297 297, host 3 3 -, tor 300 300 -, spine 300, core -, vpc 300',
  ],
  [
    'a group for each host: its blocks stand in a row, and have no neighbours',
    oneNetwork(
      '10.0.0.0/16',
      Array.from({length: 16}, () => ({})),
    ),
    load(1, 56),
    'kernel 0 0, host 7 3 1, tor 22 18 16, spine 16, core -, vpc 16',
    'kernel 0 0, host 7 7 -, tor 112 112 -, spine 112, core -, vpc 112',
  ],
  [
    'without endpoints there is nothing to route to',
    oneNetwork('10.0.0.0/16', racks(4)),
    load(40, 0),
    'kernel 0 0, host 0 0 0, tor 0 0 0, spine 0, core -, vpc 0',
    'kernel 0 0, host 0 0 -, tor 0 0 -, spine 0, core -, vpc 0',
  ],
];

for (const [title, document, asked, topology, flat] of routes) {
  test(`routes of ${title}`, t => {
    const {ipv4} = planOf(document, asked).routes;
    t.deepEqual(ipv4 && [routeLine(ipv4.topology), routeLine(ipv4.flat)], [topology, flat]);
  });
}

test('routes are counted by family, over all networks of it', t => {
  const networks = [
    {name: 'a', cidr: '10.0.0.0/16'},
    {name: 'b', cidr: '10.1.0.0/16', tenants: ['web']},
    {name: 'six', cidr: 'fd00::/64'},
  ];
  const {ipv4, ipv6} = planOf({networks, topologies: [{networks: ['a', 'b', 'six'], map: racks(3)}]}, load(10, 16)).routes;
  t.is(ipv4 && routeLine(ipv4.topology), 'kernel 18 18, host 2 2 2, tor 24 24 6, spine 6, core -, vpc 6');
  t.is(ipv6 && routeLine(ipv6.topology), 'kernel 18 9-18, host 2 1-2 1, tor 22 12-22 3, spine 3, core -, vpc 3');
});

test('each group has a router: it carries the groups below it, those beside it, and those beside the groups above', t => {
  const [network] = planOf(zones, load(40, 60)).networks;
  t.deepEqual(
    network?.groups.map(({routes: count}) => count),
    [2n, 5n, 324n, 324n, 324n, 324n, 3n, 322n, 322n],
  );
  t.deepEqual(
    planOf(oneNetwork('10.0.0.0/16', []), load(4, 9)).networks[0]?.groups.map(({routes: count}) => count),
    [8n],
  );
});

test('a core, and hosts that a network does not take, reach the groups of every network', t => {
  const networks = ['nested', 'racks', 'flat'].map((name, index) => ({name, cidr: `10.${index}.0.0/16`, tenants: [name]}));
  const zones = ['a', 'b'].map(zone => ({assignment: {zone}, groups: racks(2)}));
  const topologies = [
    {networks: ['nested'], map: zones},
    {networks: ['racks'], map: racks(3, 5)},
    {networks: ['flat'], map: [{assignment: {old: 'yes'}}]},
  ];
  const {ipv4} = planOf({networks, topologies}, load(2, 9)).routes;
  // Of a host in "nested": 4 blocks of its rack (two of each host), the other rack, the other zone; the three racks and the four blocks of the others.
  t.is(ipv4 && routeLine(ipv4.topology), 'kernel 2 1-2, host 2 1-2 1, tor 13 11-13 10, spine 10, core 9, vpc 11');
  t.is(ipv4?.flat.core, 32n);
});

test('room: groups that can be added while those that are there keep their prefixes; when it is full', t => {
  const document = oneNetwork('10.0.0.0/16', [{name: 'z1', groups: racks(3)}, {name: 'z2', groups: racks(1)}, {name: 'z3'}]);
  const [network] = planOf(document, load(10, 20)).networks;
  t.deepEqual(
    network?.groups.map(({label, room, hostsWhenFull, addressesPerHostWhenFull}) => [label, room, hostsWhenFull, addressesPerHostWhenFull]),
    [
      ['', 1, 1874n, 408n],
      ['z1', 1, 510n, 408n],
      ['z1/r1', undefined, 170n, 408n],
      ['z1/r2', undefined, 170n, 408n],
      ['z1/r3', undefined, 170n, 408n],
      ['z2', 0, 682n, 1632n],
      ['z2/r1', undefined, 682n, 1632n],
      ['z3', undefined, 682n, 1632n],
    ],
  );
});

test('levels go by the label that all of their groups ask for, groups without a name by its value', t => {
  const levels = (document: unknown) => planOf(document).networks[0]?.groups.map(({level, title, path}) => [level, title, path]);
  t.deepEqual(
    levels(
      oneNetwork('10.0.0.0/16', [
        {assignment: {zone: 'a'}, groups: [rack('r1')]},
        {name: 'B', assignment: {zone: 'b'}},
      ]),
    ),
    [
      ['', '', ''],
      ['zone', 'a', '10.0.0.0/17'],
      ['rack', 'r1', '10.0.0.0/17/10.0.0.0/17'],
      ['zone', 'B', 'B'],
    ],
  );
  t.deepEqual(
    levels(oneNetwork('10.0.0.0/16', [rack('r1'), {name: 'other'}]))?.map(([level]) => level),
    ['', '', ''],
  );
});

test('a topology of four thousand groups and a million hosts in each is planned in seconds, and what does not fit is one sentence', t => {
  const zone = (z: number) => ({assignment: {zone: `z${z}`}, groups: Array.from({length: 64}, (_, r) => rack(`r${r}`))});
  const document = oneNetwork(
    '10.0.0.0/8',
    Array.from({length: 64}, (_, z) => zone(z)),
  );
  const start = performance.now();
  const {problems, load: planned} = planOf(document, load(1_000_000, 1_000_000));
  t.true(performance.now() - start < 30_000);
  t.is(planned.hosts, 4_096_000_000);
  t.is(problems.length, 1);
  t.regex(
    problems[0] ?? '',
    /^4,096 racks of network net are too small, 4\.09e15 endpoints get no address\. The first: Group z0\/r0 \(10\.0\.0\.0\/20\)/,
  );
});

test('fewer owners than the networks name tenants are refused', t => {
  const document = oneNetwork('10.0.0.0/16', [], {tenants: ['a', 'b', 'c']});
  t.throws(() => planOf(document, {ownersPerHost: 2}), {
    code: 'ERR_USAGE',
    message: '2 owners on a host are fewer than the tenants that the networks tell apart: a, b, c',
  });
  t.is(planOf(document, {ownersPerHost: 3}).load.ownersPerHost, 3);
});
