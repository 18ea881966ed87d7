import anyTest from 'ava';
import {parsePrefix} from '../../src/core/prefix.ts';
import {templateData} from '../../src/core/publish.ts';
import type {TestDaemon} from '../helpers/daemon.ts';
import {addHost, findBrokenPromises, flat, startSystem} from '../helpers/ipam.ts';
import {nodeState} from '../helpers/node-state.ts';
import {noChanges} from '../helpers/topology-changes.ts';
import {newHost, once, startPair} from './in-process.ts';

// Hosts that have a prefix to themselves.

// One system at a time: each is an etcd and one or two daemons.
const test = anyTest.serial;

const racks = {
  networks: [
    {name: 'net', cidr: '10.0.0.0/16'},
    {name: 'six', cidr: '2001:db8::/48'},
    {name: 'unmapped', cidr: '10.9.0.0/16'},
  ],
  topologies: [
    {networks: ['net'], map: [{name: 'zone', groups: ['r1', 'r2'].map(rack => ({name: rack, assignment: {rack}, groups: []}))}]},
    {networks: ['six'], map: []},
  ],
};

async function allocateMany(daemon: TestDaemon, host: string, count: number, more: Record<string, unknown> = {}): Promise<unknown[]> {
  return Promise.all(Array.from({length: count}, (_, n) => daemon.allocate(`${host}-${more['family'] ?? 4}-${n}`, host, more)));
}

test('a prefix that nobody could have alone is refused', async t => {
  const {daemon} = await startSystem(t, {topology: racks});
  await addHost(daemon, 'a', '192.168.0.1', {tags: {rack: 'r1'}, cidr: '10.0.4.0/24'});
  await addHost(daemon, 'b', '192.168.0.2', {tags: {rack: 'r1'}});
  t.is(await daemon.allocate('x', 'b'), '10.0.0.0');
  const fixed = (cidr: string) => `The fixed prefix ${cidr} of host n`;
  const one = (cidr: string) => `${fixed(cidr)} must lie in one group of network net and be no smaller than its blocks (/29).`;
  const cases: [cidr: string, status: number, details: string][] = [
    ['10.0.0.0/30', 422, one('10.0.0.0/30')],
    ['10.0.0.0/16', 422, one('10.0.0.0/16')],
    ['10.0.0.0/8', 409, `${fixed('10.0.0.0/8')} lies in no network that has a topology.`],
    ['172.16.0.0/24', 409, `${fixed('172.16.0.0/24')} lies in no network that has a topology.`],
    ['10.9.0.0/24', 409, `${fixed('10.9.0.0/24')} lies in no network that has a topology.`],
    ['10.0.4.128/25', 409, `${fixed('10.0.4.128/25')} overlaps 10.0.4.0/24 of host a.`],
    ['10.0.4.7/22', 409, `${fixed('10.0.4.0/22')} overlaps 10.0.4.0/24 of host a.`],
    ['10.0.0.0/29', 409, `${fixed('10.0.0.0/29')} overlaps block 10.0.0.0/29 of host b.`],
    ['10.0.0.0/24', 409, `${fixed('10.0.0.0/24')} overlaps block 10.0.0.0/29 of host b.`],
    ['10.0.9.0', 422, 'invalid CIDR "10.0.9.0", expected address/length'],
  ];
  for (const [cidr, status, details] of cases) {
    const answer = await daemon.post('/hosts', {name: 'n', ip: '192.168.0.9', tags: {rack: 'r1'}, cidr});
    t.deepEqual([answer.status, answer.body.details], [status, details]);
  }
  for (const cidr of [5, null, ['10.0.9.0/24']]) t.is((await daemon.post('/hosts', {name: 'n', ip: '192.168.0.9', cidr})).status, 400);
  t.is((await daemon.request('PATCH', '/hosts/b', {cidr: '10.0.9.0/24'})).status, 400, 'it is given once');
  t.is((await daemon.get('/hosts')).body.hosts.length, 2);
});

