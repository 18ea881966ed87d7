import {readFile} from 'node:fs/promises';
import test, {type ExecutionContext} from 'ava';
import {maxOperations, maxRequestBytes, StoreError} from '../../src/store/store.ts';
import {openStore, startEtcd, type TestEtcd} from '../helpers/etcd.ts';
import {startLink} from '../helpers/link.ts';
import {follow, put} from '../helpers/store.ts';
import {waitFor} from '../helpers/wait.ts';

test('a write whose answer is lost is not sent again, and never said to have failed for what it did itself', async t => {
  const {etcd, link, store} = await startLinked(t);
  const other = etcd.openStore();
  const {revision} = await put(other, '/romana/start', '');
  await store.get('/romana/start');
  for (let round = 1; round <= 5; round++) {
    const key = `/romana/created/${round}`;
    link.holdsAnswers = true;
    const creation = store.commit({conditions: [{key, modRevision: 0}], operations: [{put: key, value: 'mine'}]});
    const refusal = t.throwsAsync(creation, {instanceOf: StoreError, message: /\(answer not known: it may have been done or not\)$/});
    await waitFor('etcd has done it', async () => (await other.get(key)) !== undefined);
    link.holdsAnswers = false;
    link.cut();
    await refusal;
    t.deepEqual(await store.get(key), {key, value: 'mine', modRevision: revision + round}, 'written once');
  }
  t.is((await other.list('/romana/')).revision, revision + 5);
});

test('a read whose answer is lost is asked again', async t => {
  const {etcd, link, store} = await startLinked(t);
  const other = etcd.openStore();
  await put(other, '/romana/a', '1');
  await store.get('/romana/a');
  const reads = await countReads(etcd);
  link.holdsAnswers = true;
  const reading = store.get('/romana/a');
  await waitFor('etcd has answered', async () => (await countReads(etcd)) > reads);
  link.holdsAnswers = false;
  link.cut();
  t.is((await reading)?.value, '1');
});

test('an etcd that was away is asked as soon as it is back: the first request is answered', async t => {
  const etcd = await startEtcd(t);
  const store = etcd.openStore();
  await put(store, '/romana/a', '1');
  for (let round = 0; round < 3; round++) {
    await etcd.kill();
    // The first one may find the connection that was there.
    await t.throwsAsync(put(store, '/romana/a', '2'), {instanceOf: StoreError});
    for (let index = 0; index < 10; index++) {
      await t.throwsAsync(put(store, '/romana/a', '2'), {
        instanceOf: StoreError,
        message: `cannot write to etcd at ${etcd.endpoint}: no connection: connect ECONNREFUSED ${etcd.endpoint.slice(7)}`,
      });
    }
    await etcd.restart();
    t.is((await store.get('/romana/a'))?.value, '1');
    t.true((await put(store, '/romana/a', '1')).succeeded);
  }
});

test('answers of more than 4 MiB come whole, to a listing and to a watch that catches up', async t => {
  const store = (await startEtcd(t)).openStore();
  const large = 'x'.repeat(500_000);
  for (let index = 0; index < 12; index++) await put(store, `/romana/${index}`, large);
  const {entries} = await store.list('/romana/');
  t.is(entries.length, 12);
  t.true(entries.every(({value}) => value === large));
  const {events} = await follow(t, store, 1);
  await waitFor('the watch has caught up', () => events.length === 12);
  t.true(events.every(({value}) => value === large));
});

test('what etcd does not take at once is refused, naming the limit and what was sent', async t => {
  const store = (await startEtcd(t)).openStore();
  const conditions = (count: number) => Array.from({length: count}, (_, index) => ({key: `/romana/${index}`, modRevision: 0}));
  const operations = (count: number) => conditions(count).map(({key}) => ({put: key, value: 'x'}));
  await store.commit({conditions: conditions(maxOperations), operations: operations(maxOperations)});
  const tooMany = {conditions: [], operations: operations(maxOperations + 1)};
  const error = await t.throwsAsync(store.commit(tooMany), {instanceOf: StoreError});
  t.regex(
    error?.message ?? '',
    /: the transaction has 0 conditions and 129 operations with 1\d{3} bytes, and etcd takes 128 of each .*\(--max-txn-ops\)$/,
  );
  await t.throwsAsync(store.commit({conditions: conditions(maxOperations + 1), operations: []}), {
    message: /: the transaction has 129 conditions and/,
  });

  const overhead = 100;
  await put(store, '/romana/large', 'x'.repeat(maxRequestBytes - overhead));
  for (const bytes of [maxRequestBytes, maxRequestBytes + 1_000_000]) {
    const {length} = `/romana/large${'x'.repeat(bytes)}`;
    const message = new RegExp(`: .* 1 operations with ${length} bytes, and etcd takes 1572864 bytes \\(--max-request-bytes\\)`);
    await t.throwsAsync(put(store, '/romana/large', 'x'.repeat(bytes)), {instanceOf: StoreError, message});
  }
  t.is((await store.get('/romana/large'))?.value.length, maxRequestBytes - overhead);
});

