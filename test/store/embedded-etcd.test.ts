import {readFile} from 'node:fs/promises';
import test, {type ExecutionContext} from 'ava';
import {createRun} from '../../src/system/run.ts';
import {startDaemon, startRomana} from '../helpers/daemon.ts';
import {startEtcd} from '../helpers/etcd.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {waitFor} from '../helpers/wait.ts';

const topology = {networks: [{name: 'net', cidr: '10.0.0.0/24'}], topologies: [{networks: ['net'], map: []}]};

test('a daemon starts its own etcd, writes where it is, and ends it', async t => {
  const folder = await etcdFolder(t);
  const daemon = await startWithEtcd(t, folder);
  const endpoint = (await readFile(`${folder}/endpoint`, 'utf8')).trim();
  t.regex(endpoint, /^http:\/\/127\.0\.0\.1:\d+$/);
  t.true((await fetch(`${endpoint}/health`)).ok);
  t.like(
    daemon.log.find(({msg}) => msg === 'embedded etcd is running'),
    {endpoint},
  );
  const pid = await etcdPid(folder);
  t.is(await daemon.stop(), 0);
  t.false(isAlive(pid));
});

test('an etcd that was killed is started again, and nothing is lost', async t => {
  const folder = await etcdFolder(t);
  const daemon = await startWithEtcd(t, folder);
  t.is((await daemon.post('/topology', topology)).status, 200);
  for (let round = 0; round < 2; round++) {
    const pid = await etcdPid(folder);
    process.kill(pid, 'SIGKILL');
    await waitFor('another etcd runs', async () => (await etcdPid(folder)) !== pid);
    await waitFor('the daemon is ready', async () => (await daemon.get('/readyz')).status === 200);
    await waitFor('a host can be added', async () => {
      const {status} = await daemon.post('/hosts', {name: `h${round}`, ip: `192.168.0.${round + 1}`});
      return status === 200 || status === 409;
    });
  }
  t.is((await daemon.get('/hosts')).body.hosts.length, 2);
  t.is(await daemon.stop(), 0);
});

test('after the whole daemon was killed, a new one on the same folder goes on where it was', async t => {
  const folder = await etcdFolder(t);
  const first = await startWithEtcd(t, folder);
  await first.post('/topology', topology);
  await first.post('/hosts', {name: 'h1', ip: '192.168.0.1'});
  const ip = await first.allocate('a', 'h1');
  await first.kill();
  t.true(isAlive(await etcdPid(folder)), 'its etcd is left running');
  const start = Date.now();
  const second = await startWithEtcd(t, folder);
  t.true(Date.now() - start < 30_000);
  t.is((await second.get('/addresses/a')).body[0].ip, ip);
  t.is((await second.post('/address', {name: 'a', host: 'h1'})).status, 409);
  t.is(await second.stop(), 0);
});

test('a second daemon on the same folder is refused', async t => {
  const folder = await etcdFolder(t);
  const first = await startWithEtcd(t, folder);
  const second = startRomana(t, ['daemon', '--listen', '127.0.0.1:0', '--embedded-etcd', folder, '--embedded-etcd-port', '0']);
  t.is(await second.exitCode, 1);
  t.regex(
    second.stderr,
    new RegExp(`^romana: cannot start etcd in ${folder}: the daemon with pid ${first.pid} runs it; .*--etcd-endpoints`),
  );
  t.is((await first.get('/readyz')).status, 200);
  t.is(await first.stop(), 0);
});

test('a daemon whose port is taken says so and ends, its etcd too', async t => {
  const folder = await etcdFolder(t);
  const daemon = await startWithEtcd(t, folder);
  const other = `${folder}-2`;
  const {port} = new URL(daemon.url);
  const second = startRomana(t, ['daemon', '--listen', `127.0.0.1:${port}`, '--embedded-etcd', other, '--embedded-etcd-port', '0']);
  t.teardown(() => endEtcd(other));
  t.is(await second.exitCode, 1);
  t.regex(second.stderr, /EADDRINUSE/);
  t.false(isAlive(await etcdPid(other)));
  t.is(await daemon.stop(), 0);
});

test('a daemon does not take the etcd of somebody else for its own', async t => {
  const {endpoint} = await startEtcd(t);
  const folder = await temporaryFolder(t);
  const port = new URL(endpoint).port;
  const run = createRun();
  const error = await t.throwsAsync(
    run('bin/romana', ['daemon', '--listen', '127.0.0.1:0', '--embedded-etcd', folder, '--embedded-etcd-port', port]),
  );
  t.regex(error?.message ?? '', new RegExp(`cannot start etcd on port ${port}.*EADDRINUSE`));
});

test('a daemon that is told to stop while it starts does so', async t => {
  const folder = await etcdFolder(t);
  const program = startRomana(t, ['daemon', '--listen', '127.0.0.1:0', '--embedded-etcd', folder, '--embedded-etcd-port', '0']);
  await waitFor('etcd was started', () => etcdPid(folder).catch(() => undefined));
  program.kill('SIGTERM');
  t.is(await program.exitCode, 0);
  t.false(isAlive(await etcdPid(folder)));
});

/** A folder for an etcd, which is ended with the test even if the daemon was killed. */
async function etcdFolder(t: ExecutionContext): Promise<string> {
  const folder = `${await temporaryFolder(t)}/etcd`;
  t.teardown(() => endEtcd(folder));
  return folder;
}

function startWithEtcd(t: ExecutionContext, folder: string) {
  return startDaemon(t, ['--embedded-etcd', folder, '--embedded-etcd-port', '0']);
}

async function etcdPid(folder: string): Promise<number> {
  return Number(await readFile(`${folder}/etcd.pid`, 'utf8'));
}

async function endEtcd(folder: string): Promise<void> {
  const pid = await etcdPid(folder).catch(() => 0);
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (!commandLine.includes(`--data-dir=${folder}/data`)) return;
  process.kill(pid, 'SIGKILL');
  await waitFor('etcd is gone', () => !isAlive(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