test('a host with a prefix gets addresses inside it alone, and no other host gets any there', async t => {
  const {daemon, etcd} = await startSystem(t, {topology: flat('10.0.0.0/27'), hosts: ['b']});
  await addHost(daemon, 'a', '192.168.1.1', {cidr: '10.0.0.8/29'});
  t.deepEqual((await allocateMany(daemon, 'b', 24)).slice(7, 10), ['10.0.0.7', '10.0.0.16', '10.0.0.17']);
  const full = await daemon.post('/address', {name: 'more', host: 'b', tenant: 't1'});
  t.is(full.status, 507, 'though all of its prefix is left');
  t.regex(String(full.body.details), /^No available IP\. Network \w+: no block is left in /);
  t.deepEqual(
    await allocateMany(daemon, 'a', 8),
    Array.from({length: 8}, (_, n) => `10.0.0.${8 + n}`),
  );
  await daemon.delete('/address?addressName=b-4-0');
  const own = await daemon.post('/address', {name: 'more', host: 'a', tenant: 't1'});
  t.is(own.status, 507, 'though there is room beside it');
  t.regex(String(own.body.details), /^No available IP\. Network \w+: no block is left in /);
  t.deepEqual(await findBrokenPromises(etcd), []);

  t.is((await daemon.delete('/hosts/a')).status, 200);
  t.is(await daemon.allocate('b-4-0', 'b'), '10.0.0.0');
  t.is(await daemon.allocate('late', 'b'), '10.0.0.8', 'what it had is for all then');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a host with a prefix stands in its leaf, keeps its prefix under new labels, and the topology can be posted back', async t => {
  const {daemon, etcd} = await startSystem(t, {topology: racks});
  await addHost(daemon, 'a', '192.168.0.1', {tags: {rack: 'r1'}, cidr: '10.0.4.0/24'});
  await addHost(daemon, 'b', '192.168.0.2', {tags: {rack: 'r1'}});
  await addHost(daemon, 'bare', '192.168.0.3', {cidr: '10.0.128.0/24'});
  const host = (await daemon.get('/hosts/a')).body;
  t.is(host.cidr, '10.0.4.0/24');
  t.deepEqual(host.groups, {
    net: {name: 'r1', path: 'zone/r1', cidr: '10.0.4.0/24'},
    six: {name: '', path: '2001:db8::/48', cidr: '2001:db8::/48'},
  });
  t.deepEqual(
    (await daemon.get('/hosts/bare')).body.groups.net,
    {name: 'r2', path: 'zone/r2', cidr: '10.0.128.0/24'},
    'whatever its labels',
  );
  t.false('cidr' in (await daemon.get('/hosts/b')).body);

  t.is((await daemon.request('PATCH', '/hosts/a', {tags: {rack: 'r2', disk: 'ssd'}})).status, 200);
  t.is((await daemon.request('PATCH', '/hosts/a', {ip: '192.168.0.7', drained: true})).status, 200);
  t.is((await daemon.request('PATCH', '/hosts/a', {drained: false})).status, 200);
  t.like((await daemon.get('/hosts/a')).body, {cidr: '10.0.4.0/24', ip: '192.168.0.7', groups: {net: {cidr: '10.0.4.0/24'}}});
  t.is(await daemon.allocate('x', 'a'), '10.0.4.0');

  const shown = (await daemon.get('/topology')).body;
  const leaf = (index: number) => shown.topologies[0].map[0].groups[index].groups.map(({name}: {name: string}) => name);
  t.deepEqual([leaf(0), leaf(1)], [['a', 'b'], ['bare']]);
  const hosts = (await daemon.get('/hosts')).body.hosts;
  const preview = (await daemon.post('/topology?dry_run=true', shown)).body;
  t.deepEqual(preview, {fits: true, problems: [], changes: noChanges});
  t.is((await daemon.post('/topology', shown)).status, 200);
  t.deepEqual((await daemon.get('/topology')).body, shown);
  t.deepEqual((await daemon.get('/hosts')).body.hosts, hosts);
  t.deepEqual(await findBrokenPromises(etcd), []);

  const {groups, ...posted} = (await daemon.get('/hosts/bare')).body;
  await daemon.delete('/hosts/bare');
  t.is((await daemon.post('/hosts', {...posted, groups})).status, 200, 'what GET answers can be posted back');
  t.deepEqual((await daemon.get('/hosts/bare')).body, {...posted, groups});
});

