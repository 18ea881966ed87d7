import test from 'ava';
import {createEtcdStore} from '../../src/store/etcd.ts';
import {type Condition, StoreError} from '../../src/store/store.ts';
import {freePort, startEtcd} from '../helpers/etcd.ts';
import {startLink} from '../helpers/link.ts';
import {follow, put, putMany} from '../helpers/store.ts';
import {waitFor} from '../helpers/wait.ts';

test('a key is written, read, listed and deleted', async t => {
  const store = (await startEtcd(t)).openStore();
  t.is(await store.get('/romana/a'), undefined);
  const {succeeded, revision} = await put(store, '/romana/a', 'one');
  t.true(succeeded);
  t.deepEqual(await store.get('/romana/a'), {key: '/romana/a', value: 'one', modRevision: revision});
  await put(store, '/romanb', 'a neighbour');
  t.deepEqual(await store.list('/romana/'), {revision: revision + 1, entries: [{key: '/romana/a', value: 'one', modRevision: revision}]});
  await store.commit({conditions: [], operations: [{delete: '/romana/a'}]});
  t.is(await store.get('/romana/a'), undefined);
  t.deepEqual((await store.list('/romana/')).entries, []);
});

test('a listing of several pages is whole and as of one revision', async t => {
  const store = (await startEtcd(t)).openStore();
  const keys = Array.from({length: 5100}, (_, index) => `/romana/keys/${String(index).padStart(5, '0')}`);
  await putMany(store, keys);
  const {entries, revision} = await store.list('/romana/');
  t.deepEqual(
    entries.map(({key}) => key),
    keys,
  );
  t.true(entries.every(({modRevision}) => modRevision <= revision));
});

test('a transaction is done only if all its conditions hold', async t => {
  const store = (await startEtcd(t)).openStore();
  const {revision: first} = await put(store, '/romana/b/1', 'x');
  const {revision: second} = await put(store, '/romana/b/3', 'x');
  const all = {from: '/romana/b/1', to: '/romana/b/3'};
  const none = {from: '/romana/c/1', to: '/romana/c/9'};
  const cases: [string, boolean, Condition[]][] = [
    ['no condition', true, []],
    ['a key with its revision', true, [{key: '/romana/b/1', modRevision: first}]],
    ['a key with another revision', false, [{key: '/romana/b/1', modRevision: second}]],
    ['a key that must not exist, and does not', true, [{key: '/romana/b/2', modRevision: 0}]],
    ['a key that must not exist, and does', false, [{key: '/romana/b/1', modRevision: 0}]],
    ['a key that must exist, and does not', false, [{key: '/romana/b/2', modRevision: first}]],
    ['an empty range that must be empty', true, [{...none, unchangedSince: 0}]],
    ['an empty range that must be unchanged', true, [{...none, unchangedSince: first}]],
    ['a range with keys that must be empty', false, [{...all, unchangedSince: 0}]],
    ['a range that is unchanged', true, [{...all, unchangedSince: second}]],
    ['a range whose last key is younger', false, [{...all, unchangedSince: first}]],
    ['a range that ends before the younger key', true, [{from: '/romana/b/1', to: '/romana/b/2', unchangedSince: first}]],
    ['a range of one key', false, [{from: '/romana/b/3', to: '/romana/b/3', unchangedSince: first}]],
    [
      'one of two that holds',
      false,
      [
        {key: '/romana/b/1', modRevision: first},
        {...all, unchangedSince: 0},
      ],
    ],
  ];
  for (const [what, expected, conditions] of cases) {
    const target = `/romana/done/${what}`;
    const {succeeded} = await store.commit({conditions, operations: [{put: target, value: ''}]});
    t.is(succeeded, expected, what);
    t.is((await store.get(target)) !== undefined, expected, `${what}: written`);
  }
  await store.commit({conditions: [], operations: [{delete: '/romana/b/3'}]});
  const {succeeded} = await store.commit({conditions: [{...all, unchangedSince: first}], operations: []});
  t.true(succeeded, 'a key that was deleted does not count');
});

test('a watch tells every change in order, deletions too, each revision whole', async t => {
  const store = (await startEtcd(t)).openStore();
  const {revision} = await put(store, '/romana/before', '');
  const {events, revisions} = await follow(t, store, revision + 1);
  await put(store, '/romana/a', '1');
  await put(store, '/elsewhere', '1');
  await store.commit({
    conditions: [],
    operations: [
      {put: '/romana/a', value: '2'},
      {put: '/romana/b', value: '1'},
    ],
  });
  await store.commit({conditions: [], operations: [{delete: '/romana/a'}]});
  await waitFor('all events came', () => events.length >= 4);
  t.deepEqual(events, [
    {key: '/romana/a', modRevision: revision + 1, value: '1'},
    {key: '/romana/a', modRevision: revision + 3, value: '2'},
    {key: '/romana/b', modRevision: revision + 3, value: '1'},
    {key: '/romana/a', modRevision: revision + 4},
  ]);
  t.is(revisions.at(-1), revision + 4);
});

