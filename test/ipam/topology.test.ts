import {writeFile} from 'node:fs/promises';
import anyTest from 'ava';
import {startDaemon} from '../helpers/daemon.ts';
import {startEtcd} from '../helpers/etcd.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {addHost, findBrokenPromises, flat, startSystem} from '../helpers/ipam.ts';
import {noChanges} from '../helpers/topology-changes.ts';
import {waitFor} from '../helpers/wait.ts';

// One system at a time: each is an etcd and a daemon.
const test = anyTest.serial;

const racks = {
  networks: [{name: 'net', cidr: '10.111.0.0/16'}],
  topologies: [
    {
      networks: ['net'],
      map: ['r1', 'r2', 'r3'].map(rack => ({name: rack, assignment: {rack}, groups: []})),
    },
  ],
};

test('a topology with wrong values is refused with every reason, and nothing changes', async t => {
  const {daemon} = await startSystem(t);
  const network = (name: string, cidr: string, more = {}) => ({name, cidr, ...more});
  const cases: [document: unknown, status: number, details: string][] = [
    [{networks: [network('a', '10.0.0.0/24'), network('a', '10.1.0.0/24')], topologies: []}, 422, 'Network with name a already defined.'],
    [
      {networks: [network('a', '10.0.0.0/24', {block_mask: 20})], topologies: []},
      422,
      'invalid blockmask(20) for network(a), must be 24 <= blockmask <= 32.',
    ],
    [{networks: [network('a', '10.0.0.0/24', {tenants: ['bad tenant!']})], topologies: []}, 422, 'Bad tenant name: bad tenant!'],
    [
      {networks: [network('a', '10.0.0.0/16'), network('b', '10.0.128.0/17')], topologies: []},
      422,
      'CIDR 10.0.128.0/17 of network b already is contained in CIDR 10.0.0.0/16 of network a.',
    ],
    [
      {networks: [network('b', '10.0.128.0/17'), network('a', '10.0.0.0/16')], topologies: []},
      422,
      'CIDR 10.0.128.0/17 of network b already is contained in CIDR 10.0.0.0/16 of network a.',
    ],
    [{networks: [], topologies: [{networks: ['zz'], map: []}]}, 422, 'Network with name zz not defined.'],
    [
      {networks: [network('a', '10.0.0.0/24')], topologies: ['a', 'a'].map(name => ({networks: [name], map: []}))},
      422,
      'Network a appears more than once.',
    ],
    [
      {networks: [network('a', '10.0.0.0/24')], topologies: [{networks: ['a'], map: [{groups: [{ip: '192.168.0.1'}]}]}]},
      422,
      'Both name and IP are required for hosts: {"name":"","ip":"192.168.0.1"}.',
    ],
    [
      {networks: [network('a', '10.0.0.0/28')], topologies: [{networks: ['a'], map: [1, 2, 3, 4].map(n => ({name: `g${n}`, groups: []}))}]},
      422,
      'Group g1 (10.0.0.0/30) of network a is smaller than a block (/29).',
    ],
    [{networks: [network('a', '10.0.0.0/24', {mask: 1})], topologies: []}, 400, 'unknown field "mask" in networks[0].'],
    [{topologies: []}, 400, 'networks is required.'],
    [{}, 400, 'networks is required; topologies is required.'],
    [undefined, 400, 'The topology document is required.'],
    [[], 400, 'The topology document: expected object, received array.'],
    [{networks: [], topologies: [], a: 1}, 400, 'unknown field "a" in the topology document.'],
    [
      {networks: [network('a', '10.0.0.0/24', {block_mask: 20, tenants: ['x y']})], topologies: [{networks: ['b'], map: []}]},
      422,
      'Bad tenant name: x y; invalid blockmask(20) for network(a), must be 24 <= blockmask <= 32; Network with name b not defined.',
    ],
    [{networks: 'all', topologies: []}, 400, 'networks: expected array, received string.'],
  ];
  const before = (await daemon.get('/topology')).body;
  for (const path of ['/topology', '/topology?dry_run=true']) {
    for (const [document, status, details] of cases) {
      const answer = await daemon.post(path, document);
      t.is(answer.body.details, details);
      t.is(answer.status, status, details);
    }
  }
  t.deepEqual((await daemon.get('/topology')).body, before);
});