test('a topology that a fixed prefix does not fit is refused, and nothing changes', async t => {
  const {etcd, a} = await startPair(t, flat('10.0.0.0/16'));
  await a.hosts.add(newHost(1, {fixed: parsePrefix('10.0.4.0/22')}));
  await a.hosts.add(newHost(2));
  const before = JSON.stringify([...a.ledger.tables.hosts.values()]);
  const lost = 'The fixed prefix 10.0.4.0/22 of host h1 lies in no group then, or is smaller than a block.';
  const parts = (count: number) => ({
    ...flat('10.0.0.0/16'),
    topologies: [{networks: ['net'], map: Array.from({length: count}, () => ({}))}],
  });
  for (const document of [flat('10.1.0.0/16'), flat('10.0.4.0/23'), flat('10.0.0.0/16', {block_mask: 20}), parts(128)]) {
    t.deepEqual((await a.topologies.preview(document)).problems, [lost]);
    await t.throwsAsync(a.topologies.update(document), {code: 'ERR_CONFLICT', message: lost});
  }
  t.is(JSON.stringify([...a.ledger.tables.hosts.values()]), before);
  const renamed = (cidr: string) => ({networks: [{name: 'other', cidr}], topologies: [{networks: ['other'], map: []}]});
  for (const document of [parts(64), parts(3), renamed('10.0.0.0/8'), renamed('10.0.4.0/22')]) {
    if (document.networks[0]?.cidr === '10.0.4.0/22') await a.hosts.remove('h2');
    t.true((await a.topologies.preview(document)).fits);
    await a.topologies.update(document);
    t.deepEqual<unknown, unknown>(a.ledger.tables.hosts.get('h1')?.value.groups, {[document.networks[0]?.name ?? '']: '10.0.4.0/22'});
  }
  t.is(await a.allocate('x', 'h1'), '10.0.4.0');
  await t.throwsAsync(
    a.hosts.add(newHost(3)),
    {code: 'ERR_CONFLICT', message: 'No suitable groups to add host 192.168.0.3 (h3) to.'},
    'it is all of h1',
  );
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('fixed prefixes may fill a group only where nobody else stands in it', async t => {
  const {a} = await startPair(t, {...flat('10.0.0.0/24'), topologies: [{networks: ['net'], map: [{}, {}]}]});
  const fixed = (number: number, cidr: string) => a.hosts.add(newHost(number, {fixed: parsePrefix(cidr)}));
  await a.hosts.add(newHost(1));
  t.is(a.ledger.tables.hosts.get('h1')?.value.groups['net'], parsePrefix('10.0.0.0/25'));
  await fixed(2, '10.0.0.0/26');
  await t.throwsAsync(fixed(3, '10.0.0.64/26'), {
    code: 'ERR_CONFLICT',
    message: 'The fixed prefix 10.0.0.64/26 of host h3 leaves no room to host h1, whose group is 10.0.0.0/25.',
  });
  await t.throwsAsync(fixed(3, '10.0.0.0/25'), {message: 'The fixed prefix 10.0.0.0/25 of host h3 overlaps 10.0.0.0/26 of host h2.'});
  await fixed(3, '10.0.0.64/27');
  await fixed(4, '10.0.0.128/25');
  for (const number of [5, 6]) await a.hosts.add(newHost(number));
  t.deepEqual<unknown, unknown>(
    ['h5', 'h6'].map(name => a.ledger.tables.hosts.get(name)?.value.groups['net']),
    ['10.0.0.0/25', '10.0.0.0/25'],
    'the other group has fewer hosts, and no room',
  );
  t.is(await a.allocate('x', 'h5'), '10.0.0.96');
});

test('an agent announces the fixed prefix of its host, and not the group around it', async t => {
  const {a} = await startPair(t, racks);
  await a.hosts.add(newHost(1, {tags: {rack: 'r1'}, fixed: parsePrefix('10.0.4.0/24')}));
  await a.hosts.add(newHost(2, {tags: {rack: 'r1'}}));
  for (const host of ['h1', 'h2']) await a.allocate(host, host);
  const state = a.ledger.tables.snapshot(1);
  const data = (name: string, prefixes: 'groups' | 'blocks') => templateData(nodeState({name, state, publish: {prefixes}}));
  t.deepEqual(data('h1', 'groups').Networks, [parsePrefix('10.0.4.0/24')]);
  t.deepEqual(data('h1', 'blocks').Networks, [parsePrefix('10.0.4.0/29')]);
  t.deepEqual(data('h1', 'groups').HostGroups['net'], {CIDR: parsePrefix('10.0.4.0/24'), Name: 'r1', Path: 'zone/r1', Hosts: ['h1']});
  t.deepEqual(data('h2', 'groups').Networks, [parsePrefix('10.0.0.0/17')]);
  t.deepEqual(data('h2', 'groups').HostGroups['net'], {CIDR: parsePrefix('10.0.0.0/17'), Name: 'r1', Path: 'zone/r1', Hosts: ['h2']});
  t.is(await a.addresses.allocate({name: 'six', host: 'h1', tenant: 't', segment: '', family: 'ipv6'}), '2001:db8::' as never);
});

test('a fixed prefix may be of IPv6, and its host gets IPv4 addresses of its group', async t => {
  const {etcd, a} = await startPair(t, racks);
  const six = (name: string, host: string) => a.addresses.allocate({name, host, tenant: 't', segment: '', family: 'ipv6'});
  await a.hosts.add(newHost(1, {tags: {rack: 'r2'}, fixed: parsePrefix('2001:db8::/64')}));
  await a.hosts.add(newHost(2, {tags: {rack: 'r2'}}));
  t.deepEqual<unknown, unknown>([await six('x', 'h2'), await six('x2', 'h1')], ['2001:db8:0:1::', '2001:db8::']);
  t.deepEqual([await a.allocate('x', 'h1'), await a.allocate('y', 'h2')], ['10.0.128.0', '10.0.128.8']);
  await t.throwsAsync(a.hosts.add(newHost(3, {fixed: parsePrefix('2001:db8:0:1::/64')})), {
    message: /overlaps block 2001:db8:0:1::\/122 of host h2/,
  });
  await t.throwsAsync(a.hosts.add(newHost(3, {fixed: parsePrefix('2001:db8:0:2::/123')})), {code: 'ERR_INVALID'});
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a fixed prefix and an address of another host, given in the same moment at two daemons, never meet', async t => {
  const {etcd, a, b} = await startPair(t, flat('10.0.0.0/24'));
  await a.hosts.add(newHost(1));
  await b.ledger.sync();
  const fixed = parsePrefix('10.0.0.0/28');
  // The address is first.
  a.beforeCommit = once(() => b.allocate('x', 'h1'));
  await t.throwsAsync(a.hosts.add(newHost(2, {fixed})), {code: 'ERR_CONFLICT', message: /overlaps block 10\.0\.0\.0\/29 of host h1\.$/});
  await b.addresses.release('x');
  await a.ledger.sync();

  // The prefix is first; a free block lies in it.
  b.beforeCommit = once(() => a.hosts.add(newHost(2, {fixed})));
  t.is(await b.allocate('x', 'h1'), '10.0.0.16');
  t.deepEqual(await findBrokenPromises(etcd), []);

  // Two prefixes, or a prefix and a host that has no other place, at once.
  a.beforeCommit = once(() => b.hosts.add(newHost(3, {fixed: parsePrefix('10.0.0.32/28')})));
  await t.throwsAsync(a.hosts.add(newHost(4, {fixed: parsePrefix('10.0.0.32/27')})), {
    code: 'ERR_CONFLICT',
    message: /overlaps 10\.0\.0\.32\/28 of host h3\.$/,
  });
  // A topology and a prefix at once.
  a.beforeCommit = once(() => b.hosts.add(newHost(4, {fixed: parsePrefix('10.0.0.128/25')})));
  await t.throwsAsync(a.topologies.update(flat('10.0.0.0/25')), {
    code: 'ERR_CONFLICT',
    message: /^The fixed prefix 10\.0\.0\.128\/25 of host h4/,
  });
  const renamed = {networks: [{name: 'other', cidr: '10.0.0.0/24'}], topologies: [{networks: ['other'], map: []}]};
  a.beforeCommit = once(() => b.topologies.update(renamed));
  await a.hosts.add(newHost(5, {fixed: parsePrefix('10.0.0.64/27')}));
  t.deepEqual<unknown, unknown>(a.ledger.tables.hosts.get('h5')?.value.groups, {other: '10.0.0.64/27'});
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a host and a prefix that takes its whole group, added in the same moment at two daemons, do not starve each other', async t => {
  const halves = {...flat('10.0.0.0/24'), topologies: [{networks: ['net'], map: [{}, {}]}]};
  const {a, b} = await startPair(t, halves);
  const whole = parsePrefix('10.0.0.0/25');
  a.beforeCommit = once(() => b.hosts.add(newHost(2, {fixed: whole})));
  await a.hosts.add(newHost(1));
  t.is(a.ledger.tables.hosts.get('h1')?.value.groups['net'], parsePrefix('10.0.0.128/25'));
  await a.hosts.remove('h2');
  await a.hosts.remove('h1');
  await b.ledger.sync();
  a.beforeCommit = once(() => b.hosts.add(newHost(1)));
  await t.throwsAsync(a.hosts.add(newHost(2, {fixed: whole})), {code: 'ERR_CONFLICT', message: /leaves no room to host h1/});
});

test('a fixed prefix is given while another daemon claims a block beside it whenever it looks', async t => {
  const {etcd, a, b} = await startPair(t, flat('10.0.0.0/16'));
  await a.hosts.add(newHost(1));
  await b.ledger.sync();
  let commits = 0;
  a.beforeCommit = async () => {
    commits += 1;
    await b.allocate(`n${commits}`, 'h1', `t${commits}`);
  };
  await a.hosts.add(newHost(2, {fixed: parsePrefix('10.0.128.0/24')}));
  t.is(commits, 1);
  t.deepEqual(await findBrokenPromises(etcd), []);
});
