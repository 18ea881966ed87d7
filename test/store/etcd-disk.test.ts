import test from 'ava';
import {StoreError} from '../../src/store/store.ts';
import {startEtcd} from '../helpers/etcd.ts';
import {slowDiskTest, slowDown} from '../helpers/slow-disk.ts';
import {findLostWrites, follow, put, startWrites} from '../helpers/store.ts';
import {waitFor} from '../helpers/wait.ts';

test('an etcd that is out of space takes no writes and says what to do; reads and watches go on, and writes after that was done', async t => {
  const etcd = await startEtcd(t, {args: ['--quota-backend-bytes=1000000']});
  const store = etcd.openStore({probeMs: 100});
  const {events, states} = await follow(t, store, 1);
  const large = 'x'.repeat(100_000);
  const outOfSpace = await waitFor('etcd is full', () =>
    put(store, '/romana/large', large).then(
      () => undefined,
      error => error,
    ),
  );
  t.true(outOfSpace instanceof StoreError);
  t.regex(String(outOfSpace), /out of space .*\(alarm NOSPACE\): compact its history, run "etcdctl defrag" .*"etcdctl alarm disarm"/);
  const advice = {instanceOf: StoreError, message: /"etcdctl alarm disarm"/};
  await t.throwsAsync(put(store, '/romana/small', ''), advice);
  t.is((await store.get('/romana/large'))?.value, large);
  const {entries, revision} = await store.list('/romana/');
  t.is(entries.length, 1);
  const looks = await countReads(etcd.endpoint);
  await waitFor('the watch has looked several times', async () => (await countReads(etcd.endpoint)) >= looks + 3);
  t.deepEqual(states, ['connected']);
  t.true((await store.commit({conditions: [], operations: [{delete: '/romana/large'}]})).succeeded, 'what makes room is taken');
  await waitFor('the watch tells of it', () => events.at(-1)?.value === undefined);

  await etcd.ctl('compact', String(revision));
  await etcd.ctl('defrag');
  await t.throwsAsync(put(store, '/romana/small', ''), advice);
  await etcd.ctl('alarm', 'disarm');
  await put(store, '/romana/small', '1');
  await waitFor('the watch tells', () => events.at(-1)?.key === '/romana/small');
  t.is((await store.get('/romana/small'))?.value, '1');
});

slowDiskTest()('on a disk that is too slow requests end in time with a reason, and nothing that was acknowledged is lost', async t => {
  const deadlineMs = 500;
  const etcd = await startEtcd(t);
  const store = etcd.openStore({probeMs: 200});
  const {events} = await follow(t, store, 1);
  const writes = startWrites(t, etcd.openStore({deadlineMs}));
  await waitFor('writes are acknowledged', () => writes.acknowledged.length > 50);
  const disk = await slowDown(t, etcd.pid, 1500);
  await waitFor('writes end without answer', () => writes.failures.length >= 8);
  await disk.stop();
  const {length} = writes.acknowledged;
  await waitFor('writes are acknowledged again', () => writes.acknowledged.length > length + 50);
  await writes.stop();
  for (const failure of writes.failures) {
    t.regex(
      String(failure),
      /^StoreError: cannot write to etcd at http.*: (no answer within|request timed out: .* a disk slow).*\(answer not known: /,
    );
  }
  t.true(writes.longestMs < deadlineMs + 5000, `a write took ${writes.longestMs} ms`);
  await etcd.kill();
  await etcd.restart();
  const {revision} = await waitFor('etcd takes a write', () => put(store, '/romana/end', '').catch(() => undefined));
  await waitFor('the watch has told all', () => events.at(-1)?.modRevision === revision);
  t.deepEqual(await findLostWrites(store, writes, events), []);
});

/** How many reads an etcd has answered. */
async function countReads(endpoint: string): Promise<number> {
  const metrics = await (await fetch(`${endpoint}/metrics`)).text();
  return Number(/^grpc_server_handled_total\{grpc_code="OK",grpc_method="Range".*\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}
