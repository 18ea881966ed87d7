import {writeFile} from 'node:fs/promises';
import anyTest from 'ava';
import {startDaemon} from '../helpers/daemon.ts';
import {startEtcd} from '../helpers/etcd.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {addHost, findBrokenPromises, flat} from '../helpers/ipam.ts';
import {newHost, once, startPair} from './in-process.ts';

// One system at a time: each is an etcd and one or two daemons.
const test = anyTest.serial;

const tiny = flat('10.0.0.0/30', {block_mask: 31});

test('an emptied block rests before another host may have it; its own host may have it at once', async t => {
  const {etcd, a, b} = await startPair(t, flat('10.0.0.0/28', {block_mask: 30}), {cooldownMs: 3_600_000});
  for (const number of [1, 2]) await a.hosts.add(newHost(number));
  t.is(await a.allocate('x', 'h1'), '10.0.0.0');
  await a.addresses.release('x');
  const [block] = a.ledger.tables.blocks.values();
  t.like(block?.value, {host: '', tenant: '', segment: '', freed: {from: 'h1'}});
  t.true(Math.abs((block?.value.freed?.at ?? 0) - Date.now()) < 600_000);

  await b.ledger.sync();
  t.is(await b.allocate('y', 'h2'), '10.0.0.4', 'a new block goes first');
  t.is(await b.allocate('z', 'h1', 'other'), '10.0.0.0', 'the host that had it need not wait, whatever the tenant');
  t.is(b.ledger.tables.blocks.get(block?.value.cidr as never)?.value.freed, undefined);
  await b.addresses.release('z');
  t.is(await b.allocate('z', 'h2', 'other'), '10.0.0.8');
  b.advance(3_000_000);
  t.is(await b.allocate('z2', 'h2', 'more'), '10.0.0.12');
  t.is(await b.allocate('y2', 'h2'), '10.0.0.5', 'own blocks are filled as ever');
  await t.throwsAsync(
    b.allocate('z3', 'h2', 'most'),
    {code: 'ERR_NO_ADDRESS', message: /^No available IP\. .*\(1 there is kept back for a while/},
    'only a resting block is left',
  );
  b.advance(600_000);
  t.is(await b.allocate('z3', 'h2', 'most'), '10.0.0.0');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('the blocks of a removed host rest too, and those that were freed before blocks rested do not', async t => {
  const {etcd, a} = await startPair(t, tiny, {cooldownMs: 60_000});
  for (const number of [1, 2]) await a.hosts.add(newHost(number));
  for (const tenant of ['t1', 't2']) await a.allocate(tenant, 'h1', tenant);
  await a.hosts.remove('h1');
  await t.throwsAsync(a.allocate('x', 'h2'), {code: 'ERR_NO_ADDRESS'});
  a.advance(60_000);
  t.is(await a.allocate('x', 'h2'), '10.0.0.0');

  // As a daemon of an earlier version wrote it.
  const {value, modRevision} = a.ledger.tables.blocks.get('10.0.0.2/31' as never) ?? (t.fail() as never);
  const {freed, ...plain} = value;
  const put = {put: etcd.keys.block(value.cidr), value: JSON.stringify(plain)};
  await etcd.openStore().commit({conditions: [{key: put.put, modRevision}], operations: [put]});
  await a.ledger.sync();
  t.is(await a.allocate('y', 'h2', 'other'), '10.0.0.2');
});

test('a block goes on resting when the daemon is started again, or another one is asked', async t => {
  const etcd = await startEtcd(t);
  const folder = await temporaryFolder(t);
  await writeFile(`${folder}/romana.yaml`, JSON.stringify({daemon: {blockCooldownSeconds: 3600}}));
  const start = () => startDaemon(t, ['--config', `${folder}/romana.yaml`, '--etcd-endpoints', etcd.endpoint]);
  const first = await start();
  await first.post('/topology', flat('10.0.0.0/29'));
  for (const [index, name] of ['h1', 'h2'].entries()) await addHost(first, name, `192.168.0.${index + 1}`);
  t.is(await first.allocate('x', 'h1'), '10.0.0.0');
  t.is((await first.delete('/address?addressName=x')).status, 200);
  await first.kill();

  const second = await start();
  const refused = await second.post('/address', {name: 'y', host: 'h2', tenant: 't1'});
  const reason = 'no block is left in 10.0.0.0/29, where host h2 has its place';
  const keptBack = '1 there is kept back for a while, for the host that had it last';
  t.deepEqual([refused.status, refused.body.details], [507, `No available IP. Network net: ${reason} (${keptBack}).`]);
  t.is(await second.allocate('x', 'h1'), '10.0.0.0');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a late request to release does not take the address from whoever got it meanwhile', async t => {
  const {etcd, a, b} = await startPair(t);
  for (const number of [1, 2]) await a.hosts.add(newHost(number));
  const again =
    /^10\.111\.0\.0 was released and given out again \(10\.111\.0\.0 to y on host h2\) while this request was on its way; repeat it if that one is meant\.$/;

  await a.allocate('x', 'h1');
  await b.ledger.sync();
  // Between the moment in which a decided and the one in which etcd is told.
  a.beforeCommit = once(async () => {
    await b.addresses.release('x');
    await b.allocate('y', 'h2');
  });
  await t.throwsAsync(a.addresses.release('10.111.0.0'), {code: 'ERR_CONFLICT', message: again});
  a.beforeCommit = async () => undefined;
  t.is(a.ledger.index.addressesNamed('y')[0]?.ip, '10.111.0.0' as never);
  await a.addresses.release('10.111.0.0');
  t.is(a.ledger.tables.addresses.size, 0, 'repeated, it is meant');

  // The same within one daemon: three requests in the order in which they came.
  await a.allocate('x', 'h1');
  const [first, given, late] = await Promise.allSettled([
    a.addresses.release('10.111.0.0'),
    a.allocate('y', 'h2'),
    a.addresses.release('10.111.0.0'),
  ]);
  t.deepEqual([first.status, given], ['fulfilled', {status: 'fulfilled', value: '10.111.0.0'}]);
  t.like(late, {status: 'rejected', reason: {code: 'ERR_CONFLICT'}});
  t.regex(late.status === 'rejected' ? late.reason.message : '', again);

  // By name: the same name, again, is another address.
  await a.allocate('z', 'h1');
  const byName = await Promise.allSettled([a.addresses.release('z'), a.allocate('z', 'h1'), a.addresses.release('z')]);
  t.deepEqual(
    byName.map(({status}) => status),
    ['fulfilled', 'fulfilled', 'rejected'],
  );
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a host that is removed, and comes again in that moment, stays', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  await a.allocate('x', 'h1');
  await b.ledger.sync();
  let steps = 0;
  a.beforeCommit = async () => {
    steps += 1;
    if (steps !== 2) return;
    await b.hosts.remove('h1');
    await b.hosts.add(newHost(1));
    await b.allocate('y', 'h1');
  };
  await t.throwsAsync(a.hosts.remove('h1'), {
    code: 'ERR_CONFLICT',
    message: 'Host h1 was removed and added again, or undrained, while this request was on its way; repeat it if that one is meant.',
  });
  t.like(a.ledger.tables.hosts.get('h1')?.value, {drained: false});
  t.is(a.ledger.index.addressesNamed('y')[0]?.ip, '10.111.0.0' as never);
  t.deepEqual(await findBrokenPromises(etcd), []);
});
