import anyTest from 'ava';
import {flat, startSystem} from '../helpers/ipam.ts';

// What the REST interface promises of lists, names and defaults.

// One system at a time: each is an etcd and a daemon.
const test = anyTest.serial;

const twoFamilies = {
  networks: [
    {name: 'z-four', cidr: '10.1.0.9/16', tenants: ['t1']},
    {name: 'a-six', cidr: '2001:db8::9/64'},
  ],
  topologies: [{networks: ['z-four', 'a-six'], map: []}],
};

test('lists are sorted by name, blocks and addresses by value; a topology keeps its order', async t => {
  const {daemon} = await startSystem(t, {topology: twoFamilies, hosts: ['b', 'a', 'B']});
  const names = (items: {name: string}[]) => items.map(({name}) => name);
  t.deepEqual(
    (await daemon.get('/networks')).body.map(({id}: {id: string}) => id),
    ['a-six', 'z-four'],
  );
  t.deepEqual(names((await daemon.get('/topology')).body.networks), ['z-four', 'a-six']);
  t.deepEqual(names((await daemon.get('/hosts')).body.hosts), ['B', 'a', 'b']);
  t.deepEqual(
    (await daemon.get('/status')).body.map(({host}: {host: string}) => host),
    ['B', 'a', 'b'],
  );
  await daemon.allocate('six', 'a', {family: 'ipv6'});
  // In the order of texts, 10.1.0.16 comes before 10.1.0.8.
  for (const segment of ['s1', 's2', 's3']) await daemon.allocate(segment, 'a', {segment});
  const ips = ['10.1.0.0', '10.1.0.8', '10.1.0.16', '2001:db8::'];
  t.deepEqual(
    (await daemon.get('/addresses')).body.map(({ip}: {ip: string}) => ip),
    ips,
  );
  t.deepEqual(
    (await daemon.get('/blocks')).body.blocks.map(({cidr}: {cidr: string}) => cidr),
    ['10.1.0.0/29', '10.1.0.8/29', '10.1.0.16/29', '2001:db8::/122'],
  );
});

test('host bits are cleared, a block is a /29 or a /122, and every address of it is given out', async t => {
  const {daemon} = await startSystem(t, {topology: twoFamilies, hosts: ['h']});
  const cidrs = (await daemon.get('/networks')).body.map(({cidr}: {cidr: string}) => cidr);
  t.deepEqual(cidrs, ['2001:db8::/64', '10.1.0.0/16']);
  const four = [];
  for (let index = 0; index < 9; index += 1) four.push(await daemon.allocate(`four-${index}`, 'h'));
  t.deepEqual(
    four,
    ['0', '1', '2', '3', '4', '5', '6', '7', '8'].map(last => `10.1.0.${last}`),
  );
  const six = new Set<unknown>();
  for (let index = 0; index < 64; index += 1) six.add(await daemon.allocate(`six-${index}`, 'h', {family: 'ipv6'}));
  t.true(six.size === 64 && six.has('2001:db8::') && six.has('2001:db8::3f'));
  t.like((await daemon.get('/blocks')).body.blocks[2], {cidr: '2001:db8::/122', allocated_ip_count: 64});
});

test('an address is IPv4 where any network of the tenant is, and IPv6 else', async t => {
  const {daemon} = await startSystem(t, {topology: twoFamilies, hosts: ['h']});
  t.is(await daemon.allocate('a', 'h', {tenant: 't1'}), '10.1.0.0');
  t.is(await daemon.allocate('b', 'h', {tenant: 't2'}), '2001:db8::');
  t.is(await daemon.allocate('c', 'h', {tenant: 't1', family: 'ipv6'}), '2001:db8::40');
  const refused = await daemon.post('/address', {name: 'd', host: 'h', tenant: 't2', family: 'ipv4'});
  t.is(refused.status, 409);
});

test('names may be as long as they may be, and tenant and segment may be left out', async t => {
  const {daemon} = await startSystem(t, {topology: flat()});
  const long = 'n'.repeat(253);
  // Each is nine characters in a path.
  const wide = '你'.repeat(253);
  t.is((await daemon.post('/hosts', {name: wide, ip: '192.168.0.1'})).status, 200);
  t.is((await daemon.get(`/hosts/${encodeURIComponent(wide)}`)).body.name, wide);
  const allocated = await daemon.post('/address', {name: long, host: wide});
  t.is(allocated.status, 200);
  t.like((await daemon.get(`/addresses/${long}`)).body[0], {name: long, tenant: '', segment: '', host: wide});
  t.is((await daemon.post('/address', {name: 'Az09._-:/', host: wide, tenant: '', segment: 'A_z-0.'})).status, 200);
  // A slash at the end of a path counts only where it is written as what it is.
  t.is((await daemon.get('/addresses/Az09._-:%2F')).body[0].name, 'Az09._-:/');
  t.is((await daemon.delete(`/hosts/${encodeURIComponent(wide)}`)).status, 200);
});

test('what is released, and is not there, is named', async t => {
  const {daemon} = await startSystem(t);
  const cases: [path: string, type: string, id: string][] = [
    ['/address?addressName=nope', 'address', 'nope'],
    ['/address?addressName=10.111.0.9', 'address', '10.111.0.9'],
    ['/blackouts?cidr=10.111.0.0/30', 'blackout', '10.111.0.0/30'],
  ];
  for (const [path, resource_type, resource_id] of cases) {
    const {status, body} = await daemon.delete(path);
    t.is(status, 404);
    t.like(body, {status_code: 404, resource_type, resource_id});
  }
});
