import anyTest from 'ava';
import {contains, parsePrefix} from '../../src/core/prefix.ts';
import {startDaemon, type TestDaemon} from '../helpers/daemon.ts';
import {findBrokenPromises, flat, startSystem} from '../helpers/ipam.ts';
import {newHost, once, startPair} from './in-process.ts';

// One system at a time: each is an etcd and one or two daemons.
const test = anyTest.serial;

const dual = {
  networks: [
    {name: 'net', cidr: '10.0.0.0/24'},
    {name: 'six', cidr: '2001:db8::/48'},
    {name: 'unmapped', cidr: '10.2.0.0/24'},
  ],
  topologies: [{networks: ['net', 'six'], map: []}],
};

const cidrsOf = async (daemon: TestDaemon) => (await daemon.get('/blackouts')).body.map(({cidr}: {cidr: string}) => cidr);
const remove = (daemon: TestDaemon, cidr: string) => daemon.delete(`/blackouts?cidr=${encodeURIComponent(cidr)}`);

test('blackouts are added, listed by value and removed; what is wrong is refused in the words of the older system', async t => {
  const {daemon} = await startSystem(t, {topology: dual, hosts: ['h1']});
  t.deepEqual((await daemon.get('/blackouts')).body, []);
  const refusals: [cidr: unknown, status: number, details: string][] = [
    ['10.9.0.0/24', 409, 'No network found for 10.9.0.0/24'],
    ['10.0.0.0/24', 422, 'Cannot black out the entire network (10.0.0.0/24 vs 10.0.0.0/24)'],
    ['10.0.0.0/8', 422, 'Cannot black out the entire network (10.0.0.0/8 vs 10.0.0.0/24)'],
    ['2001:db8::/32', 422, 'Cannot black out the entire network (2001:db8::/32 vs 2001:db8::/48)'],
    ['10.0.0.0', 422, 'invalid CIDR "10.0.0.0", expected address/length'],
    ['10.0.0.0/33', 422, 'invalid CIDR "10.0.0.0/33", expected address/length'],
    ['all', 422, 'invalid CIDR "all", expected address/length'],
  ];
  for (const [cidr, status, details] of refusals) {
    const answer = await daemon.post('/blackouts', {cidr});
    t.is(answer.status, status, details);
    t.is(answer.body.details, details);
  }
  for (const body of [{}, {cidr: 5}, {cidr: ''}, {cidr: null}, {cidr: '10.0.0.0/30', name: 'x'}, [], '"10.0.0.0/30"', '{']) {
    t.is((await daemon.post('/blackouts', body)).status, 400, JSON.stringify(body));
  }
  t.deepEqual((await daemon.get('/blackouts')).body, []);

  const add = async (cidr: string) => {
    const {status, body} = await daemon.post('/blackouts', {cidr});
    t.deepEqual([status, body], [200, null], cidr);
  };
  for (const cidr of ['2001:db8:0:5::/64', '10.0.0.128/30', '10.0.0.21/30', '10.2.0.0/25']) await add(cidr);
  t.deepEqual((await daemon.get('/blackouts')).body, [
    {cidr: '10.0.0.20/30', network: 'net'},
    {cidr: '10.0.0.128/30', network: 'net'},
    {cidr: '10.2.0.0/25', network: 'unmapped'},
    {cidr: '2001:db8:0:5::/64', network: 'six'},
  ]);
  for (const covered of ['10.0.0.20/30', '10.0.0.20/31', '10.0.0.23/32', '2001:db8:0:5::1/128']) await add(covered);
  t.is((await cidrsOf(daemon)).length, 4, 'what is covered changes nothing');
  for (const cidr of ['10.2.0.0/25', '2001:db8:0:5::/64']) t.is((await remove(daemon, cidr)).body, null);

  const partly = await remove(daemon, '10.0.0.128/31');
  t.is(partly.status, 404);
  t.is(partly.body.details, 'No such CIDR 10.0.0.128/31 found in the blackout list: [10.0.0.20/30 10.0.0.128/30]');
  t.is((await remove(daemon, '10.0.0.0/25')).status, 404);
  await add('10.0.0.0/27');
  await add('10.0.0.128/25');
  t.deepEqual(await cidrsOf(daemon), ['10.0.0.0/27', '10.0.0.128/25'], 'those inside are replaced');
  t.is((await remove(daemon, '10.0.0.20/30')).status, 404, 'and are no longer there to be removed');
  t.is((await remove(daemon, '10.0.0.7/27')).status, 200, 'host bits are cleared');
  t.deepEqual(await cidrsOf(daemon), ['10.0.0.128/25']);
  t.is((await daemon.delete('/blackouts')).status, 400);
  t.is((await remove(daemon, 'x')).status, 422);
});

