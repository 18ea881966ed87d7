import test from 'ava';
import {StoreError} from '../../src/store/store.ts';
import {startEtcd} from '../helpers/etcd.ts';
import {put} from '../helpers/store.ts';
import {waitFor} from '../helpers/wait.ts';

// 2^63-1, the highest that etcd takes: a number that JavaScript's own cannot hold.
const id = '9223372036854775807';

test('a key that is put with a lease goes when the lease ends, and not while it is kept alive', async t => {
  const store = (await startEtcd(t)).openStore();
  const {leases} = store;
  t.is(await leases.grant(id, 2), 2);
  const {revision} = await store.commit({conditions: [], operations: [{put: '/romana/a', value: 'x', lease: id}]});
  await put(store, '/romana/b', 'without');
  t.deepEqual(await store.get('/romana/a'), {key: '/romana/a', value: 'x', modRevision: revision, lease: id});
  t.is((await store.get('/romana/b'))?.lease, undefined);
  t.is((await store.list('/romana/')).entries[0]?.lease, id);

  const end = performance.now() + 4000;
  while (performance.now() < end) {
    t.is(await leases.keepAlive(id, 1000), 2);
    t.is((await store.get('/romana/a'))?.value, 'x');
  }
  await waitFor('the key is gone', async () => (await store.get('/romana/a')) === undefined);
  t.is(await leases.keepAlive(id, 1000), 0);
  t.is((await store.get('/romana/b'))?.value, 'without');
});

test('a lease that is given back takes its keys along at once, and what asks for one that has ended is refused', async t => {
  const store = (await startEtcd(t)).openStore();
  const {leases} = store;
  t.is(await leases.grant('17', 600), 600);
  await t.throwsAsync(leases.grant('17', 600), {instanceOf: StoreError, message: /get a lease from etcd/});
  await store.commit({conditions: [], operations: [{put: '/romana/a', value: 'x', lease: '17'}]});
  await leases.revoke('17');
  t.is(await store.get('/romana/a'), undefined);
  t.is(await leases.keepAlive('17', 1000), 0);
  await leases.revoke('17');
  const refused = store.commit({conditions: [], operations: [{put: '/romana/a', value: 'x', lease: '17'}]});
  const error = await t.throwsAsync(refused, {instanceOf: StoreError, message: /: the lease has ended$/});
  t.notRegex(error?.message ?? '', /answer not known/);
  t.is(await store.get('/romana/a'), undefined);
});

test('etcd gives no lease that is shorter than its elections take, and says how long it is', async t => {
  const store = (await startEtcd(t, {args: ['--heartbeat-interval=300', '--election-timeout=3000']})).openStore();
  t.is(await store.leases.grant('3', 2), 5);
});

test('an etcd that hangs is not waited for beyond the limit, and a lease outlives its restart', async t => {
  const etcd = await startEtcd(t);
  const {leases} = etcd.openStore();
  await leases.grant('5', 600);
  etcd.pause();
  await t.throwsAsync(leases.keepAlive('5', 300), {instanceOf: StoreError, message: /cannot renew a lease at etcd at .*no answer within/});
  etcd.resume();
  await etcd.kill();
  await t.throwsAsync(leases.keepAlive('5', 300), {instanceOf: StoreError});
  await etcd.restart();
  t.is(await waitFor('etcd answers', () => leases.keepAlive('5', 1000).catch(() => undefined)), 600);
});
