import test, {type ExecutionContext} from 'ava';
import {createMirror} from '../../src/store/mirror.ts';
import {type Store, StoreError, type WatchEvent, type WatchHandlers} from '../../src/store/store.ts';
import {systemClock} from '../../src/system/clock.ts';
import {silentLogger} from '../../src/system/log.ts';
import {startEtcd, type TestEtcd} from '../helpers/etcd.ts';
import {waitFor} from '../helpers/wait.ts';

test('a mirror shows what was there, and then every change', async t => {
  const etcd = await startEtcd(t);
  const store = etcd.openStore();
  await put(store, '/romana/a', '1');
  const {mirror, copy} = startMirror(t, etcd);
  t.is(mirror.revision, 0);
  t.true(mirror.ageMs > 0, 'nothing is known yet');
  const {revision} = await put(store, '/romana/b', '1');
  await mirror.reached(revision);
  t.deepEqual(copy(), {'/romana/a': '1', '/romana/b': '1'});
  await waitFor('the watch stands', () => mirror.ageMs === 0);
  const {revision: last} = await store.commit({conditions: [], operations: [{delete: '/romana/a'}]});
  await mirror.reached(last);
  t.deepEqual(copy(), {'/romana/b': '1'});
  t.true(mirror.revision >= last);
});

test('sync waits for everything that anyone had written before', async t => {
  const etcd = await startEtcd(t);
  const writer = etcd.openStore();
  const {mirror, copy} = startMirror(t, etcd);
  await waitFor('the first listing', () => mirror.revision > 0);
  for (let index = 0; index < 50; index++) {
    await put(writer, '/romana/counter', String(index));
    await mirror.sync();
    t.is(copy()['/romana/counter'], String(index));
  }
});

test('a revision that does not come is given up after the time, with StoreError', async t => {
  const etcd = await startEtcd(t);
  const {mirror} = startMirror(t, etcd, etcd.openStore(), 100);
  await waitFor('the first listing', () => mirror.revision > 0);
  await t.throwsAsync(mirror.reached(mirror.revision + 1000), {
    instanceOf: StoreError,
    message: /has not shown revision \d+ within 100 ms/,
  });
});

test('a mirror knows how long it is out of touch, and comes back by itself', async t => {
  const etcd = await startEtcd(t);
  const {mirror, copy} = startMirror(t, etcd);
  await waitFor('the watch stands', () => mirror.ageMs === 0);
  await etcd.kill();
  const age = await waitFor('it is out of touch', () => mirror.ageMs);
  await waitFor('its age grows', () => mirror.ageMs > age);
  t.regex(await waitFor('it knows why', () => mirror.fault), /\w/);
  await t.throwsAsync(mirror.sync(), {instanceOf: StoreError});
  await etcd.restart();
  await waitFor('the watch stands again', () => mirror.ageMs === 0);
  t.is(mirror.fault, undefined);
  const store = etcd.openStore();
  const {revision} = await put(store, '/romana/a', '1');
  await mirror.reached(revision);
  t.is(copy()['/romana/a'], '1');
});

test('a mirror whose history was compacted away while it was gone lists anew', async t => {
  const etcd = await startEtcd(t);
  const store = etcd.openStore();
  await put(store, '/romana/old', '1');
  const gate = createGate(etcd.openStore());
  const {mirror, copy, resets} = startMirror(t, etcd, gate.store);
  await waitFor('the watch stands', () => mirror.ageMs === 0);
  gate.isOpen = false;
  gate.lose();
  await store.commit({conditions: [], operations: [{delete: '/romana/old'}]});
  const {revision} = await put(store, '/romana/new', '1');
  await etcd.compact(revision);
  for (const late of gate.lost) {
    late.onConnected();
    late.onEvents([{key: '/romana/late', value: '1', modRevision: revision + 1}], revision + 1);
  }
  t.true(mirror.ageMs > 0, 'a watch that was lost has no say any more');
  t.deepEqual(copy(), {'/romana/old': '1'});
  gate.isOpen = true;
  await mirror.reached(revision);
  t.deepEqual(copy(), {'/romana/new': '1'});
  t.is(resets(), 2);
  await waitFor('the watch stands again', () => mirror.ageMs === 0);
});

test('a mirror sees that the store is another one than before', async t => {
  const [first, second] = [await startEtcd(t), await startEtcd(t)];
  for (let index = 0; index < 20; index++) await put(first.openStore(), '/romana/a', String(index));
  let current = first.openStore();
  const store: Store = {
    get: key => current.get(key),
    list: prefix => current.list(prefix),
    commit: transaction => current.commit(transaction),
    watch: (...args) => current.watch(...args),
    close: () => undefined,
  };
  const {mirror, copy} = startMirror(t, first, store);
  await waitFor('the first listing', () => mirror.revision > 20);
  current = second.openStore();
  await put(current, '/romana/b', 'other');
  await t.throwsAsync(mirror.sync(), {instanceOf: StoreError, message: /^the store was replaced/});
  await waitFor('the other store is shown', () => copy()['/romana/b'] === 'other');
  t.is(copy()['/romana/a'], undefined);
});

test('a mirror ends when it is told to, also while it lists', async t => {
  const etcd = await startEtcd(t);
  const controller = new AbortController();
  const inner = etcd.openStore();
  const store: Store = {
    ...inner,
    async list(prefix) {
      const listing = await inner.list(prefix);
      controller.abort();
      return listing;
    },
  };
  const {running} = startMirror(t, etcd, store, 3000, controller);
  await running;
  t.pass();
});

function put(store: Store, key: string, value: string) {
  return store.commit({conditions: [], operations: [{put: key, value}]});
}

function startMirror(
  t: ExecutionContext,
  {openStore, keys}: TestEtcd,
  store: Store = openStore(),
  timeoutMs = 10_000,
  controller = new AbortController(),
) {
  const entries = new Map<string, string>();
  let resetCount = 0;
  const take = ({key, value}: WatchEvent) => {
    if (value === undefined) entries.delete(key);
    else if (!key.includes('/barriers/')) entries.set(key, value);
  };
  const mirror = createMirror({
    store,
    keys,
    clock: systemClock,
    log: silentLogger,
    id: 'test',
    timeoutMs,
    listener: {
      onReset() {
        resetCount += 1;
        entries.clear();
      },
      onEvent: take,
      onRevision: () => undefined,
    },
  });
  const running = mirror.run(controller.signal);
  t.teardown(async () => {
    controller.abort();
    await running;
  });
  return {mirror, running, copy: () => Object.fromEntries(entries), resets: () => resetCount};
}

/** A store that can be kept from listing, and whose watches can be made to end as compaction ends them. */
function createGate(inner: Store) {
  const watches: WatchHandlers[] = [];
  const gate = {
    isOpen: true,
    lost: [] as WatchHandlers[],
    lose() {
      gate.lost = watches.splice(0);
      for (const handlers of gate.lost) handlers.onLost(new Error('compacted'));
    },
    store: {
      ...inner,
      async list(prefix: string) {
        if (!gate.isOpen) throw new StoreError('closed');
        return inner.list(prefix);
      },
      watch(prefix: string, from: number, handlers: WatchHandlers) {
        watches.push(handlers);
        return inner.watch(prefix, from, handlers);
      },
    },
  };
  return gate;
}
