import anyTest from 'ava';
import {parseAddress, parsePrefix, subPrefix} from '../../src/core/prefix.ts';
import {startDaemon, type TestDaemon} from '../helpers/daemon.ts';
import {startEtcd, type TestEtcd} from '../helpers/etcd.ts';
import {addHost, findBrokenPromises, startSystem} from '../helpers/ipam.ts';
import {noChanges} from '../helpers/topology-changes.ts';
import {waitFor} from '../helpers/wait.ts';

// A system that carries addresses gets another topology.

// One system at a time: each is an etcd and one or two daemons.
const test = anyTest.serial;

const rack = (name: string, more: object = {}) => ({name, assignment: {rack: name}, groups: [], ...more});
const racks = (count: number) => Array.from({length: count}, (_, n) => rack(`r${n + 1}`));

function document(map: readonly object[], network: object = {}, others: readonly {name: string; cidr: string}[] = []) {
  const net = {name: 'net', cidr: '10.0.0.0/16', ...network};
  const topologies = [{networks: [net.name], map}, ...others.map(({name}) => ({networks: [name], map: []}))];
  return {networks: [net, ...others], topologies};
}

/** Asks beforehand what it would do, then does it, and asks again. */
async function change(t: {deepEqual(a: unknown, b: unknown): void}, daemon: TestDaemon, body: unknown): Promise<void> {
  const {body: preview} = await daemon.post('/topology?dry_run=true', body);
  t.deepEqual([preview.fits, preview.problems], [true, []]);
  const groupsOf = async () =>
    new Map((await daemon.get('/hosts')).body.hosts.map(({name, groups}: {name: string; groups: object}) => [name, groups]));
  const before = await groupsOf();
  const {status, body: answer} = await daemon.post('/topology', body);
  t.deepEqual([status, answer], [200, null]);
  const after = await groupsOf();
  t.deepEqual(
    preview.changes.hosts_added,
    [...after.keys()].filter(name => !before.has(name)),
  );
  const cidrs = (groups: unknown) =>
    Object.entries(groups as Record<string, {cidr: string}>)
      .map(([, {cidr}]) => cidr)
      .sort();
  const moved = [...before.keys()].filter(name => cidrs(before.get(name)).join() !== cidrs(after.get(name)).join());
  t.deepEqual(preview.changes.hosts_moved, moved);
  const again = (await daemon.post('/topology?dry_run=true', body)).body;
  t.deepEqual(again, {fits: true, problems: [], changes: noChanges});
}

async function addressesOf(daemon: TestDaemon): Promise<string[]> {
  return (await daemon.get('/addresses')).body.map(({name, ip, block, host}: Record<string, string>) => `${name} ${ip} ${block} ${host}`);
}

/** Everything in etcd but what daemons write to themselves. */
async function contents(etcd: TestEtcd): Promise<unknown> {
  return (await etcd.dump()).entries.filter(({key}) => !key.includes('/barriers/'));
}