test('an etcd that freezes is noticed long before its connection is given up', async t => {
  const etcd = await startEtcd(t);
  const store = etcd.openStore({probeMs: 100, deadlineMs: 300});
  await put(etcd.openStore(), '/romana/a', '1');
  const {events, states} = await follow(t, store, 1);
  await waitFor('the watch stands', () => states.at(-1) === 'connected');
  etcd.pause();
  // The first keepalive goes out after 10 s.
  await waitFor('the watch is out of touch', () => states.at(-1) === 'disconnected', 9000);
  etcd.resume();
  await waitFor('the watch is in touch', () => states.at(-1) === 'connected');
  const {revision} = await waitFor('etcd takes a write', () => put(store, '/romana/b', '1').catch(() => undefined));
  await waitFor('the watch tells', () => events.at(-1)?.modRevision === revision);
  t.false(states.includes('lost'));
});

test('an etcd that hangs is not buried in connections', async t => {
  const etcd = await startEtcd(t);
  const store = etcd.openStore({deadlineMs: 20});
  await waitFor('etcd answers', () =>
    store.get('/romana/a').then(
      () => true,
      () => false,
    ),
  );
  etcd.pause();
  const failures: unknown[] = [];
  while (failures.length < 100) await store.get('/romana/a').catch(error => failures.push(error));
  const connections = await countConnections(Number(new URL(etcd.endpoint).port));
  t.true(connections < 20, `${connections} connections`);
  etcd.resume();
  await waitFor('etcd answers again', () =>
    store.get('/romana/a').then(
      () => true,
      () => false,
    ),
  );
});

test('stores and watches may be closed at any moment', async t => {
  const etcd = await startEtcd(t);
  for (let index = 0; index < 60; index++) {
    const store = etcd.openStore({probeMs: 1});
    const {states} = await follow(t, store, 1);
    const reading = store.get('/romana/a').then(
      () => true,
      () => false,
    );
    if (index % 3 === 0) await reading;
    if (index % 4 === 0) await waitFor('the watch stands', () => states.includes('connected'));
    store.close();
    const {length} = states;
    await reading;
    t.is(states.length, length, 'a watch that is closed says nothing');
  }
});

test('an idle watch stays in touch, and etcd does not hang up for being asked too often', async t => {
  const etcd = await startEtcd(t);
  const store = etcd.openStore({probeMs: 10});
  const {states} = await follow(t, store, 1);
  const reads = await countReads(etcd);
  await waitFor('the watch has looked often', async () => (await countReads(etcd)) >= reads + 50);
  t.deepEqual(states, ['connected']);
});

/** An etcd, and a client of it over a link that can fail. */
async function startLinked(t: ExecutionContext) {
  const etcd = await startEtcd(t);
  const link = await startLink(t, Number(new URL(etcd.endpoint).port));
  return {etcd, link, store: openStore(t, {endpoints: [`http://127.0.0.1:${link.port}`]})};
}

/** How many connections lead to a port of 127.0.0.1, as seen from their near end. */
async function countConnections(port: number): Promise<number> {
  const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n');
  return lines.filter(line => line.trim().split(/\s+/)[2] === remote).length;
}

/** How many reads an etcd has answered. */
async function countReads({endpoint}: TestEtcd): Promise<number> {
  const metrics = await (await fetch(`${endpoint}/metrics`)).text();
  return Number(/^grpc_server_handled_total\{grpc_code="OK",grpc_method="Range".*\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}
