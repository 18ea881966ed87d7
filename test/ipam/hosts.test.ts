import anyTest from 'ava';
import {addHost, findBrokenPromises, flat, startSystem} from '../helpers/ipam.ts';

// One system at a time: each is an etcd and a daemon.
const test = anyTest.serial;

const twoRacks = {
  networks: [{name: 'net', cidr: '10.111.0.0/16'}],
  topologies: [
    {
      networks: ['net'],
      map: [{name: 'zone-A', groups: ['r1', 'r2'].map(rack => ({name: rack, assignment: {rack}, groups: []}))}],
    },
  ],
};

test('a host is added, placed and listed', async t => {
  const {daemon} = await startSystem(t, {topology: twoRacks});
  t.deepEqual((await daemon.post('/hosts', {name: 'b', ip: '192.168.0.2', tags: {rack: 'r2'}, agent_port: 9999})).body, null);
  await addHost(daemon, 'a', '2001:DB8:0::1', {tags: {rack: 'r1'}, k8s_info: null});
  const {body} = await daemon.get('/hosts');
  t.deepEqual(
    body.hosts.map(({name}: {name: string}) => name),
    ['a', 'b'],
  );
  t.is(typeof body.revision, 'number');
  t.deepEqual((await daemon.get('/hosts/b')).body, {
    name: 'b',
    ip: '192.168.0.2',
    agent_port: 9999,
    tags: {rack: 'r2'},
    k8s_info: null,
    drained: false,
    groups: {net: {name: 'r2', path: 'zone-A/r2', cidr: '10.111.128.0/17'}},
  });
  t.like((await daemon.get('/hosts/a')).body, {ip: '2001:db8::1', agent_port: 9604});
});

test('a host that no group takes, or that is there already, is refused', async t => {
  const {daemon} = await startSystem(t, {topology: twoRacks});
  await addHost(daemon, 'a', '192.168.0.1', {tags: {rack: 'r1'}});
  const cases: [body: object, details: string][] = [
    [{name: 'b', ip: '192.168.0.2'}, 'No suitable groups to add host 192.168.0.2 (b) to.'],
    [
      {name: 'b', ip: '192.168.0.2', tags: {zone: 'z', rack: 'r9'}},
      'No suitable groups to add host 192.168.0.2 (b) Tags: map[rack:r9 zone:z] to.',
    ],
    [{name: 'a', ip: '192.168.0.2', tags: {rack: 'r1'}}, "A[n] 'host' object identified by map[name:a] already exists."],
    [{name: 'b', ip: '192.168.0.1', tags: {rack: 'r1'}}, "A[n] 'host' object identified by map[IP:192.168.0.1] already exists."],
  ];
  for (const [body, details] of cases) {
    const answer = await daemon.post('/hosts', body);
    t.is(answer.status, 409);
    t.is(answer.body.details, details);
  }
  t.is((await daemon.get('/hosts')).body.hosts.length, 1);
});

test('tags are merged, a tag that is null goes, and tags that no longer fit are refused', async t => {
  const {daemon} = await startSystem(t, {topology: twoRacks});
  await addHost(daemon, 'a', '192.168.0.1', {tags: {rack: 'r1', disk: 'ssd'}});
  const patch = (body: unknown) => daemon.request('PATCH', '/hosts/a', body);
  t.is((await patch({tags: {disk: null, cpu: 'fast'}})).status, 200);
  t.deepEqual((await daemon.get('/hosts/a')).body.tags, {rack: 'r1', cpu: 'fast'});
  for (const tags of [{rack: 'r2'}, {rack: null}]) {
    const refused = await patch({tags});
    t.is(refused.status, 409);
    t.is(refused.body.details, 'Host a is in group 10.111.0.0/17 of network net, which does not take hosts with the new tags.');
  }
  t.deepEqual((await daemon.get('/hosts/a')).body.tags, {rack: 'r1', cpu: 'fast'});
  t.is((await patch({name: 'b'})).status, 400);
  t.is((await patch({tags: {a: 1}})).status, 400);
});

test('the IP of a host changes, and the old one may be another host’s then', async t => {
  const {daemon, etcd} = await startSystem(t, {hosts: ['a', 'b']});
  const taken = await daemon.request('PATCH', '/hosts/a', {ip: '192.168.0.2'});
  t.is(taken.status, 409);
  t.is(taken.body.details, "A[n] 'host' object identified by map[IP:192.168.0.2] already exists.");
  t.is((await daemon.request('PATCH', '/hosts/a', {ip: 'x'})).status, 422);
  t.is((await daemon.request('PATCH', '/hosts/a', {ip: '192.168.0.9'})).status, 200);
  t.is((await daemon.get('/hosts/a')).body.ip, '192.168.0.9');
  await addHost(daemon, 'c', '192.168.0.1');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a drained host gets no new addresses and keeps those it has', async t => {
  const {daemon} = await startSystem(t, {hosts: ['a']});
  await daemon.allocate('x', 'a');
  t.is((await daemon.request('PATCH', '/hosts/a', {drained: true})).status, 200);
  t.true((await daemon.get('/hosts/a')).body.drained);
  const refused = await daemon.post('/address', {name: 'y', host: 'a'});
  t.is(refused.status, 409);
  t.is(refused.body.details, 'Host a is drained.');
  t.is((await daemon.get('/addresses')).body.length, 1);
  t.is((await daemon.request('PATCH', '/hosts/a', {drained: false})).status, 200);
  t.is((await daemon.post('/address', {name: 'y', host: 'a'})).status, 200);
});