test('what GET /topology answers can be posted back, with hosts and addresses there', async t => {
  const {daemon} = await startSystem(t, {topology: racks});
  await addHost(daemon, 'a', '192.168.0.1', {tags: {rack: 'r1'}});
  await addHost(daemon, 'b', '192.168.0.2', {tags: {rack: 'r2', disk: 'ssd'}});
  await daemon.allocate('x', 'b');
  const shown = (await daemon.get('/topology')).body;
  t.deepEqual(shown.networks, [{name: 'net', cidr: '10.111.0.0/16', block_mask: 29, tenants: ['*']}]);
  t.deepEqual(
    shown.topologies[0].map.map(({name, cidr}: {name: string; cidr: string}) => [name, cidr]),
    [
      ['r1', '10.111.0.0/18'],
      ['r2', '10.111.64.0/18'],
      ['r3', '10.111.128.0/18'],
    ],
  );
  const {body: hosts} = await daemon.get('/hosts');
  t.is((await daemon.post('/topology', shown)).status, 200);
  t.deepEqual((await daemon.get('/topology')).body, shown);
  t.deepEqual((await daemon.get('/hosts')).body.hosts, hosts.hosts);
  t.like((await daemon.get('/addresses/x')).body[0], {ip: '10.111.64.0', host: 'b'});
});

test('an empty store has an empty topology, networks and lists', async t => {
  const etcd = await startEtcd(t);
  const daemon = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  t.deepEqual((await daemon.get('/topology')).body, {networks: [], topologies: []});
  t.deepEqual((await daemon.get('/networks')).body, []);
  t.deepEqual((await daemon.get('/hosts')).body.hosts, []);
  t.deepEqual((await daemon.get('/blocks')).body.blocks, []);
  t.is((await daemon.post('/address', {name: 'a', host: 'h'})).status, 404);
  t.is((await daemon.post('/hosts', {name: 'h', ip: '192.168.0.1'})).status, 409);
});