test('addresses in use cannot be blacked out; those beside them in the same block can', async t => {
  const {daemon, etcd} = await startSystem(t, {topology: dual, hosts: ['h1']});
  for (const name of ['a', 'b', 'c']) await daemon.allocate(name, 'h1');
  t.is(await daemon.allocate('six', 'h1', {family: 'ipv6'}), '2001:db8::');
  for (const cidr of ['10.0.0.0/30', '10.0.0.2/32', '10.0.0.0/25', '2001:db8::/64']) {
    const refused = await daemon.post('/blackouts', {cidr});
    t.is(refused.status, 409, cidr);
    t.regex(
      String(refused.body.details),
      /^Blackout block contains already allocated IPs\. For one, [.:0-9a-f]+ is that of \S+ on host \S+\.$/,
    );
  }
  for (const cidr of ['10.0.0.4/31', '10.0.0.8/29', '10.0.0.16/31', '2001:db8::2/127']) {
    t.is((await daemon.post('/blackouts', {cidr})).status, 200, cidr);
  }
  const next = await Promise.all(Array.from({length: 5}, (_, n) => daemon.allocate(`n${n}`, 'h1')));
  t.deepEqual(next, ['10.0.0.3', '10.0.0.6', '10.0.0.7', '10.0.0.18', '10.0.0.19']);
  const six = await Promise.all(Array.from({length: 2}, (_, n) => daemon.allocate(`six${n}`, 'h1', {family: 'ipv6'})));
  t.deepEqual(six, ['2001:db8::1', '2001:db8::4']);
  const {blocks} = (await daemon.get('/blocks?host=h1&network=net')).body;
  t.deepEqual(
    blocks.map(({cidr, allocated_ip_count}: {cidr: string; allocated_ip_count: number}) => [cidr, allocated_ip_count]),
    [
      ['10.0.0.0/29', 6],
      ['10.0.0.16/29', 2],
    ],
    'a block that is wholly blacked out belongs to nobody',
  );
  // A name that goes makes room for the range around it.
  t.is((await daemon.delete('/address?addressName=10.0.0.3')).status, 200);
  t.is((await daemon.post('/blackouts', {cidr: '10.0.0.3/32'})).status, 200);
  t.is(await daemon.allocate('again', 'h1'), '10.0.0.20');
  t.is((await remove(daemon, '10.0.0.3/32')).status, 200);
  t.is(await daemon.allocate('back', 'h1'), '10.0.0.3');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('blackouts outlive a new topology, a network of another name, and the daemon', async t => {
  const {daemon, etcd} = await startSystem(t, {topology: flat('10.0.0.0/28'), hosts: ['h1']});
  await daemon.post('/blackouts', {cidr: '10.0.0.0/29'});
  const renamed = {networks: [{name: 'other', cidr: '10.0.0.0/27'}], topologies: [{networks: ['other'], map: []}]};
  t.is((await daemon.post('/topology', renamed)).status, 200);
  t.deepEqual((await daemon.get('/blackouts')).body, [{cidr: '10.0.0.0/29', network: 'other'}]);
  t.is(await daemon.allocate('a', 'h1'), '10.0.0.8');
  t.is((await daemon.post('/topology', {networks: [], topologies: []})).status, 409, 'the address would be in no network');
  t.is((await daemon.delete('/address?addressName=a')).status, 200);
  t.is((await daemon.post('/topology', flat('10.1.0.0/24'))).status, 200);
  t.deepEqual((await daemon.get('/blackouts')).body, [{cidr: '10.0.0.0/29', network: ''}], 'also where no network is left for it');
  await daemon.kill();

  const second = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  t.is((await second.post('/topology', flat('10.0.0.0/29', {block_mask: 30}))).status, 200);
  const full = await second.post('/address', {name: 'a', host: 'h1'});
  t.is(full.status, 507, 'a network that is wholly covered now gives nothing');
  t.regex(String(full.body.details), /^No available IP\. Network \w+: no block is left in /);
  t.is((await remove(second, '10.0.0.0/29')).status, 200);
  t.is(await second.allocate('a', 'h1'), '10.0.0.0');
});

test('of two daemons, none gives out an address that the other blacks out in the same moment', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  await b.ledger.sync();
  const range = parsePrefix('10.111.0.0/30');

  a.beforeCommit = once(() => b.blackouts.add(range));
  t.is(await a.allocate('x', 'h1'), '10.111.0.4', 'the blackout was first');
  await a.blackouts.remove(range);
  await b.ledger.sync();

  a.beforeCommit = once(() => b.allocate('y', 'h1'));
  await t.throwsAsync(a.blackouts.add(range), {
    code: 'ERR_CONFLICT',
    message: /^Blackout block contains already allocated IPs\. For one, /,
  });
  t.deepEqual(a.ledger.tables.blackouts.value, []);

  a.beforeCommit = once(() => b.blackouts.add(parsePrefix('10.111.1.0/24')));
  await a.blackouts.add(parsePrefix('10.111.2.0/24'));
  t.deepEqual(a.ledger.tables.blackouts.value, ['10.111.1.0/24', '10.111.2.0/24'].map(parsePrefix), 'both are kept');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('two daemons that allocate and black out the same small network without pause never do both', async t => {
  const {etcd, a, b} = await startPair(t, flat('10.0.0.0/26', {block_mask: 30}));
  await a.hosts.add(newHost(1));
  await b.ledger.sync();
  const ranges = Array.from({length: 12}, (_, n) => parsePrefix(`10.0.0.${n * 4}/31`));
  const daemonOf = (n: number) => (n % 2 === 0 ? a : b);
  const results = await Promise.allSettled(
    ranges.flatMap((range, n) => [
      daemonOf(n).blackouts.add(range),
      ...['x', 'y'].map(name => daemonOf(n + 1).allocate(`${name}${n}`, 'h1', `t${n % 3}`)),
    ]),
  );
  for (const result of results)
    if (result.status === 'rejected') t.regex(result.reason.message, /^Blackout block contains already allocated IPs\. For one, /);
  await a.ledger.sync();
  const {blackouts, addresses} = a.ledger.tables;
  t.is(addresses.size, 24);
  t.is(blackouts.value.length, results.filter(({status}) => status === 'fulfilled').length - 24);
  for (const ip of addresses.keys())
    t.is(
      blackouts.value.find(range => contains(range, ip)),
      undefined,
      ip,
    );
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('there may be twenty thousand blackouts, of the longest kind too', async t => {
  const {etcd, a, b} = await startPair(t, flat('2001:db8:1111::/48', {block_mask: 122}));
  await a.hosts.add(newHost(1));
  const ip = (n: number) => `2001:db8:1111:${(0x1000 + (n >> 12)).toString(16)}:${(0x1000 + (n & 0xfff)).toString(16)}:6666:7777:8888/128`;
  const cidrs = Array.from({length: 20_000}, (_, n) => ip(n));
  const put = (list: readonly string[]) => ({put: etcd.keys.blackouts, value: JSON.stringify({cidrs: list})});
  await etcd.openStore().commit({conditions: [], operations: [put(cidrs.slice(0, -1))]});
  await a.ledger.sync();
  await a.blackouts.add(parsePrefix(cidrs.at(-1) ?? ''));
  const message = 'There are 20000 blackouts already, the most there can be.';
  await t.throwsAsync(a.blackouts.add(parsePrefix(ip(20_000))), {code: 'ERR_CONFLICT', message});
  await b.ledger.sync();
  await t.throwsAsync(b.blackouts.add(parsePrefix('2001:db8:1111:5::/64')), {code: 'ERR_CONFLICT', message});
  await b.blackouts.add(parsePrefix('2001:db8:1111:1000::/64'));
  t.is(b.ledger.tables.blackouts.value.length, 20_001 - 4096, 'a range that takes the place of others is taken');
  t.is(await b.allocate('x', 'h1'), '2001:db8:1111::');
  const nobodyReadsAll = /^No such CIDR \S+ found in the blackout list: \[(\S+ ){20}… and 15885 more\]$/;
  await t.throwsAsync(b.blackouts.remove(parsePrefix(ip(0))), {code: 'ERR_NOT_FOUND', message: nobodyReadsAll});
});
