import anyTest from 'ava';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {StoreError} from '../../src/store/store.ts';
import {startDaemon} from '../helpers/daemon.ts';
import {findBrokenPromises, flat, startSystem} from '../helpers/ipam.ts';
import {waitFor} from '../helpers/wait.ts';
import {newHost, startPair} from './in-process.ts';

// Records that no daemon of ours would leave in etcd like that: restored in part, or changed by hand.

// One etcd at a time.
const test = anyTest.serial;

test('a change that can never be done does not keep others from being done', async t => {
  const {etcd, a} = await startPair(t);
  await a.hosts.add(newHost(1));
  await a.allocate('first', 'h1');
  const ip = parseAddress('10.111.0.8');
  const stray = {name: 'stray', ip, block: parsePrefix('10.111.0.8/29'), host: 'h1', tenant: 't', segment: '', allocatedAt: ''};
  // A name without an address, and an address without a block, where the next new block would be.
  const operations = [
    {put: etcd.keys.name('taken', 'ipv4'), value: '10.111.7.7'},
    {put: etcd.keys.address(ip), value: JSON.stringify(stray)},
  ];
  await etcd.openStore().commit({conditions: [], operations});
  await a.ledger.sync();
  const names = Array.from({length: 100}, (_, n) => `n${n}`);
  for (const name of names) await a.allocate(name, 'h1');
  t.true([...a.ledger.tables.addresses.values()].every(({value}) => value.block !== stray.block || value.name === 'stray'));
  const asked = ['taken', ...names].map(name => (name === 'taken' ? a.allocate(name, 'h1') : a.addresses.release(name)));
  const [bad, ...good] = await Promise.allSettled(asked);
  t.like(bad, {status: 'rejected', reason: {code: 'ERR_STORE'}});
  t.deepEqual([...new Set(good.map(({status}) => status))], ['fulfilled']);
  await t.throwsAsync(a.allocate('taken', 'h1'), {instanceOf: StoreError, message: 'other writers were faster 20 times'});
});

test('with a topology that cannot be read, a running daemon goes on with the last good one; one that has none says so, and where', async t => {
  const {etcd, daemon} = await startSystem(t, {hosts: ['h1']});
  const write = (value: string) => etcd.openStore().commit({conditions: [], operations: [{put: etcd.keys.topology, value}]});
  const readValue = async (wanted: string) => (await etcd.dump()).entries.find(({key}) => key === wanted)?.value;
  const good = (await readValue(etcd.keys.topology)) ?? '';
  await write('{"broken');
  await waitFor(
    'the first allocation after it is done',
    async () => (await daemon.post('/address', {name: 'x', host: 'h1'})).status === 200,
  );

  const second = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint], {isReady: false});
  const isToldBy = (text: unknown) =>
    String(text).startsWith(`the value of ${etcd.keys.topology} in etcd cannot be read, correct it there: `);
  await waitFor('the second daemon has read the store', async () => isToldBy((await second.get('/readyz')).body['status']));
  t.is((await second.get('/readyz')).status, 503);
  for (const answer of [
    await second.get('/hosts'),
    await second.get('/topology'),
    await second.post('/topology', flat()),
    await second.post('/address', {name: 'y', host: 'h1'}),
  ]) {
    t.is(answer.status, 503);
    t.true(isToldBy(answer.body['details']), String(answer.body['details']));
  }
  t.not(await readValue(etcd.keys.host('h1')), undefined, 'nothing was cleared away');

  await write(good);
  await waitFor('the second daemon is ready', async () => (await second.get('/readyz')).status === 200);
  t.is((await second.post('/address', {name: 'y', host: 'h1'})).status, 200);
  t.deepEqual(await findBrokenPromises(etcd), []);
});