test('a topology that would not fit an address is refused and names the first one; one that fits all is taken', async t => {
  const {daemon, etcd} = await startSystem(t, {topology: flat('10.111.0.0/24'), hosts: ['h1', 'h2']});
  for (const name of ['a', 'b', 'c']) await daemon.allocate(name, name === 'c' ? 'h2' : 'h1');
  const before = (await daemon.get('/topology')).body;
  const refused = await daemon.post('/topology', flat('10.112.0.0/24'));
  t.is(refused.status, 409);
  t.regex(refused.body.details, /^Address 10\.111\.0\.[08] \([ac]\) of host h[12] would not fit: /);
  const dry = await daemon.post('/topology?dry_run=true', flat('10.112.0.0/24'));
  t.is(dry.status, 200);
  t.false(dry.body.fits);
  t.is(dry.body.problems[0], refused.body.details);
  t.deepEqual((await daemon.get('/topology')).body, before);

  const wider = flat('10.111.0.0/16');
  t.deepEqual((await daemon.post('/topology?dry_run=true', wider)).body, {
    fits: true,
    problems: [],
    changes: {
      ...noChanges,
      networks_changed: [{name: 'net', cidr: '10.111.0.0/16', from: {cidr: '10.111.0.0/24'}, to: {cidr: '10.111.0.0/16'}}],
      // The one group has no name to be known by.
      groups_removed: [{network: 'net', path: '10.111.0.0/24', cidr: '10.111.0.0/24', name: '', assignment: {}, routing: ''}],
      groups_added: [{network: 'net', path: '10.111.0.0/16', cidr: '10.111.0.0/16', name: '', assignment: {}, routing: ''}],
      hosts_moved: ['h1', 'h2'],
    },
  });
  t.deepEqual((await daemon.get('/topology')).body, before, 'a dry run changes nothing');
  t.is((await daemon.post('/topology', wider)).status, 200);
  t.is((await daemon.get('/networks')).body[0].cidr, '10.111.0.0/16');
  t.is((await daemon.get('/hosts/h1')).body.groups.net.cidr, '10.111.0.0/16');
  t.is(await daemon.allocate('d', 'h1'), '10.111.0.2');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a dry run tells of networks, groups and hosts what the update then does, and the log tells of the update alone', async t => {
  const {daemon} = await startSystem(t, {topology: racks});
  await addHost(daemon, 'a', '192.168.0.1', {tags: {rack: 'r1'}});
  const listing = {
    networks: racks.networks,
    topologies: [{networks: ['net'], map: [{name: 'r1', hosts: [{name: 'd', ip: '192.168.0.9', assignment: {rack: 'r1'}}]}]}],
  };
  const next = {
    networks: [
      {name: 'open', cidr: '10.2.0.0/16'},
      {name: 'front', cidr: '10.111.0.0/16', block_mask: 26, tenants: ['web']},
    ],
    topologies: [
      {
        networks: ['front'],
        map: ['r1', 'r2', 'r4'].map(rack => ({name: rack === 'r2' ? 'second' : rack, assignment: {rack}, groups: []})),
      },
    ],
  };
  t.is((await daemon.post('/topology', listing)).status, 200);
  t.is((await daemon.post('/topology?dry_run=false', racks)).status, 200);
  t.is((await daemon.post('/topology', listing)).status, 200);
  t.deepEqual((await daemon.post('/topology?dry_run=true', racks)).body.changes.hosts_unlisted, ['d']);
  t.is((await daemon.delete('/hosts/d')).status, 200);
  t.deepEqual((await daemon.post('/topology?dry_run=true', racks)).body.changes.hosts_unlisted, [], 'it is not there');
  t.is((await daemon.post('/topology', racks)).status, 200);

  t.deepEqual((await daemon.post('/topology?dry_run=true', next)).body, {
    fits: true,
    problems: [],
    changes: {
      ...noChanges,
      networks_added: [{name: 'open', cidr: '10.2.0.0/16', block_mask: 29, tenants: ['*']}],
      networks_renamed: [{cidr: '10.111.0.0/16', from: 'net', to: 'front'}],
      networks_changed: [
        {name: 'front', cidr: '10.111.0.0/16', from: {block_mask: 29, tenants: ['*']}, to: {block_mask: 26, tenants: ['web']}},
      ],
      groups_renamed: [
        {network: 'front', path: 'second', cidr: '10.111.64.0/18', from: 'r2', to: 'second'},
        {network: 'front', path: 'r4', cidr: '10.111.128.0/18', from: 'r3', to: 'r4'},
      ],
      groups_changed: [
        {network: 'front', path: 'r4', cidr: '10.111.128.0/18', from: {assignment: {rack: 'r3'}}, to: {assignment: {rack: 'r4'}}},
      ],
    },
  });
  t.is((await daemon.post('/topology', next)).status, 200);
  t.deepEqual((await daemon.post('/topology?dry_run=true', next)).body.changes, noChanges);
  t.deepEqual((await daemon.post('/topology?dry_run=true', (await daemon.get('/topology')).body)).body.changes, noChanges);

  await daemon.delete('/hosts/a');
  const changed = () => daemon.log.filter(({msg}) => msg === 'changed').map(({method, url}) => `${method} ${url}`);
  await waitFor('the last change is logged', () => changed().includes('DELETE /hosts/a'));
  t.deepEqual(changed().slice(-4), ['DELETE /hosts/d', 'POST /topology', 'POST /topology', 'DELETE /hosts/a']);
  t.deepEqual(
    daemon.log.filter(({url}) => String(url).includes('dry_run=true')),
    [],
  );
});

test('hosts stay when a new topology does not list them, and are placed anew where they must move', async t => {
  const {daemon} = await startSystem(t, {topology: flat(), hosts: ['h1']});
  t.is((await daemon.post('/topology', flat('172.16.0.0/16'))).status, 200);
  t.is((await daemon.get('/hosts/h1')).body.groups.net.cidr, '172.16.0.0/16');
  const refused = await daemon.post('/topology', racks);
  t.is(refused.status, 409);
  t.is(refused.body.details, 'No suitable groups to add host 192.168.0.1 (h1) to.');
});

test('a topology may list more hosts than one transaction holds', async t => {
  const {daemon, etcd} = await startSystem(t);
  const document = (count: number) => ({
    ...flat(),
    topologies: [{networks: ['net'], map: Array.from({length: count}, (_, n) => ({name: `h${n}`, ip: `192.168.${n >> 8}.${n & 255}`}))}],
  });
  t.is((await daemon.post('/topology?dry_run=true', document(300))).body.changes.hosts_added.length, 300);
  t.is((await daemon.post('/topology', document(300))).status, 200);
  t.is((await daemon.get('/hosts')).body.hosts.length, 300);
  t.is((await daemon.post('/topology', document(301))).status, 200);
  t.is((await daemon.get('/hosts')).body.hosts.length, 301);
  t.deepEqual(await findBrokenPromises(etcd), []);

  const twice = {...document(1), topologies: [{networks: ['net'], map: [{name: 'new', ip: '192.168.0.0'}]}]};
  const taken = await daemon.post('/topology', twice);
  t.is(taken.status, 409);
  t.is(taken.body.details, 'IP 192.168.0.0 of host new belongs to host h0 already.');
});

