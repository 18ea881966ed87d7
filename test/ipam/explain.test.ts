import anyTest from 'ava';
import {reportOf} from '../../src/agent/report.ts';
import type {AgentStatus} from '../../src/agent/status.ts';
import {status as sample} from '../agent/status-sample.ts';
import {startDaemon} from '../helpers/daemon.ts';
import type {TestEtcd} from '../helpers/etcd.ts';
import {addHost, flat, startSystem, type TestSystem} from '../helpers/ipam.ts';
import {waitFor} from '../helpers/wait.ts';

// One system at a time: each is an etcd and a daemon.
const test = anyTest.serial;

const racks = {
  networks: [
    {name: 'net', cidr: '10.1.0.0/16'},
    {name: 'six', cidr: '2001:db8::/64'},
    {name: 'bare', cidr: '10.2.0.0/16'},
  ],
  topologies: [
    {
      networks: ['net'],
      map: [
        {name: 'zone-A', groups: ['rack-1', 'rack-2', 'rack-3'].map(rack => ({name: rack, assignment: {rack}, groups: []}))},
        {name: 'zone-B', assignment: {rack: 'none'}, groups: []},
      ],
    },
    {networks: ['six'], map: []},
  ],
};

type Change = Partial<Omit<AgentStatus, 'prefixes'>> & {readonly prefixes?: AgentStatus['prefixes'] | undefined};

/** What an agent reports on whose host all is well, but for that change. */
async function report({keys, openStore}: TestEtcd, host: string, change: Change, at = Date.now()): Promise<void> {
  const {prefixes, ...status} = {...sample, prefixes: 'blocks' as const, ...change};
  const operations = [
    {put: keys.beat(host), value: JSON.stringify({at, revision: 42})},
    {put: keys.report(host), value: JSON.stringify(reportOf({...status, ...(prefixes !== undefined && {prefixes})}))},
  ];
  await openStore().commit({conditions: [], operations});
}

async function reported({etcd, daemon}: TestSystem, host: string, version: string, change: Change): Promise<void> {
  await report(etcd, host, {...change, version});
  await waitFor('the report is seen', async () => (await daemon.get(`/status?host=${host}`)).body[0].version === version);
}

test('an address is explained from its owner up to those who hear of it', async t => {
  const system = await startSystem(t, {topology: racks});
  const {daemon} = system;
  await addHost(daemon, 'host-1', '192.168.0.1', {tags: {rack: 'rack-2'}});
  await daemon.allocate('web-1', 'host-1', {tenant: 'shop', segment: 'web'});
  await daemon.allocate('web-2', 'host-1', {tenant: 'shop', segment: 'web'});
  await reported(system, 'host-1', '1', {});
  const [address] = (await daemon.get('/addresses/web-2')).body;
  const [block] = (await daemon.get('/blocks')).body.blocks;
  const {status, body} = await daemon.get('/explain/10.1.32.1');
  t.is(status, 200);
  t.deepEqual(body, {
    ip: '10.1.32.1',
    network: {name: 'net', cidr: '10.1.0.0/16'},
    groups: [
      {name: 'zone-A', path: 'zone-A', cidr: '10.1.0.0/17'},
      {name: 'rack-2', path: 'zone-A/rack-2', cidr: '10.1.32.0/19'},
    ],
    blackout: null,
    block,
    host: {name: 'host-1', ip: '192.168.0.1', drained: false},
    address,
    vip: null,
    announced: [
      {
        host: 'host-1',
        prefix: '10.1.32.0/29',
        announced: true,
        reason: null,
        sessions: [
          {name: 'tor', proto: 'BGP', neighbour: '192.168.20.1', neighbour_as: 65001, up: true},
          {name: 'tor6', proto: 'BGP', neighbour: '2001:db8:1234:5678:9abc:def0:1234:5678', neighbour_as: 4_200_000_001, up: false},
          {name: 'fabric', proto: 'OSPF', up: true},
        ],
      },
    ],
    text: [
      `10.1.32.1 is the address of web-2, tenant shop, segment web, given out at ${address.allocated_at}.`,
      'It lies in block 10.1.32.0/29 of host host-1 (192.168.0.1), tenant shop, segment web, with 2 of 8 addresses in use.',
      'It lies in network net (10.1.0.0/16), group zone-A/rack-2 (10.1.32.0/19).',
      'Host host-1 announces 10.1.32.0/29; sessions that are up: tor (192.168.20.1), fabric.',
    ],
  });
});