test('networks and groups come, change their names, tenants and masks, and every address stays', async t => {
  const {daemon, etcd} = await startSystem(t, {topology: document(racks(3))});
  const other = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  for (const [index, name] of ['r1', 'r2', 'r3'].entries())
    await addHost(daemon, `h${index + 1}`, `192.168.0.${index + 1}`, {tags: {rack: name}});
  for (const host of ['h1', 'h2', 'h3'])
    for (const name of ['a', 'b']) t.is(typeof (await daemon.allocate(`${host}-${name}`, host)), 'string');
  const addresses = await addressesOf(daemon);
  const networkOf = async (name: string) => (await daemon.get(`/addresses/${name}`)).body[0].network;

  // A group in the padding: hosts with its label find a place now.
  t.is((await daemon.post('/hosts', {name: 'h4', ip: '192.168.0.4', tags: {rack: 'r4'}})).status, 409);
  await change(t, daemon, document(racks(4)));
  await addHost(other, 'h4', '192.168.0.4', {tags: {rack: 'r4'}});
  t.is(await other.allocate('h4-a', 'h4'), '10.0.192.0');

  // A network, of which the tenant that has it takes first.
  await change(t, daemon, document(racks(4), {tenants: ['t1']}, [{name: 'open', cidr: '10.1.0.0/16'}]));
  t.is(await daemon.allocate('h1-c', 'h1'), '10.0.0.2');
  t.is(await daemon.allocate('h1-d', 'h1', {tenant: 't2'}), '10.1.0.0');
  t.is((await daemon.get('/hosts/h1')).body.groups.open.cidr, '10.1.0.0/16');

  // Other names, and another mask: blocks keep their size.
  const renamed = racks(4).map(group => ({...group, name: `rack ${group.name}`}));
  await change(t, daemon, document(renamed, {name: 'newnet', block_mask: 26}, [{name: 'open', cidr: '10.1.0.0/16'}]));
  t.is(await networkOf('h1-a'), 'newnet');
  t.deepEqual((await daemon.get('/hosts/h2')).body.groups.newnet, {name: 'rack r2', path: 'rack r2', cidr: '10.0.64.0/18'});
  t.is((await daemon.get('/networks/net')).status, 404);
  t.deepEqual(
    (await daemon.get('/networks/newnet/blocks')).body.blocks.map(({cidr}: {cidr: string}) => cidr),
    ['10.0.0.0/29', '10.0.64.0/29', '10.0.128.0/29', '10.0.192.0/29'],
  );
  t.is(await daemon.allocate('h1-e', 'h1'), '10.0.0.3', 'the block that it has is filled');
  t.is(await daemon.allocate('h1-f', 'h1', {segment: 's'}), '10.0.0.64', 'a new one has the new size, beside those that are there');
  await waitFor('the other daemon has it', async () => (await other.get('/networks')).body[0].id === 'newnet', 3000);
  t.is(await other.allocate('h1-g', 'h1', {segment: 's'}), '10.0.0.65');

  t.deepEqual(
    (await addressesOf(daemon)).filter(line => addresses.includes(line)),
    addresses,
  );
  t.deepEqual((await addressesOf(other)).length, addresses.length + 6);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('hosts are labelled anew where that fits, and groups that need other labels take them with it', async t => {
  const {daemon, etcd} = await startSystem(t, {topology: document([rack('r1'), rack('r2'), {name: 'any', groups: []}])});
  await addHost(daemon, 'h1', '192.168.0.1', {tags: {rack: 'r1'}});
  await addHost(daemon, 'h2', '192.168.0.2');
  for (const host of ['h1', 'h2']) await daemon.allocate(host, host);
  const patch = (host: string, tags: Record<string, string | null>) => daemon.request('PATCH', `/hosts/${host}`, {tags});
  t.is((await patch('h1', {rack: 'r2'})).status, 409);
  t.is((await patch('h2', {rack: 'r2', zone: 'z'})).status, 200, 'a group without labels takes any');

  // The labels of the groups change, before those of the hosts and after.
  const zoned = document([{name: 'r1', assignment: {zone: 'z'}, groups: []}, rack('r2'), {name: 'any', groups: []}]);
  const refused = await daemon.post('/topology', zoned);
  t.is(refused.status, 409);
  t.is(refused.body.details, 'Address 10.0.0.0 (h1) of host h1 would not fit: its group is 10.0.128.0/18 then.');
  t.is((await patch('h1', {zone: 'z'})).status, 200);
  await change(t, daemon, zoned);
  t.is((await patch('h1', {rack: 'r9'})).status, 200, 'that label does not matter any more');
  t.is((await patch('h1', {zone: null})).status, 409);

  // A network for those with a label: who gets the label gets a place there.
  const labelled = {
    networks: [...zoned.networks, {name: 'gpu', cidr: '10.7.0.0/16', tenants: ['ml']}],
    topologies: [...zoned.topologies, {networks: ['gpu'], map: [{assignment: {gpu: 'yes'}, groups: []}]}],
  };
  await change(t, daemon, labelled);
  t.is((await daemon.post('/address', {name: 'x', host: 'h2', tenant: 'ml'})).status, 200, 'of the open network');
  t.false('gpu' in (await daemon.get('/hosts/h2')).body.groups);
  t.is((await patch('h2', {gpu: 'yes'})).status, 200);
  t.is((await daemon.get('/hosts/h2')).body.groups.gpu.cidr, '10.7.0.0/16');
  t.is(await daemon.allocate('y', 'h2', {tenant: 'ml'}), '10.7.0.0');
  t.is((await patch('h2', {gpu: null})).status, 409);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('groups are split and merged where the blocks allow it; else the first address is named and nothing changes', async t => {
  const {daemon, etcd} = await startSystem(t, {topology: document([{name: 'all', groups: []}])});
  for (const number of [1, 2]) await addHost(daemon, `h${number}`, `192.168.0.${number}`);
  await daemon.post('/blackouts', {cidr: '10.0.0.8/29'});
  // The second host fills the first half but for one block, so that its next one lies in the other half.
  await daemon.allocate('low', 'h1');
  await daemon.post('/blackouts', {cidr: '10.0.0.16/28'});
  for (const cidr of [
    '10.0.0.32/27',
    '10.0.0.64/26',
    '10.0.0.128/25',
    '10.0.1.0/24',
    '10.0.2.0/23',
    '10.0.4.0/22',
    '10.0.8.0/21',
    '10.0.16.0/20',
    '10.0.32.0/19',
    '10.0.64.0/18',
  ]) {
    t.is((await daemon.post('/blackouts', {cidr})).status, 200);
  }
  t.is(await daemon.allocate('high', 'h2'), '10.0.128.0');
  t.is(await daemon.allocate('high6', 'h2', {segment: 's'}), '10.0.128.8');

  const halves = document([
    {name: 'a', groups: []},
    {name: 'b', groups: []},
  ]);
  await change(t, daemon, halves);
  t.is((await daemon.get('/hosts/h1')).body.groups.net.name, 'a');
  t.is((await daemon.get('/hosts/h2')).body.groups.net.name, 'b', 'where its addresses are');
  await change(t, daemon, document([{name: 'all', groups: []}]));
  await change(t, daemon, halves);

  // Three more groups: none of them has an address in its place any more.
  const before = await contents(etcd);
  for (const map of [
    ['a', 'b', 'c'],
    ['a', 'b', 'c', 'd', 'e'],
  ]) {
    const body = document(
      map.map(name => ({
        name,
        groups: [{name: name === 'b' ? 'h2' : `new-${name}`, ip: name === 'b' ? '192.168.0.2' : `192.168.7.${map.indexOf(name)}`}],
      })),
    );
    const {status, body: answer} = await daemon.post('/topology', body);
    t.is(status, 409);
    t.regex(answer.details, /^Address 10\.0\.128\.0 \(high\) of host h2 would not fit: its group is 10\.0\.(64\.0\/18|32\.0\/19) then\.$/);
    const {body: preview} = await daemon.post('/topology?dry_run=true', body);
    t.deepEqual([preview.fits, preview.problems], [false, [answer.details]]);
    t.deepEqual(await contents(etcd), before);
  }
  // A block in pieces, or under another length.
  await daemon.delete('/address?addressName=low');
  const pieces = document(
    [
      {name: 'a', groups: []},
      {name: 'b', groups: Array.from({length: 8192}, (_, n) => ({name: `p${n}`, groups: []}))},
    ],
    {block_mask: 30},
  );
  const {body: answer} = await daemon.post('/topology', pieces);
  t.regex(answer.details, /^Address 10\.0\.128\.0 \(high\) of host h2 would not fit: /);
  t.is((await daemon.get('/blackouts')).body.length, 12);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a document as large as a request may be is stored, read back and put to work; a larger one is refused', async t => {
  const {daemon, etcd} = await startSystem(t, {topology: document([{name: 'all', groups: []}]), hosts: ['h1']});
  t.is(await daemon.allocate('x', 'h1'), '10.0.0.0');
  const limit = 1024 * 1024;
  const sized = (size: number) => {
    const map = Array.from({length: 12_000}, (_, n) => rack(`rack-${n}`));
    const large = JSON.stringify(
      document(map, {name: 'large', cidr: '172.16.0.0/12', block_mask: 29}, [{name: 'net', cidr: '10.0.0.0/16'}]),
    );
    return `${large.slice(0, -1)},"revision":"${'x'.repeat(size - large.length - 14)}"}`;
  };
  const tooLarge = await daemon.request('POST', '/topology', sized(limit + 1));
  t.is(tooLarge.status, 413);
  const body = sized(limit);
  t.is(Buffer.byteLength(body), limit);
  t.is((await daemon.request('POST', '/topology', body)).status, 200);
  t.is((await daemon.get('/topology')).body.topologies[0].map.length, 12_000);
  await addHost(daemon, 'h2', '192.168.0.2', {tags: {rack: 'rack-11999'}});
  t.deepEqual([await daemon.allocate('y', 'h2'), await daemon.allocate('y2', 'h2')], ['172.27.183.192', '172.27.183.193']);
  const other = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  t.is((await other.get('/hosts/h2')).body.groups.large.name, 'rack-11999');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('thousands of hosts and blocks get a new topology at once, and what it has no room for is cleared away', async t => {
  const etcd = await startEtcd(t);
  const keys = etcd.keys;
  const generation = 1_000_000;
  const gone = {name: 'gone', cidr: '172.20.0.0/14'};
  const before = document(racks(1000), {cidr: '10.0.0.0/8'}, [gone]);
  const groups = Array.from({length: 1024}, (_, n) => subPrefix(parsePrefix('10.0.0.0/8'), 18, n));
  const hosts = Array.from({length: 1500}, (_, n) => {
    const name = `h${n}`;
    const ip = parseAddress(`192.168.${n >> 8}.${n & 255}`);
    const group = groups[n % 1000] ?? parsePrefix('10.0.0.0/18');
    const blocks = [0, 1].map(index => subPrefix(group, 29, (n < 1000 ? 0 : 2) + index));
    return {name, ip, tags: {rack: `r${(n % 1000) + 1}`}, group, blocks};
  });
  const put = (key: string, value: unknown) => ({put: key, value: typeof value === 'string' ? value : JSON.stringify(value)});
  const owner = {tenant: 't', segment: ''};
  const operations = [
    put(keys.topology, {generation, document: before}),
    ...hosts.flatMap(({name, ip, tags, group, blocks}) => [
      put(keys.host(name), {name, ip, agentPort: 9604, drained: false, tags}),
      put(keys.hostIp(ip), name),
      put(keys.placement(generation, name), {host: name, generation, groups: {net: group}}),
      ...blocks.flatMap(cidr => {
        const address = {
          name: `${name} ${cidr}`,
          ip: parseAddress(cidr.replace(/\/.*/, '')),
          block: cidr,
          host: name,
          ...owner,
          allocatedAt: new Date(0).toISOString(),
        };
        return [
          put(keys.block(cidr), {cidr, host: name, ...owner}),
          put(keys.address(address.ip), address),
          put(keys.name(address.name, 'ipv4'), address.ip),
        ];
      }),
    ]),
    // Free blocks, half of them where no network will be.
    ...Array.from({length: 3000}, (_, n) => [
      subPrefix(groups[n % 1000] ?? parsePrefix('10.0.0.0/18'), 29, 100 + Math.floor(n / 1000)),
      subPrefix(parsePrefix(gone.cidr), 29, n),
    ])
      .flat()
      .map(cidr => put(keys.block(cidr), {cidr, host: '', tenant: '', segment: ''})),
  ];
  const store = etcd.openStore();
  for (let start = 0; start < operations.length; start += 128)
    await store.commit({conditions: [], operations: operations.slice(start, start + 128)});
  const daemon = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  const addresses = await addressesOf(daemon);
  t.is(addresses.length, 3000);

  // One group more than the padding holds, and one host whose group would be another.
  const contentsBefore = await contents(etcd);
  for (const body of [document(racks(1025), {cidr: '10.0.0.0/8'}, [gone]), document(racks(999), {cidr: '10.0.0.0/8'}, [gone])]) {
    const refused = await daemon.post('/topology', body);
    t.is(refused.status, 409);
    t.regex(refused.body.details, /^Address 10\.(0\.64\.0|249\.192\.0) \(h\d+ \S+\) of host h\d+ would not fit: /);
  }
  t.deepEqual(await contents(etcd), contentsBefore);

  const wider = document(racks(1024), {name: 'other', cidr: '10.0.0.0/8', block_mask: 28}, [{name: 'more', cidr: '172.16.0.0/14'}]);
  await change(t, daemon, wider);
  t.deepEqual(await addressesOf(daemon), addresses);
  const {entries} = await etcd.dump();
  t.is(entries.filter(({key}) => key.includes('/placements/')).length, 1500, 'those of the old topology are gone');
  t.is(entries.filter(({key}) => key.includes('/stagings/')).length, 0);
  t.is((await daemon.get('/hosts/h1499')).body.groups.other.cidr, hosts[1499]?.group);
  t.is((await daemon.get('/blocks')).body.blocks.length, 6000);
  await addHost(daemon, 'late', '192.168.99.1', {tags: {rack: 'r1024'}});
  t.is(await daemon.allocate('late', 'late'), '10.255.192.0');
});