test('a topology update may move more hosts than one transaction holds', async t => {
  const {daemon, etcd} = await startSystem(t);
  const map = Array.from({length: 700}, (_, n) => ({name: `h${n}`, ip: `192.168.${n >> 8}.${n & 255}`}));
  await daemon.post('/topology', {...flat(), topologies: [{networks: ['net'], map}]});
  t.is((await daemon.post('/topology', flat('172.16.0.0/16'))).status, 200);
  const {hosts} = (await daemon.get('/hosts')).body;
  t.deepEqual([hosts.length, new Set(hosts.map((host: {groups: {net: {cidr: string}}}) => host.groups.net.cidr)).size], [700, 1]);
  t.is(hosts[0].groups.net.cidr, '172.16.0.0/16');
  const left = (await etcd.dump()).entries.filter(({key}) => /\/(placements|stagings)\//.test(key));
  t.is(left.length, 700, 'what the topologies before it had is gone');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('free blocks that lie in no group of a new topology are dropped, however many', async t => {
  const {daemon, etcd} = await startSystem(t, {hosts: ['h1']});
  await Promise.all(Array.from({length: 50}, (_, n) => daemon.allocate(`n${n}`, 'h1', {tenant: `t${n}`})));
  await Promise.all(Array.from({length: 50}, (_, n) => daemon.delete(`/address?addressName=n${n}`)));
  t.is((await daemon.get('/blocks')).body.blocks.length, 50);
  t.is((await daemon.post('/topology', flat('10.111.128.0/17'))).status, 200);
  t.deepEqual((await daemon.get('/blocks')).body.blocks, []);
  t.is((await daemon.post('/topology', flat('10.111.0.0/16', {name: 'net', block_mask: 26}))).status, 200);
  t.is(await daemon.allocate('a', 'h1'), '10.111.0.0');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a network may have the name of something that every object has', async t => {
  for (const name of ['constructor', 'toString']) {
    const topology = {networks: [{name, cidr: '10.111.0.0/16'}], topologies: [{networks: [name], map: []}]};
    const {daemon} = await startSystem(t, {topology: flat('10.5.0.0/16'), hosts: ['h1']});
    t.is((await daemon.post('/topology', topology)).status, 200);
    t.deepEqual((await daemon.get('/hosts/h1')).body.groups, {[name]: {name: '', path: '10.111.0.0/16', cidr: '10.111.0.0/16'}});
    t.is((await daemon.request('PATCH', '/hosts/h1', {tags: {a: 'b'}})).status, 200);
    t.is(await daemon.allocate('a', 'h1'), '10.111.0.0');
  }
});

test('a daemon loads its topology file once, when the store holds none', async t => {
  const etcd = await startEtcd(t);
  const folder = await temporaryFolder(t);
  const config = `${folder}/romana.yaml`;
  await writeFile(config, JSON.stringify({daemon: {topology: `${folder}/topology.json`}}));
  await writeFile(`${folder}/topology.json`, JSON.stringify(flat('10.7.0.0/16')));
  const args = ['--config', config, '--etcd-endpoints', etcd.endpoint];
  const first = await startDaemon(t, args);
  t.is((await first.get('/networks')).body[0].cidr, '10.7.0.0/16');
  await first.post('/topology', flat('10.8.0.0/16'));
  t.is(await first.stop(), 0);
  const second = await startDaemon(t, args);
  t.is((await second.get('/networks')).body[0].cidr, '10.8.0.0/16');
});

test('a topology that another daemon writes is shown within three seconds', async t => {
  const {daemon, etcd} = await startSystem(t);
  const other = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  await daemon.post('/topology', flat('10.9.0.0/16'));
  await waitFor('the other daemon shows it', async () => (await other.get('/networks')).body[0].cidr === '10.9.0.0/16', 3000);
  t.pass();
});