test('where the chain ends, the rest is null, and the sentences say why', async t => {
  const {daemon} = await startSystem(t, {topology: racks});
  await addHost(daemon, 'host-1', '192.168.0.1', {tags: {rack: 'rack-1'}});
  await addHost(daemon, 'alone', '192.168.0.2', {tags: {rack: 'rack-2'}, cidr: '10.1.40.0/24'});
  await addHost(daemon, 'inside', '10.1.0.7');
  const [own] = (await daemon.get('/explain/10.1.0.7')).body.text;
  t.is(own, '10.1.0.7 is the IP of host inside itself, and is given to nobody else.');
  await daemon.delete('/hosts/inside');
  await daemon.allocate('a', 'host-1', {tenant: ''});
  await daemon.allocate('b', 'host-1', {tenant: 't2'});
  await daemon.delete('/address?addressName=b');
  await daemon.post('/blackouts', {cidr: '10.1.0.4/30'});
  await daemon.post('/blackouts', {cidr: '10.1.1.0/24'});
  const nothing = {network: null, groups: [], blackout: null, block: null, host: null, address: null, vip: null, announced: []};
  t.deepEqual((await daemon.get('/explain/10.9.0.1')).body, {ip: '10.9.0.1', ...nothing, text: ['10.9.0.1 lies in no network.']});
  t.deepEqual((await daemon.get('/explain/2001:DB8:9::0')).body, {
    ip: '2001:db8:9::',
    ...nothing,
    text: ['2001:db8:9:: lies in no network.'],
  });

  const cases: [ip: string, fields: object, text: (string | RegExp)[]][] = [
    [
      '10.1.0.3',
      {block: {cidr: '10.1.0.0/29', host: 'host-1'}, address: null, blackout: null},
      [
        '10.1.0.3 is free.',
        'It lies in block 10.1.0.0/29 of host host-1 (192.168.0.1), with 1 of 8 addresses in use.',
        'It lies in network net (10.1.0.0/16), group zone-A/rack-1 (10.1.0.0/19).',
        'Whether host host-1 announces 10.1.0.0/29 is not known: its agent has never reported.',
      ],
    ],
    [
      '10.1.0.5',
      {block: {cidr: '10.1.0.0/29'}, address: null, blackout: '10.1.0.4/30'},
      [
        '10.1.0.5 is blacked out: no address of 10.1.0.4/30 is given out.',
        /^It lies in block 10\.1\.0\.0\/29 of host/,
        /^It lies in network/,
        /^Whether/,
      ],
    ],
    [
      '10.1.0.9',
      {block: {cidr: '10.1.0.8/29', host: ''}, host: null},
      [
        '10.1.0.9 is free.',
        'It lies in block 10.1.0.8/29, which belongs to nobody and waits to be reused; host host-1 had it last.',
        /group zone-A\/rack-1/,
        'No host announces it.',
      ],
    ],
    [
      '10.1.1.1',
      {block: null, blackout: '10.1.1.0/24'},
      [
        '10.1.1.1 is blacked out: no address of 10.1.1.0/24 is given out.',
        'No block is around it.',
        /group zone-A\/rack-1/,
        'No host announces it.',
      ],
    ],
    [
      '10.1.40.7',
      {block: null, host: null},
      [
        '10.1.40.7 is free.',
        "Only host alone may get it: 10.1.40.0/24 is that host's own prefix.",
        'No block is around it.',
        /group zone-A\/rack-2/,
        'No host announces it.',
      ],
    ],
    [
      '10.1.128.1',
      {groups: [{name: 'zone-B', path: 'zone-B', cidr: '10.1.128.0/17'}]},
      [/free/, /No block/, /group zone-B \(10/, /No host/],
    ],
    [
      '10.1.96.1',
      {groups: [{name: 'zone-A', path: 'zone-A', cidr: '10.1.0.0/17'}]},
      [
        '10.1.96.1 is free.',
        'No block is around it.',
        'It lies in network net (10.1.0.0/16), group zone-A (10.1.0.0/17), in a part that is kept for groups to come: no address of it is given out.',
        'No host announces it.',
      ],
    ],
    [
      '10.2.0.1',
      {network: {name: 'bare', cidr: '10.2.0.0/16'}, groups: []},
      [/free/, /No block/, 'It lies in network bare (10.2.0.0/16), which no topology maps: no address of it is given out.', /No host/],
    ],
    [
      '2001:db8::7',
      {groups: [{name: '', path: '2001:db8::/64', cidr: '2001:db8::/64'}]},
      [/free/, /No block/, /group 2001:db8::\/64 /, /No host/],
    ],
  ];
  for (const [ip, fields, text] of cases) {
    const {status, body} = await daemon.get(`/explain/${ip}`);
    t.is(status, 200);
    t.like(body, fields, ip);
    t.is(body.text.length, text.length, body.text.join('\n'));
    for (const [index, wanted] of text.entries()) {
      if (typeof wanted === 'string') t.is(body.text[index], wanted);
      else t.regex(body.text[index], wanted);
    }
  }

  for (const ip of ['x', '10.1.0', '10.1.0.256', '010.1.0.1', 'fe80::1%25eth0', '10.1.0.0%2F24', 'web-1']) {
    const {status, body} = await daemon.get(`/explain/${ip}`);
    t.is(status, 422, ip);
    t.regex(body.details, /^Invalid IP ".*", expected an IPv4 or IPv6 address\.$/);
  }
  t.is((await daemon.get('/explain')).status, 404);
});

test('what is announced around it is a block, an aggregate or a group, as each agent does it', async t => {
  const system = await startSystem(t, {topology: flat('10.0.0.0/16'), hosts: ['a', 'b', 'c']});
  const {daemon} = system;
  for (const [name, tenant] of [
    ['1', 't1'],
    ['2', 't2'],
    ['3', 't3'],
  ] as const)
    await daemon.allocate(name, 'a', {tenant});
  await daemon.allocate('4', 'b');
  const announced = async (ip: string) =>
    (await daemon.get(`/explain/${ip}`)).body.announced.map((each: {host: string; prefix: string; announced: boolean}) => [
      each.host,
      each.prefix,
      each.announced,
    ]);
  t.deepEqual(await announced('10.0.0.9'), [['a', '10.0.0.8/29', null]]);
  await reported(system, 'a', '1', {prefixes: 'aggregate'});
  t.deepEqual(await announced('10.0.0.9'), [['a', '10.0.0.0/28', true]]);
  t.deepEqual(await announced('10.0.0.17'), [['a', '10.0.0.16/29', true]]);
  // A host without blocks announces no group.
  for (const host of ['b', 'c']) await reported(system, host, '1', {prefixes: 'groups'});
  t.deepEqual(await announced('10.0.0.9'), [
    ['a', '10.0.0.0/28', true],
    ['b', '10.0.0.0/16', true],
  ]);
  t.deepEqual(await announced('10.0.9.9'), [['b', '10.0.0.0/16', true]]);
});

test('a prefix that its host does not announce, or that may not be announced, is told with the reason', async t => {
  const system = await startSystem(t, {topology: flat('10.0.0.0/16'), hosts: ['a']});
  const {daemon, etcd} = system;
  await daemon.allocate('x', 'a');
  const {bird} = sample;
  const drain = {since: 1000, withOtherPath: 1, prefixes: 2};
  const down = bird.sessions.map(session => ({...session, isUp: false}));
  const cases: [change: Change, announced: boolean | null, sentence: RegExp][] = [
    [{}, true, /^Host a announces 10\.0\.0\.0\/29; sessions that are up: tor /],
    [{bird: {...bird, sessions: down}}, true, /^Host a announces 10\.0\.0\.0\/29; none of its sessions is up, so that nobody hears it\.$/],
    [{bird: {...bird, isRunning: false}}, false, /^Host a should announce 10\.0\.0\.0\/29 and does not: BIRD does not run there\.$/],
    [{bird: undefined}, false, /does not: publishing is off there\.$/],
    [
      {bird: {...bird, isStale: true, staleReason: 'syntax error'}},
      null,
      /^Whether .* is not known: its configuration of today is not live: syntax error\.$/,
    ],
    [
      {drain: {...drain, state: 'draining'}},
      true,
      /^Host a announces 10\.0\.0\.0\/29 as the last choice, since the host is being drained; /,
    ],
    [{drain: {...drain, state: 'drained'}}, false, /does not: the host is drained\.$/],
    [{prefixes: undefined}, null, /is not known: its agent does not say what it announces\.$/],
  ];
  for (const [index, [change, announced, sentence]] of cases.entries()) {
    await reported(system, 'a', `v${index}`, change);
    const {body} = await daemon.get('/explain/10.0.0.5');
    t.like(body.announced[0], {host: 'a', prefix: '10.0.0.0/29', announced}, String(sentence));
    t.regex(body.text.at(-1), sentence);
  }

  await daemon.request('PATCH', '/hosts/a', {drained: true});
  t.true((await daemon.get('/explain/10.0.0.5')).body.text.includes('Host a is drained: it gets no new addresses.'));

  // Another daemon comes to a report of two minutes ago.
  await report(etcd, 'a', {}, Date.now() - 120_000);
  const other = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  const {body} = await other.get('/explain/10.0.0.5');
  t.is(body.announced[0].announced, null);
  t.regex(body.text.at(-1), /is not known: its agent was last heard of 12\d s ago\.$/);
});
