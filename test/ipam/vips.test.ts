import anyTest from 'ava';
import {InputError} from '../../src/core/errors.ts';
import {type Address, parseAddress} from '../../src/core/prefix.ts';
import type {Transaction} from '../../src/store/store.ts';
import {startDaemon} from '../helpers/daemon.ts';
import type {TestEtcd} from '../helpers/etcd.ts';
import {addHost, findBrokenPromises, flat, startSystem} from '../helpers/ipam.ts';
import {createRandom, seed} from '../helpers/random.ts';
import {waitFor} from '../helpers/wait.ts';
import {type InProcessDaemon, newHost, once, startPair} from './in-process.ts';

// One system at a time: each is an etcd and its daemons.
const test = anyTest.serial;

const vip = (name: string, ip: string, hosts: readonly string[] = []) => ({name, ip: parseAddress(ip), hosts});

/** What the agent of a host writes that holds a VIP. */
async function hold({keys, openStore}: TestEtcd, name: string, host: string, since: number): Promise<void> {
  await openStore().commit({conditions: [], operations: [{put: keys.vipHolder(name), value: JSON.stringify({host, since})}]});
}

test('VIPs are created, replaced, listed by name, and removed', async t => {
  const {daemon, etcd} = await startSystem(t, {hosts: ['h1', 'h2']});
  t.deepEqual((await daemon.get('/vips')).body, []);
  t.deepEqual((await daemon.request('PUT', '/vips/web', {ip: '192.168.9.2'})).body, null);
  t.deepEqual((await daemon.request('PUT', '/vips/db', {ip: '2001:DB8:0::9', hosts: ['h2', 'h1', 'h2']})).body, null);
  const db = {name: 'db', ip: '2001:db8::9', hosts: ['h2', 'h1'], holder: ''};
  const web = {name: 'web', ip: '192.168.9.2', hosts: [], holder: ''};
  t.deepEqual((await daemon.get('/vips')).body, [db, web]);
  t.deepEqual((await daemon.get('/vips/db')).body, db);

  t.is((await daemon.request('PUT', '/vips/db', {ip: '192.168.9.3', hosts: ['h1']})).status, 200);
  t.deepEqual((await daemon.get('/vips/db')).body, {...db, ip: '192.168.9.3', hosts: ['h1']});
  t.is((await daemon.request('PUT', '/vips/db', {ip: '192.168.9.3'})).status, 200);
  t.deepEqual((await daemon.get('/vips/db')).body, {...db, ip: '192.168.9.3', hosts: []});
  t.is((await daemon.request('PUT', '/vips/other', {ip: '2001:db8::9'})).status, 200, 'an IP that was given up is free');
  t.deepEqual(await findBrokenPromises(etcd), []);

  for (const name of ['db', 'web', 'other']) t.deepEqual((await daemon.delete(`/vips/${name}`)).body, null);
  t.deepEqual((await daemon.get('/vips')).body, []);
  t.deepEqual(await findBrokenPromises(etcd), []);
  t.deepEqual(daemon.log.flatMap(({msg, method, url}) => (msg === 'changed' && method !== 'POST' ? [`${method} ${url}`] : [])).slice(-2), [
    'DELETE /vips/web',
    'DELETE /vips/other',
  ]);
});

test('a name may have slashes and colons, and is the same however the path writes it', async t => {
  const {daemon} = await startSystem(t);
  const name = 'prod/db:5432_a.b-c';
  t.is((await daemon.request('PUT', `/vips/${encodeURIComponent(name)}`, {ip: '192.168.9.1'})).status, 200);
  t.is((await daemon.get(`/vips/${name}`)).body.name, name);
  t.is((await daemon.get(`/vips/${encodeURIComponent(name)}`)).body.name, name);
  t.is((await daemon.request('PUT', `/vips/${name}`, {ip: '192.168.9.2'})).status, 200);
  t.is((await daemon.get('/vips')).body.length, 1);
  t.is((await daemon.delete(`/vips/${name}`)).status, 200);
});

