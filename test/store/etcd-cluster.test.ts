import anyTest, {type ExecutionContext} from 'ava';
import {StoreError} from '../../src/store/store.ts';
import {startCluster, type TestCluster} from '../helpers/etcd-cluster.ts';
import {findLostWrites, follow, put, startWrites, type TestWrites} from '../helpers/store.ts';
import {waitFor} from '../helpers/wait.ts';

// One cluster at a time: each is three processes that have to keep up with each other.
const test = anyTest.serial;

const deadlineMs = 1500;
// The rest is for a busy machine.
const longestMs = deadlineMs + 5000;

/** A cluster of three, a client with a watch, and another one that writes without end. */
async function startBusyCluster(t: ExecutionContext) {
  const cluster = await startCluster(t);
  const store = cluster.openStore({deadlineMs, probeMs: 300});
  const {revision} = await put(cluster.openStore(), '/romana/start', '');
  const watched = await follow(t, store, revision + 1);
  const writes = startWrites(t, cluster.openStore({deadlineMs}));
  await goesOn(writes, watched);
  return {cluster, store, watched, writes};
}

/** Waits until new writes are acknowledged, and told. */
async function goesOn(writes: TestWrites, {events}: {events: readonly {key: string}[]}) {
  const [written, told] = [writes.acknowledged.length, events.length];
  await waitFor('writes are acknowledged', () => writes.acknowledged.length >= written + 20);
  await waitFor('the watch tells of them', () => events.length >= told + 20);
}

async function endsWhole(t: ExecutionContext, cluster: TestCluster, writes: TestWrites, {events}: Awaited<ReturnType<typeof follow>>) {
  await writes.stop();
  const reader = cluster.openStore();
  await waitFor('a last write is acknowledged', () => put(reader, '/romana/end', '').catch(() => undefined));
  await waitFor('the watch has told all', () => events.at(-1)?.key === '/romana/end');
  t.deepEqual(await findLostWrites(reader, writes, events), []);
  t.true(writes.longestMs < longestMs, `a write took ${writes.longestMs} ms`);
}

test('a leader that is killed is replaced, and nothing is lost', async t => {
  const {cluster, watched, writes} = await startBusyCluster(t);
  const {leader} = await cluster.roles();
  await leader.kill();
  await goesOn(writes, watched);
  await endsWhole(t, cluster, writes, watched);
});

test('members that are restarted one after the other, and leaders that are moved, lose nothing', async t => {
  const {cluster, watched, writes} = await startBusyCluster(t);
  for (const member of cluster.members) {
    await member.kill();
    await goesOn(writes, watched);
    member.start();
    await member.ready();
    await goesOn(writes, watched);
    await cluster.moveLeader(member);
    await goesOn(writes, watched);
  }
  await endsWhole(t, cluster, writes, watched);
});

test('without most of the members writes and reads end in time with a reason, the watch says that it is out of touch, and all goes on once they are back', async t => {
  const {cluster, store, watched, writes} = await startBusyCluster(t);
  const {followers} = await cluster.roles();
  for (const member of followers) await member.kill();
  await waitFor('the watch is out of touch', () => watched.states.at(-1) === 'disconnected');
  const start = Date.now();
  await t.throwsAsync(store.get('/romana/start'), {instanceOf: StoreError, message: /^cannot read from etcd at http/});
  await t.throwsAsync(put(store, '/romana/other', ''), {
    instanceOf: StoreError,
    message: /no leader|no answer within|not get it done|timed out/,
  });
  t.true(Date.now() - start < 2 * longestMs);
  t.is(watched.states.at(-1), 'disconnected', 'a member alone cannot say that nothing was missed');
  for (const member of followers) member.start();
  await goesOn(writes, watched);
  await waitFor('the watch is in touch', () => watched.states.at(-1) === 'connected');
  await endsWhole(t, cluster, writes, watched);
});

test('a member that hangs is left for the others, by reads, writes and watches', async t => {
  const {cluster, store, watched, writes} = await startBusyCluster(t);
  const {leader, followers} = await cluster.roles();
  for (const member of [...followers, leader]) {
    member.pause();
    await goesOn(writes, watched);
    t.is((await waitFor('a read is answered', () => store.get('/romana/start').catch(() => undefined)))?.value, '');
    member.resume();
    await goesOn(writes, watched);
  }
  await endsWhole(t, cluster, writes, watched);
});
