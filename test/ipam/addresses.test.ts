import anyTest from 'ava';
import {findBrokenPromises, flat, startSystem} from '../helpers/ipam.ts';

// One system at a time: each is an etcd and a daemon.
const test = anyTest.serial;

test('addresses are handed out in the order that the older system had', async t => {
  const {daemon, etcd} = await startSystem(t, {hosts: ['n1', 'n2']});
  let count = 0;
  const next = (host: string, tenant: string) => daemon.allocate(`e${++count}`, host, {tenant});
  t.is(await next('n1', 't1'), '10.111.0.0');
  t.is(await next('n1', 't1'), '10.111.0.1');
  t.is(await next('n2', 't1'), '10.111.0.8');
  t.is(await next('n1', 't2'), '10.111.0.16');
  const ofT2 = `e${count}`;
  for (const last of [2, 3, 4, 5, 6, 7]) t.is(await next('n1', 't1'), `10.111.0.${last}`);
  t.is(await next('n1', 't1'), '10.111.0.24');
  t.is((await daemon.delete(`/address?addressName=${ofT2}`)).status, 200);
  const free = (await daemon.get('/blocks')).body.blocks.find(({cidr}: {cidr: string}) => cidr === '10.111.0.16/29');
  t.like(free, {host: '', tenant: '', segment: '', allocated_ip_count: 0});
  t.is(await next('n2', 't9'), '10.111.0.16');
  t.is(await next('n2', 't8'), '10.111.0.32');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('an address is shown by its name and by its IP, with its block and owner', async t => {
  const {daemon} = await startSystem(t, {hosts: ['n1']});
  const before = Date.now();
  const answer = await daemon.post('/address', {name: 'ns/pod:eth0', host: 'n1', tenant: 't1', segment: 's1'});
  t.is(answer.status, 200);
  t.is(answer.body, '10.111.0.0');
  const [shown, ...rest] = (await daemon.get('/addresses/ns/pod:eth0')).body;
  t.deepEqual(rest, []);
  const {allocated_at, ...fields} = shown;
  t.deepEqual(fields, {
    name: 'ns/pod:eth0',
    ip: '10.111.0.0',
    cidr: '10.111.0.0/29',
    block: '10.111.0.0/29',
    host: 'n1',
    tenant: 't1',
    segment: 's1',
    network: 'net',
  });
  t.true(Math.abs(Date.parse(allocated_at) - before) < 60_000);
  t.deepEqual((await daemon.get('/addresses')).body, [shown]);
  t.deepEqual((await daemon.get('/addresses/10.111.0.0')).body, [shown]);
  t.deepEqual((await daemon.get('/addresses/ns%2Fpod%3Aeth0')).body, [shown]);
});

test('a known name is refused with its address, and nothing is taken', async t => {
  const {daemon} = await startSystem(t, {hosts: ['n1', 'n2']});
  await daemon.allocate('a', 'n1');
  for (const host of ['n1', 'n2']) {
    const refused = await daemon.post('/address', {name: 'a', host, tenant: 'other'});
    t.is(refused.status, 409);
    t.is(refused.body.details, 'Address with name a already allocated: 10.111.0.0');
  }
  t.is((await daemon.get('/addresses')).body.length, 1);
});

test('addresses are released by name and by IP, and the lowest comes first again', async t => {
  const {daemon, etcd} = await startSystem(t, {hosts: ['n1']});
  for (const name of ['a', 'b', 'c']) await daemon.allocate(name, 'n1');
  t.is((await daemon.delete('/address?addressName=10.111.0.1')).status, 200);
  t.is((await daemon.get('/addresses/b')).status, 404);
  t.is((await daemon.delete('/address?addressName=a')).body, null);
  t.is((await daemon.delete('/address?addressName=a')).status, 404);
  t.is(await daemon.allocate('d', 'n1'), '10.111.0.0');
  t.is(await daemon.allocate('b', 'n1'), '10.111.0.1');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a full network has no address left, and one again after a release', async t => {
  const {daemon} = await startSystem(t, {topology: flat('10.0.0.0/29', {block_mask: 30}), hosts: ['n1', 'n2']});
  for (let index = 0; index < 4; index++) t.is(await daemon.allocate(`a${index}`, 'n1'), `10.0.0.${index}`);
  t.is(await daemon.allocate('b', 'n2'), '10.0.0.4');
  const full = await daemon.post('/address', {name: 'a4', host: 'n1', tenant: 't1'});
  t.is(full.status, 507);
  t.is(full.body.details, 'No available IP. Network net: no block is left in 10.0.0.0/29, where host n1 has its place.');
  await daemon.delete('/address?addressName=a2');
  t.is(await daemon.allocate('a4', 'n1'), '10.0.0.2');
});

test('a tenant without a network, and a family that is not there, are refused', async t => {
  const {daemon} = await startSystem(t, {topology: flat('10.0.0.0/24', {tenants: ['t1']}), hosts: ['n1']});
  const refused = await daemon.post('/address', {name: 'a', host: 'n1', tenant: 't2'});
  t.is(refused.status, 409);
  t.is(refused.body.details, 'No networks found for tenant t2.');
  const other = await daemon.post('/address', {name: 'a', host: 'n1', tenant: 't1', family: 'ipv6'});
  t.is(other.status, 409);
  t.is(await daemon.allocate('a', 'n1'), '10.0.0.0');
});

test('a name may have one address of each family, and both go by its name', async t => {
  const topology = {
    networks: [
      {name: 'four', cidr: '10.0.0.0/24'},
      {name: 'six', cidr: '2001:db8::/64'},
    ],
    topologies: [{networks: ['four', 'six'], map: []}],
  };
  const {daemon, etcd} = await startSystem(t, {topology, hosts: ['n1']});
  t.is(await daemon.allocate('a', 'n1', {family: 'ipv6'}), '2001:db8::');
  t.is(await daemon.allocate('a', 'n1'), '10.0.0.0');
  t.is((await daemon.post('/address', {name: 'a', host: 'n1', tenant: 't1', family: 'ipv6'})).status, 409);
  t.deepEqual(
    (await daemon.get('/addresses/a')).body.map(({ip}: {ip: string}) => ip),
    ['10.0.0.0', '2001:db8::'],
  );
  t.is(await daemon.allocate('b', 'n1', {family: 'ipv6'}), '2001:db8::1');
  t.is((await daemon.delete('/address?addressName=2001:DB8:0:0::1')).status, 200, 'an IP in any form');
  t.is((await daemon.delete('/address?addressName=a')).status, 200);
  t.deepEqual((await daemon.get('/addresses')).body, []);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('blocks are listed by value and filtered by owner', async t => {
  const topology = {
    networks: [
      {name: 'a', cidr: '10.1.0.0/16', tenants: ['t1']},
      {name: 'b', cidr: '10.0.0.0/16'},
    ],
    topologies: [{networks: ['a', 'b'], map: []}],
  };
  const {daemon} = await startSystem(t, {topology, hosts: ['n1', 'n2']});
  await daemon.allocate('1', 'n1', {tenant: 't1', segment: 's'});
  await daemon.allocate('2', 'n2', {tenant: 't2'});
  await daemon.allocate('3', 'n1', {tenant: 't2'});
  const cidrs = async (path: string) => (await daemon.get(path)).body.blocks.map(({cidr}: {cidr: string}) => cidr);
  t.deepEqual(await cidrs('/blocks'), ['10.0.0.0/29', '10.0.0.8/29', '10.1.0.0/29']);
  t.deepEqual(await cidrs('/blocks?host=n1'), ['10.0.0.8/29', '10.1.0.0/29']);
  t.deepEqual(await cidrs('/blocks?tenant=t2&host=n2'), ['10.0.0.0/29']);
  t.deepEqual(await cidrs('/blocks?segment=s'), ['10.1.0.0/29']);
  t.deepEqual(await cidrs('/blocks?network=b'), ['10.0.0.0/29', '10.0.0.8/29']);
  t.deepEqual(await cidrs('/networks/a/blocks'), ['10.1.0.0/29']);
  const {body} = await daemon.get('/networks');
  t.deepEqual(
    body.map(({id, cidr}: {id: string; cidr: string}) => [id, cidr]),
    [
      ['a', '10.1.0.0/16'],
      ['b', '10.0.0.0/16'],
    ],
  );
  t.like((await daemon.get('/networks/b')).body, {id: 'b', cidr: '10.0.0.0/16'});
  t.true((await daemon.get('/blocks')).body.blocks.every(({revision}: {revision: unknown}) => typeof revision === 'number'));
});