test('who holds a VIP is told, and since when; it comes and goes with the key of its agent', async t => {
  const {daemon, etcd} = await startSystem(t, {hosts: ['h1']});
  await daemon.request('PUT', '/vips/prod%2Fdb', {ip: '192.168.9.1'});
  await hold(etcd, 'prod/db', 'h1', Date.parse('2020-01-02T03:04:05.678Z'));
  const holder = async () => (await daemon.get('/vips/prod/db')).body;
  await waitFor('the holder is seen', async () => (await holder()).holder !== '');
  const held = {name: 'prod/db', ip: '192.168.9.1', hosts: [], holder: 'h1', since: '2020-01-02T03:04:05.678Z'};
  t.deepEqual(await holder(), held);
  t.deepEqual((await daemon.get('/vips')).body, [held]);
  await hold(etcd, 'prod/db', 'h1', Number.MAX_SAFE_INTEGER);
  await waitFor('the daemon says what it cannot read', () => daemon.log.some(({key}) => key === etcd.keys.vipHolder('prod/db')));
  t.deepEqual(await holder(), held, 'the last good one stays');
  await etcd.openStore().commit({conditions: [], operations: [{delete: etcd.keys.vipHolder('prod/db')}]});
  await waitFor('nobody holds it', async () => (await holder()).holder === '');
  t.false('since' in (await holder()));
});