test('a host goes with its addresses, also with more of them than one transaction holds', async t => {
  const {daemon, etcd} = await startSystem(t, {hosts: ['a', 'b']});
  // Many blocks with few addresses, and one block with many.
  const requests = Array.from({length: 130}, (_, n) => daemon.allocate(`n${n}`, 'a', {tenant: n < 60 ? `t${n}` : 't'}));
  const ips = await Promise.all(requests);
  t.true(ips.every(ip => typeof ip === 'string'));
  const kept = await daemon.allocate('kept', 'b');
  t.is((await daemon.delete('/hosts/a')).status, 200);
  t.is((await daemon.get('/hosts/a')).status, 404);
  t.deepEqual(
    (await daemon.get('/addresses')).body.map(({ip}: {ip: string}) => ip),
    [kept],
  );
  const {blocks} = (await daemon.get('/blocks')).body;
  t.true(blocks.length >= 60);
  t.deepEqual(
    blocks.filter(({host}: {host: string}) => host !== '').map(({allocated_ip_count}: {allocated_ip_count: number}) => allocated_ip_count),
    [1],
  );
  t.deepEqual(await findBrokenPromises(etcd), []);
  await addHost(daemon, 'a', '192.168.0.1');
  t.is(typeof (await daemon.allocate('n0', 'a')), 'string');
});

test('names of hosts may hold anything that can be written', async t => {
  const {daemon, etcd} = await startSystem(t);
  const names = ['node/1', 'node%2F1', 'köln 1', 'a'.repeat(253), '...', 'A', 'a', '*'];
  for (const [index, name] of names.entries()) await addHost(daemon, name, `192.168.0.${index + 1}`);
  for (const name of names) {
    t.is((await daemon.get(`/hosts/${encodeURIComponent(name)}`)).body.name, name);
    t.is((await daemon.delete(`/hosts/${encodeURIComponent(name)}`)).status, 200, name);
  }
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('what could be taken for an IP, for a step in a path, or would garble a terminal is refused', async t => {
  const {daemon} = await startSystem(t, {hosts: ['h1']});
  for (const name of ['192.168.0.1', '2001:db8::1', '.', '..', 'a\u001b[31m']) {
    const {status, body} = await daemon.post('/hosts', {name, ip: '192.168.1.1'});
    t.deepEqual([status, body.details.startsWith(`Bad host name: ${JSON.stringify(name)} `)], [422, true]);
  }
  for (const ip of ['0.0.0.0', '::', '224.0.0.1', '239.1.1.1', 'ff02::1'])
    t.is((await daemon.post('/hosts', {name: 'a', ip})).status, 422, ip);
  const tags = {rack: 'a\nb'};
  t.is((await daemon.post('/hosts', {name: 'a', ip: '192.168.1.1', tags})).status, 422);
  t.is((await daemon.request('PATCH', '/hosts/h1', {tags})).status, 422);
  t.deepEqual((await daemon.get('/hosts')).body.hosts.length, 1);
});

test('an IP of a host is no address of an endpoint, whichever came first', async t => {
  const {daemon, etcd} = await startSystem(t, {topology: flat('192.168.0.0/16'), hosts: ['h1', 'h2']});
  const ips = await Promise.all(['a', 'b', 'c'].map(name => daemon.allocate(name, 'h1')));
  t.deepEqual(ips.toSorted(), ['192.168.0.0', '192.168.0.3', '192.168.0.4']);
  const taken = 'IP 192.168.0.3 of host h3 is in use: it is the address of';
  for (const answer of [
    await daemon.post('/hosts', {name: 'h3', ip: '192.168.0.3'}),
    await daemon.post('/topology', {
      ...flat('192.168.0.0/16'),
      topologies: [{networks: ['net'], map: [{name: 'h3', ip: '192.168.0.3'}]}],
    }),
  ])
    t.deepEqual([answer.status, answer.body.details.startsWith(taken)], [409, true], answer.body.details);
  t.is((await daemon.request('PATCH', '/hosts/h2', {ip: '192.168.0.3'})).status, 409);
  t.is((await daemon.request('PATCH', '/hosts/h2', {ip: '192.168.0.5'})).status, 200);
  t.deepEqual([await daemon.allocate('d', 'h1'), await daemon.allocate('e', 'h1')], ['192.168.0.2', '192.168.0.6']);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('hosts fill the groups evenly', async t => {
  const topology = {...flat(), topologies: [{networks: ['net'], map: ['g1', 'g2'].map(name => ({name, groups: []}))}]};
  const {daemon} = await startSystem(t, {topology, hosts: ['a', 'b', 'c', 'd']});
  const {hosts} = (await daemon.get('/hosts')).body;
  t.deepEqual(
    hosts.map((host: {groups: {net: {name: string}}}) => host.groups.net.name),
    ['g1', 'g2', 'g1', 'g2'],
  );
});
