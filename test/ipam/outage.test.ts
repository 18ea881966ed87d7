import anyTest from 'ava';
import {romana} from '../cli/romana.ts';
import {startDaemon} from '../helpers/daemon.ts';
import {startEtcd} from '../helpers/etcd.ts';
import {findBrokenPromises, startSystem} from '../helpers/ipam.ts';
import {waitFor} from '../helpers/wait.ts';

// One system at a time: each is an etcd and a daemon.
const test = anyTest.serial;

test('while etcd is away reads are answered from memory and writes are put off; afterwards all is well', async t => {
  const {daemon, etcd} = await startSystem(t, {hosts: ['h1']});
  const ip = await daemon.allocate('a', 'h1');
  await etcd.kill();
  await waitFor('the daemon has noticed', async () => (await daemon.get('/readyz')).status === 503);
  t.is((await daemon.get('/healthz')).status, 200);
  const writes = [
    ['POST', '/address', {name: 'b', host: 'h1'}],
    ['POST', '/address', {name: 'a', host: 'h1'}],
    ['DELETE', '/address?addressName=a', undefined],
    ['POST', '/hosts', {name: 'h2', ip: '192.168.0.2'}],
    ['PATCH', '/hosts/h1', {drained: true}],
    ['DELETE', '/hosts/h1', undefined],
    ['POST', '/topology', {networks: [], topologies: []}],
  ] as const;
  for (const [method, path, body] of writes) {
    const answer = await daemon.request(method, path, body);
    t.is(answer.status, 503, `${method} ${path}`);
    t.regex(answer.headers.get('retry-after') ?? '', /^\d+$/);
    t.like(answer.body, {status_code: 503});
  }
  for (const path of ['/addresses', '/addresses/a', '/hosts', '/hosts/h1', '/blocks', '/networks', '/topology']) {
    const answer = await daemon.get(path);
    t.is(answer.status, 200, path);
    t.true(Number(answer.headers.get('romana-state-age')) >= 0 && answer.headers.has('romana-state-age'), path);
  }
  t.is((await daemon.get('/addresses/a')).body[0].ip, ip);
  const listed = await romana(['-r', daemon.url, 'host', 'list']);
  t.regex(listed.stdout, /h1/);
  t.regex(listed.stderr, /^romana: http:\S+ is out of touch with its store: this is what it knew \d+\.\d s ago\n$/);
  const age = Number((await daemon.get('/hosts')).headers.get('romana-state-age'));
  await waitFor('the age grows', async () => Number((await daemon.get('/hosts')).headers.get('romana-state-age')) > age);
  t.regex((await daemon.get('/metrics')).body, /^romana_state_age_seconds [0-9.]*[1-9]/m);

  await etcd.restart();
  await waitFor('the daemon is ready again', async () => (await daemon.get('/readyz')).status === 200, 10_000);
  t.is((await daemon.get('/hosts')).headers.get('romana-state-age'), null);
  t.is((await daemon.get('/addresses/a')).body[0].ip, ip);
  t.is((await daemon.post('/address', {name: 'b', host: 'h1'})).status, 200);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('while etcd hangs no request waits long, however many there are', async t => {
  const {daemon, etcd} = await startSystem(t, {hosts: ['h1']});
  etcd.pause();
  const start = Date.now();
  const asking = Promise.all(Array.from({length: 20}, (_, n) => daemon.post('/address', {name: `n${n}`, host: 'h1'})));
  // The connection alone would tell after 10 s at the earliest.
  await waitFor('the daemon has noticed', async () => (await daemon.get('/readyz')).status === 503, 9000);
  t.regex((await daemon.get('/hosts')).headers.get('romana-state-age') ?? '', /^\d+\.\d$/);
  const answers = await asking;
  t.deepEqual([...new Set(answers.map(({status}) => status))], [503]);
  t.true(Date.now() - start < 15_000, `${Date.now() - start} ms`);
  t.is((await daemon.get('/hosts')).status, 200);
  etcd.resume();
  await waitFor('addresses are given again', async () =>
    [200, 409].includes((await daemon.post('/address', {name: 'x', host: 'h1'})).status),
  );
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a daemon that has never reached etcd says so, knows nothing, and starts by itself once etcd is there', async t => {
  const etcd = await startEtcd(t);
  await etcd.kill();
  const daemon = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint], {isReady: false});
  t.is((await daemon.get('/healthz')).status, 200);
  t.is((await daemon.get('/readyz')).status, 503);
  for (const path of ['/hosts', '/topology', '/addresses/a', '/blocks']) t.is((await daemon.get(path)).status, 503, path);
  t.is((await daemon.post('/address', {name: 'a', host: 'h1'})).status, 503);
  await etcd.restart();
  await waitFor('the daemon is ready', async () => (await daemon.get('/readyz')).status === 200);
  t.is((await daemon.get('/hosts')).status, 200);
  t.is(await daemon.stop(), 0);
});