test('what is malformed, invalid, unknown or taken is refused', async t => {
  const {daemon} = await startSystem(t, {hosts: ['h1']});
  await daemon.allocate('a', 'h1');
  await daemon.request('PUT', '/vips/taken', {ip: '192.168.9.1'});
  const ip = '192.168.9.9';
  const cases: [method: string, path: string, body: unknown, status: number, details: RegExp][] = [
    ['PUT', '/vips/x', undefined, 400, /body/],
    ['PUT', '/vips/x', {}, 400, /^Field ip is required\.$/],
    ['PUT', '/vips/x', {ip: 7}, 400, /^Field ip: /],
    ['PUT', '/vips/x', {ip: ''}, 400, /^Field ip: /],
    ['PUT', '/vips/x', {ip, hosts: 'h1'}, 400, /^Field hosts: /],
    ['PUT', '/vips/x', {ip, hosts: ['']}, 400, /^Field hosts\.0: /],
    ['PUT', '/vips/x', {ip, host: 'h1'}, 400, /^Unknown field "host" in the body\.$/],
    ['PUT', '/vips/x?dry_run=true', {ip}, 400, /^Unknown field "dry_run" in the query\.$/],
    ['DELETE', '/vips/taken?force=true', undefined, 400, /^Unknown field "force" in the query\.$/],
    ...['x', '10.0.0.1/32', '10.0.0', 'fe80::1%eth0'].map((bad): [string, string, unknown, number, RegExp] => [
      'PUT',
      '/vips/x',
      {ip: bad},
      422,
      /^Invalid VIP ".*", expected an IPv4 or IPv6 address\.$/,
    ]),
    ...['0.0.0.0', '::', '224.0.0.18', '255.255.255.255', 'ff02::12', '::ffff:10.0.0.1'].map(
      (bad): [string, string, unknown, number, RegExp] => ['PUT', '/vips/x', {ip: bad}, 422, /, expected the address of one machine\.$/],
    ),
    ...['127.0.0.1', '::1', 'fe80::1', 'febf::1'].map((bad): [string, string, unknown, number, RegExp] => [
      'PUT',
      '/vips/x',
      {ip: bad},
      422,
      /, expected an address that other hosts can reach\.$/,
    ]),
    ...['a b', 'ä', '10.0.0.1', '::1', 'a/../b', 'a//b', '/a', 'a/', 'a/.', 'a'.repeat(254)].map(
      (name): [string, string, unknown, number, RegExp] => [
        'PUT',
        `/vips/${encodeURIComponent(name)}`,
        {ip},
        422,
        /^Bad VIP name: ".*" \(expected /,
      ],
    ),
    ['PUT', '/vips/x', {ip, hosts: ['h1', 'zz']}, 404, /^A host named "zz" does not exist\.$/],
    ['PUT', '/vips/x', {ip: '10.111.0.0'}, 409, /^IP 10\.111\.0\.0 of VIP x is in use: it is the address of a on host h1\.$/],
    ['PUT', '/vips/x', {ip: '192.168.0.1'}, 409, /^IP 192\.168\.0\.1 of VIP x is in use: it is the IP of host h1\.$/],
    ['PUT', '/vips/x', {ip: '192.168.9.1'}, 409, /^IP 192\.168\.9\.1 of VIP x is in use: it is that of VIP taken\.$/],
    ['GET', '/vips/x', undefined, 404, /^A VIP named "x" does not exist\.$/],
    ['DELETE', '/vips/x', undefined, 404, /^A VIP named "x" does not exist\.$/],
    ['POST', '/hosts', {name: 'h2', ip: '192.168.9.1'}, 409, /^IP 192\.168\.9\.1 of host h2 is in use: it is that of VIP taken\.$/],
    ['PATCH', '/hosts/h1', {ip: '192.168.9.1'}, 409, /^IP 192\.168\.9\.1 of host h1 is in use: it is that of VIP taken\.$/],
  ];
  for (const [method, path, body, status, details] of cases) {
    const answer = await daemon.request(method, path, body);
    t.is(answer.status, status, `${method} ${path} ${JSON.stringify(body)}: ${JSON.stringify(answer.body)}`);
    t.regex(answer.body.details, details, `${method} ${path} ${JSON.stringify(body)}`);
  }
  t.like((await daemon.get('/vips/x')).body, {resource_type: 'vip', resource_id: 'x'});
  t.like((await daemon.request('PUT', '/vips/x', {ip, hosts: ['zz']})).body, {resource_type: 'host', resource_id: 'zz'});
  const listed = {networks: ['net'], map: [{hosts: [{name: 'h3', ip: '192.168.9.1'}]}]};
  const topology = {...flat('10.0.0.0/8'), topologies: [listed]};
  const problem = 'IP 192.168.9.1 of host h3 is in use: it is that of VIP taken.';
  t.like((await daemon.post('/topology', topology)).body, {status_code: 409, details: problem});
  t.like((await daemon.post('/topology?dry_run=true', topology)).body, {fits: false, problems: [problem]});
  t.deepEqual(
    (await daemon.get('/vips')).body.map(({name}: {name: string}) => name),
    ['taken'],
  );
});

test('a VIP inside a network is never given out, and explain says why; without it, the address is free', async t => {
  const {daemon, etcd} = await startSystem(t, {topology: flat('10.111.0.0/29'), hosts: ['h1']});
  await daemon.request('PUT', '/vips/first', {ip: '10.111.0.0'});
  await daemon.request('PUT', '/vips/mid', {ip: '10.111.0.2', hosts: ['h1']});
  const given = [];
  for (let index = 0; index < 6; index += 1) given.push(await daemon.allocate(`a${index}`, 'h1'));
  t.deepEqual(given, ['10.111.0.1', '10.111.0.3', '10.111.0.4', '10.111.0.5', '10.111.0.6', '10.111.0.7']);
  t.is((await daemon.post('/address', {name: 'more', host: 'h1'})).status, 507);

  await hold(etcd, 'mid', 'h1', Date.parse('2020-01-01T00:00:00Z'));
  await waitFor('the holder is seen', async () => (await daemon.get('/vips/mid')).body.holder === 'h1');
  const {body} = await daemon.get('/explain/10.111.0.2');
  t.deepEqual(body.vip, (await daemon.get('/vips/mid')).body);
  t.deepEqual(body.text.slice(0, 3), [
    '10.111.0.2 is VIP mid, held by host h1 since 2020-01-01T00:00:00.000Z.',
    'Only h1 may hold it.',
    'It is given to nobody as an address.',
  ]);
  t.is((await daemon.get('/explain/10.111.0.1')).body.vip, null);

  await daemon.delete('/vips/mid');
  t.is(await daemon.allocate('more', 'h1'), '10.111.0.2');
  t.like((await daemon.request('PUT', '/vips/first', {ip: '10.111.0.2'})).body, {
    status_code: 409,
    details: 'IP 10.111.0.2 of VIP first is in use: it is the address of more on host h1.',
  });
  await daemon.request('PUT', '/vips/first', {ip: '192.168.9.1'});
  t.is(await daemon.allocate('last', 'h1'), '10.111.0.0', 'the IP that it had before is free');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a VIP outside of every network is explained, too, and a blackout may lie over one', async t => {
  const {daemon} = await startSystem(t);
  await daemon.request('PUT', '/vips/web', {ip: '192.168.9.1'});
  const {body} = await daemon.get('/explain/192.168.9.1');
  t.deepEqual(body.text, ['192.168.9.1 is VIP web, which no host holds.', 'It lies in no network.']);
  t.is((await daemon.post('/blackouts', {cidr: '10.111.7.0/24'})).status, 200);
  t.is((await daemon.request('PUT', '/vips/dark', {ip: '10.111.7.7'})).status, 200);
  t.deepEqual((await daemon.get('/explain/10.111.7.7')).body.text, [
    '10.111.7.7 is VIP dark, which no host holds.',
    'It is given to nobody as an address.',
    'It is blacked out: no address of 10.111.7.0/24 is given out.',
    'No block is around it.',
    'It lies in network net (10.111.0.0/16), group 10.111.0.0/16 (10.111.0.0/16).',
  ]);
});

test('a network may come over a VIP, which is kept out of it', async t => {
  const {daemon, etcd} = await startSystem(t, {hosts: ['h1']});
  await daemon.request('PUT', '/vips/web', {ip: '10.112.0.1'});
  t.is((await daemon.post('/topology', flat('10.112.0.0/16'))).status, 200);
  t.is(await daemon.allocate('a', 'h1'), '10.112.0.0');
  t.is(await daemon.allocate('b', 'h1'), '10.112.0.2');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a host that is removed stays in the list of a VIP: with no host left, any other might hold it', async t => {
  const {daemon} = await startSystem(t, {hosts: ['h1', 'h2']});
  await daemon.request('PUT', '/vips/web', {ip: '192.168.9.1', hosts: ['h1']});
  t.is((await daemon.delete('/hosts/h1')).status, 200);
  t.deepEqual((await daemon.get('/vips/web')).body.hosts, ['h1']);
  t.is((await daemon.request('PUT', '/vips/web', {ip: '192.168.9.1', hosts: ['h1', 'h2']})).status, 404);
  await addHost(daemon, 'h1', '192.168.0.1');
  t.is((await daemon.request('PUT', '/vips/web', {ip: '192.168.9.1', hosts: ['h1', 'h2']})).status, 200);
});

test('what one daemon has put counts for another at once, and survives a restart', async t => {
  const {daemon, etcd} = await startSystem(t, {hosts: ['h1']});
  const other = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  await daemon.request('PUT', '/vips/web', {ip: '10.111.0.0'});
  t.is((await other.request('PUT', '/vips/db', {ip: '10.111.0.0'})).status, 409);
  t.is((await other.request('PUT', '/vips/web', {ip: '10.111.0.1'})).status, 200);
  t.is((await daemon.delete('/vips/web')).status, 200);
  t.is((await other.delete('/vips/web')).status, 404);
  await daemon.request('PUT', '/vips/web', {ip: '10.111.0.0'});
  t.is(await other.allocate('a', 'h1'), '10.111.0.1');
  await daemon.kill();
  await other.kill();
  const again = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  t.deepEqual((await again.get('/vips')).body, [{name: 'web', ip: '10.111.0.0', hosts: [], holder: ''}]);
  t.is(await again.allocate('b', 'h1'), '10.111.0.2');
});

test('to put what is there already writes nothing', async t => {
  const {etcd, a} = await startPair(t);
  await a.vips.put(vip('web', '192.168.9.1'));
  let commits = 0;
  a.beforeCommit = async () => {
    commits += 1;
  };
  await a.vips.put(vip('web', '192.168.9.1'));
  t.is(commits, 0);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

// Two daemons in one process, so that one can act in the very moment before the other commits.

test('an address is not given out that becomes a VIP in the same moment', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  await b.ledger.sync();
  a.beforeCommit = once(() => b.vips.put(vip('web', '10.111.0.0')));
  t.is(await a.allocate('x', 'h1'), '10.111.0.1');
  t.is(a.refusals, 1, 'it has met the conflict');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('an IP does not become a VIP that is given out, to an endpoint, a host or another VIP, in the same moment', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  await a.vips.put(vip('moving', '192.168.9.1'));
  await b.ledger.sync();
  const cases: [ip: string, act: () => Promise<unknown>, message: RegExp][] = [
    ['10.111.0.0', () => b.allocate('x', 'h1'), /it is the address of x on host h1\.$/],
    ['192.168.0.2', () => b.hosts.add(newHost(2)), /it is the IP of host h2\.$/],
    ['192.168.0.3', () => b.hosts.patch('h1', {ip: parseAddress('192.168.0.3')}), /it is the IP of host h1\.$/],
    ['192.168.9.7', () => b.vips.put(vip('other', '192.168.9.7')), /it is that of VIP other\.$/],
    ['192.168.9.8', () => b.vips.put(vip('moving', '192.168.9.8')), /it is that of VIP moving\.$/],
    [
      '192.168.9.9',
      () => b.topologies.update({...flat(), topologies: [{networks: ['net'], map: [{hosts: [{name: 'h9', ip: '192.168.9.9'}]}]}]}),
      /it is the IP of host h9\.$/,
    ],
  ];
  for (const [ip, act, message] of cases) {
    const {refusals} = a;
    a.beforeCommit = once(act);
    await t.throwsAsync(a.vips.put(vip('web', ip)), {code: 'ERR_CONFLICT', message});
    t.is(a.refusals, refusals + 1, `${ip}: it has met the conflict`);
  }
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a host is not given the IP of a VIP that is put in the same moment', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  await b.ledger.sync();
  a.beforeCommit = once(() => b.vips.put(vip('v2', '192.168.0.2')));
  await t.throwsAsync(a.hosts.add(newHost(2)), {code: 'ERR_CONFLICT', message: /it is that of VIP v2\.$/});
  a.beforeCommit = once(() => b.vips.put(vip('v3', '192.168.0.3')));
  await t.throwsAsync(a.hosts.patch('h1', {ip: parseAddress('192.168.0.3')}), {code: 'ERR_CONFLICT', message: /it is that of VIP v3\.$/});
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a topology does not bring a host whose IP becomes a VIP, however late', async t => {
  const listing = {...flat('10.0.0.0/8'), topologies: [{networks: ['net'], map: [{hosts: [{name: 'h9', ip: '192.168.9.9'}]}]}]};
  const moments: [when: string, isMoment: (transaction: Transaction, keys: TestEtcd['keys']) => boolean][] = [
    [
      'before the host is written',
      ({operations}, keys) => operations.some(operation => 'put' in operation && operation.put === keys.host('h9')),
    ],
    [
      'before the topology comes into force',
      ({operations}, keys) => operations.some(operation => 'put' in operation && operation.put === keys.topology),
    ],
  ];
  for (const [when, isMoment] of moments) {
    const {etcd, a, b} = await startPair(t);
    const put = once(() => b.vips.put(vip('web', '192.168.9.9')));
    a.beforeCommit = async transaction => {
      if (isMoment(transaction, etcd.keys)) await put();
    };
    await t.throwsAsync(a.topologies.update(listing), {code: 'ERR_CONFLICT', message: /^IP 192\.168\.9\.9 of host h9 .* VIP web\.$/}, when);
    await b.ledger.sync();
    t.is(b.ledger.tables.vips.get('web')?.value.ip, '192.168.9.9' as Address, when);
    t.deepEqual(await findBrokenPromises(etcd, {isTidy: true}), [], when);
  }
});

test('a VIP is not put for a host that is removed in the same moment, and goes once', async t => {
  const {etcd, a, b} = await startPair(t);
  for (const number of [1, 2]) await a.hosts.add(newHost(number));
  await b.ledger.sync();
  a.beforeCommit = once(() => b.hosts.remove('h1'));
  await t.throwsAsync(a.vips.put(vip('web', '192.168.9.1', ['h2', 'h1'])), {code: 'ERR_NOT_FOUND', message: /^A host named "h1" /});
  await a.vips.put(vip('web', '192.168.9.1', ['h2']));
  await b.ledger.sync();
  a.beforeCommit = once(() => b.vips.put(vip('web', '192.168.9.2')));
  await a.vips.remove('web');
  t.deepEqual(await findBrokenPromises(etcd), [], 'the IP that it had got meanwhile is free, too');
  await a.vips.put(vip('web', '192.168.9.2'));
  await b.ledger.sync();
  a.beforeCommit = once(() => b.vips.remove('web'));
  await t.throwsAsync(a.vips.remove('web'), {code: 'ERR_NOT_FOUND'});
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('whatever two daemons do at once, no IP is a VIP and an address, or that of a host', async t => {
  t.log(`SEED=${seed}`);
  const {etcd, a, b} = await startPair(t, flat('10.111.0.0/28'));
  for (const number of [1, 2]) await a.hosts.add(newHost(number));
  await b.ledger.sync();
  const refused = new Set<string>();
  const ips = Array.from({length: 16}, (_, index) => `10.111.0.${index}` as Address);
  const worker = async (id: number) => {
    const random = createRandom(seed + id);
    for (let step = 0; step < 60; step += 1) {
      const {vips, hosts, addresses, allocate}: InProcessDaemon = random.pick([a, b]);
      const [first = '' as Address, ...rest] = ips;
      const ip = random.pick([first, ...rest]);
      const act = random.pick([
        () => vips.put({name: random.pick(['v1', 'v2', 'v3']), ip, hosts: []}),
        () => vips.put({name: random.pick(['v1', 'v2', 'v3']), ip, hosts: ['h1']}),
        () => vips.remove(random.pick(['v1', 'v2', 'v3'])),
        () => hosts.patch('h2', {ip}),
        () => allocate(`x${id}-${random.between(0, 2)}`, 'h1'),
        () => allocate(`x${id}-${random.between(0, 2)}`, 'h1'),
        () => addresses.release(`x${id}-${random.between(0, 2)}`),
      ]);
      await act().catch((error: unknown) => {
        if (!(error instanceof InputError)) throw error;
        refused.add(error.code);
      });
    }
  };
  await Promise.all([1, 2, 3, 4, 5, 6].map(worker));
  // Each of them was met, so that something was at stake.
  for (const code of ['ERR_CONFLICT', 'ERR_EXISTS', 'ERR_NOT_FOUND']) t.true(refused.has(code), code);
  t.true(a.refusals + b.refusals > 0);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a record that someone has broken by hand is as it was, and can be replaced and removed', async t => {
  const {etcd, a} = await startPair(t);
  const breakIt = async () => {
    await etcd.openStore().commit({conditions: [], operations: [{put: etcd.keys.vip('web'), value: '{"name": 7}'}]});
    await a.ledger.sync();
  };
  await a.vips.put(vip('web', '192.168.9.1'));
  await breakIt();
  t.is(a.ledger.tables.vips.get('web')?.value.ip, '192.168.9.1' as Address);
  await a.vips.put(vip('web', '192.168.9.2'));
  await breakIt();
  await a.vips.remove('web');
  t.deepEqual(await findBrokenPromises(etcd), []);
});
