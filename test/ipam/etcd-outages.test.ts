import anyTest, {type ExecutionContext} from 'ava';
import {type Answer, startDaemon, type TestDaemon} from '../helpers/daemon.ts';
import {startEtcd, type TestEtcd} from '../helpers/etcd.ts';
import {startCluster} from '../helpers/etcd-cluster.ts';
import {addHost, findBrokenPromises, flat} from '../helpers/ipam.ts';
import {slowDiskTest, slowDown} from '../helpers/slow-disk.ts';
import {waitFor} from '../helpers/wait.ts';

// One system at a time: each is up to three etcds, a daemon, and clients that never stop.
const test = anyTest.serial;

// The store gives a request 3 s, and what waits before it 5 s; the rest is for a busy machine.
const longestMs = 15_000;

test('a daemon on three members goes on when the leader is killed, and when the next one freezes', async t => {
  const cluster = await startCluster(t);
  const {leader} = await cluster.roles();
  const daemon = await startBusyDaemon(t, cluster.endpoints);
  await leader.kill();
  await daemon.goesOn();
  leader.start();
  await leader.ready();
  const {leader: next} = await cluster.roles();
  next.pause();
  await daemon.goesOn();
  await waitFor('the daemon is in touch', async () => (await daemon.get('/readyz')).status === 200);
  next.resume();
  await daemon.endsWhole(cluster);
});

test('a daemon that has lost most members answers from memory and puts writes off; then all goes on', async t => {
  const cluster = await startCluster(t);
  const {followers} = await cluster.roles();
  const daemon = await startBusyDaemon(t, cluster.endpoints);
  for (const member of followers) await member.kill();
  await isAway(t, daemon);
  for (const member of followers) member.start();
  await isBack(t, daemon);
  await daemon.endsWhole(cluster);
});

test('while etcd is out of space writes are put off with advice, and reads are up to date', async t => {
  const etcd = await startEtcd(t, {args: ['--quota-backend-bytes=2000000']});
  const daemon = await startBusyDaemon(t, [etcd.endpoint]);
  const store = etcd.openStore();
  const fill = () => store.commit({conditions: [], operations: [{put: '/filler', value: 'x'.repeat(200_000)}]});
  await waitFor('etcd is full', () =>
    fill().then(
      () => false,
      () => true,
    ),
  );
  const refused = await waitFor('a write is put off', () => daemon.refusals.at(-1));
  t.regex(refused.body.details, /out of space.*"etcdctl alarm disarm"/);
  t.is((await daemon.get('/readyz')).status, 200);
  const read = await daemon.get('/addresses');
  t.is(read.status, 200);
  t.is(read.headers.get('romana-state-age'), null);
  await etcd.ctl('compact', String((await store.list('/filler/')).revision));
  await etcd.ctl('defrag');
  await etcd.ctl('alarm', 'disarm');
  await daemon.goesOn();
  await daemon.endsWhole(etcd);
});

slowDiskTest()('while the disk of etcd is too slow requests end in time', async t => {
  const etcd = await startEtcd(t);
  const daemon = await startBusyDaemon(t, [etcd.endpoint]);
  const disk = await slowDown(t, etcd.pid, 5000);
  await waitFor('a write is put off', () => daemon.refusals.length > 0);
  t.is((await daemon.get('/healthz')).status, 200);
  t.is((await daemon.get('/addresses')).status, 200);
  await disk.stop();
  await daemon.goesOn();
  await daemon.endsWhole(etcd);
});

/** The store is away: what the daemon has to say then. */
async function isAway(t: ExecutionContext, daemon: TestDaemon) {
  // Its connection alone would tell after 10 s at the earliest.
  await waitFor('the daemon has noticed', async () => (await daemon.get('/readyz')).status === 503, 9000);
  t.is((await daemon.get('/healthz')).status, 200);
  const read = await daemon.get('/hosts');
  t.is(read.status, 200);
  t.regex(read.headers.get('romana-state-age') ?? '', /^\d+\.\d$/);
  const start = Date.now();
  const write = await daemon.post('/hosts', {name: 'h9', ip: '192.168.0.9'});
  t.is(write.status, 503);
  t.regex(write.headers.get('retry-after') ?? '', /^\d+$/);
  t.regex(write.body.details, /etcd at http|took more than|has not shown/);
  t.true(Date.now() - start < longestMs);
}

async function isBack(t: ExecutionContext, daemon: Awaited<ReturnType<typeof startBusyDaemon>>) {
  await waitFor('the daemon is in touch', async () => (await daemon.get('/readyz')).status === 200);
  t.is((await daemon.get('/hosts')).headers.get('romana-state-age'), null);
  await daemon.goesOn();
}

/** A daemon with a host, and clients that ask it for addresses, each for another one, until `endsWhole`. */
async function startBusyDaemon(t: ExecutionContext, endpoints: readonly string[]) {
  const daemon = await startDaemon(t, ['--etcd-endpoints', endpoints.join(',')]);
  await daemon.post('/topology', flat());
  await addHost(daemon, 'h1', '192.168.0.1');
  const given = new Map<string, string>();
  const refusals: Answer[] = [];
  let [isOver, slowestMs] = [false, 0];
  const work = async (client: number) => {
    for (let index = 0; !isOver; index++) {
      const name = `c${client}-${index}`;
      const start = Date.now();
      const answer = await daemon.post('/address', {name, host: 'h1', tenant: 't1', segment: ''});
      slowestMs = Math.max(slowestMs, Date.now() - start);
      if (answer.status === 200) given.set(name, answer.body);
      else refusals.push(answer);
      await new Promise(resolve => setTimeout(resolve, answer.status === 200 ? 5 : 50));
    }
  };
  const running = Promise.all([0, 1, 2, 3].map(work));
  const stop = async () => {
    isOver = true;
    await running;
  };
  t.teardown(() => stop().catch(() => undefined));
  return {
    ...daemon,
    refusals,
    async goesOn() {
      const {size} = given;
      await waitFor('addresses are given', () => given.size >= size + 20);
    },
    async endsWhole(etcd: Pick<TestEtcd, 'dump' | 'keys'>) {
      await stop();
      t.true(slowestMs < longestMs, `a request took ${slowestMs} ms`);
      for (const {status, headers, body} of refusals) {
        t.is(status, 503, JSON.stringify(body));
        t.true(headers.has('retry-after'));
      }
      t.deepEqual(await findBrokenPromises(etcd), []);
      const {entries} = await etcd.dump();
      const stored = new Map(
        entries.filter(({key}) => key.startsWith('/romana/addresses/')).map(({value}) => [JSON.parse(value).name, JSON.parse(value).ip]),
      );
      t.deepEqual(
        [...given].filter(([name, ip]) => stored.get(name) !== ip),
        [],
        'each that was given is there',
      );
    },
  };
}