test('a watch goes on after etcd was killed and started again, and loses nothing', async t => {
  const etcd = await startEtcd(t);
  const store = etcd.openStore();
  const other = etcd.openStore();
  const {revision} = await put(store, '/romana/start', '');
  const {events, states} = await follow(t, store, revision + 1);
  const written: string[] = [];
  for (let round = 0; round < 3; round++) {
    await etcd.kill();
    await waitFor('the watch is broken', () => states.at(-1) === 'disconnected');
    await t.throwsAsync(put(other, '/romana/lost', ''), {instanceOf: StoreError});
    await etcd.restart();
    const keys = Array.from({length: 50}, (_, index) => `/romana/${round}/${String(index).padStart(2, '0')}`);
    for (const key of keys) await waitFor('etcd takes a write', () => put(other, key, '').then(Boolean, () => false));
    written.push(...keys);
    await waitFor('all events came', () => events.length >= written.length);
  }
  t.deepEqual(
    events.map(({key}) => key),
    written,
  );
});

test('a watch whose connection breaks before it has caught up loses nothing', async t => {
  const etcd = await startEtcd(t);
  const writer = etcd.openStore();
  const link = await startLink(t, Number(new URL(etcd.endpoint).port));
  const store = createEtcdStore({endpoints: [`http://127.0.0.1:${link.port}`]});
  t.teardown(() => store.close());
  const {revision} = await put(writer, '/romana/start', '');
  const {events, states} = await follow(t, store, revision + 1);
  await waitFor('the watch stands', () => states.includes('connected'));
  link.isOpen = false;
  link.cut();
  const large = 'x'.repeat(100_000);
  for (let index = 0; index < 10; index++) await put(writer, `/romana/${index}`, large);
  // Etcd says that the watch stands, and sends what it has missed in one message, which the first three connections cannot carry.
  link.cutsAfterBytes = [50_000, 50_000, 50_000];
  link.isOpen = true;
  await waitFor('all events came', () => events.length >= 10);
  t.is(link.cutsAfterBytes.length, 0);
  t.deepEqual(
    events.map(({key}) => key),
    Array.from({length: 10}, (_, index) => `/romana/${index}`),
  );
});

test('a watch from a revision that is compacted away ends as lost', async t => {
  const etcd = await startEtcd(t);
  const store = etcd.openStore();
  await putMany(store, ['/romana/a', '/romana/b', '/romana/c']);
  const {revision} = await put(store, '/romana/d', '');
  await etcd.compact(revision);
  const {states} = await follow(t, store, 1);
  await waitFor('the watch is lost', () => states.includes('lost'));
  t.pass();
});

test('a watch on an etcd that came back at an earlier revision ends as lost', async t => {
  const etcd = await startEtcd(t);
  const store = etcd.openStore({probeMs: 100});
  for (let index = 0; index < 10; index++) await put(store, `/romana/${index}`, '');
  const {events, states} = await follow(t, store, 1);
  await waitFor('all events came', () => events.length === 10);
  await etcd.kill();
  await etcd.restart({isEmpty: true});
  await waitFor('the watch is lost', () => states.at(-1) === 'lost');
  t.is((await store.list('/romana/')).entries.length, 0);
});

test('requests to an etcd that hangs end with StoreError, and work again when it goes on', async t => {
  const etcd = await startEtcd(t);
  const store = createEtcdStore({endpoints: [etcd.endpoint], deadlineMs: 300});
  t.teardown(() => store.close());
  const {revision} = await put(etcd.openStore(), '/romana/a', '1');
  const {events, states} = await follow(t, store, revision + 1);
  await waitFor('the watch stands', () => states.at(-1) === 'connected');
  etcd.pause();
  const start = Date.now();
  await t.throwsAsync(store.get('/romana/a'), {instanceOf: StoreError, message: /^cannot read from etcd at http/});
  await t.throwsAsync(store.list('/romana/'), {instanceOf: StoreError});
  await t.throwsAsync(put(store, '/romana/b', '1'), {instanceOf: StoreError});
  t.true(Date.now() - start < 10_000);
  etcd.resume();
  await waitFor('etcd takes a write', () => put(store, '/romana/c', '1').then(Boolean, () => false));
  await waitFor('the watch shows it', () => events.some(({key}) => key === '/romana/c'));
  t.is((await waitFor('etcd answers', () => store.get('/romana/c').catch(() => undefined))).value, '1');
});

test('a member that is down does not fail the requests that another can answer', async t => {
  const etcd = await startEtcd(t);
  const store = createEtcdStore({endpoints: [`http://127.0.0.1:${await freePort()}`, etcd.endpoint]});
  t.teardown(() => store.close());
  for (let index = 0; index < 30; index++) await put(store, `/romana/${index}`, '');
  t.is((await store.list('/romana/')).entries.length, 30);
  const {events} = await follow(t, store, 1);
  await waitFor('the watch stands', () => events.length === 30);
});
