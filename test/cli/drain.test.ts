import {spawn} from 'node:child_process';
import {once} from 'node:events';
import path from 'node:path';
import test from 'ava';
import {waitFor} from '../helpers/wait.ts';
import {romana, startFakeDaemon} from './romana.ts';

const inUse = {
  host: 'host-1',
  ip: '192.168.20.30',
  drained: false,
  reported: true,
  at: '2026-11-21T10:00:00.000Z',
  age_seconds: 0,
  announced: 2,
  bird: {running: true, stale: false},
};
const drain = {state: 'draining', since: '2026-11-21T10:00:00.000Z', deadline: '2026-11-21T10:01:00.000Z', with_other_path: 0, prefixes: 2};
const draining = {...inUse, drained: true, drain};
const half = {...draining, drain: {...drain, with_other_path: 1}};
const drained = {...inUse, drained: true, announced: 0, drain: {...drain, state: 'drained', with_other_path: 2}};
const asked = 'GET /status?host=host-1';

/** A daemon that takes a drain, and gives one status after the other; the last one stays. */
async function startDraining(t: Parameters<typeof startFakeDaemon>[0], statuses: readonly unknown[]) {
  const left = [...statuses];
  const answers = {
    'PATCH /hosts/host-1': '',
    get [asked]() {
      const next = left.length > 1 ? left.shift() : left[0];
      return Array.isArray(next) ? next : [200, [next]];
    },
  };
  return startFakeDaemon(t, answers);
}

test('drain shows what changes until the host is drained', async t => {
  const {url, requests} = await startDraining(t, [inUse, draining, draining, half, drained]);
  const {status, stdout, stderr} = await romana(['-r', url, 'host', 'drain', 'host-1']);
  t.deepEqual([status, stderr], [0, '']);
  t.is(
    stdout,
    `host-1: draining, 0 of 2 prefixes have another path, 60 s left
host-1: draining, 1 of 2 prefixes have another path, 60 s left
host-1: drained, nothing is announced
`,
  );
  t.deepEqual(requests, [asked, 'PATCH /hosts/host-1 {"drained":true}', asked, asked, asked, asked]);
});

test('undrain waits until the host announces again', async t => {
  const {url, requests} = await startDraining(t, [drained, {...drained, drained: false}, inUse]);
  const {status, stdout} = await romana(['-r', url, 'host', 'undrain', 'host-1']);
  t.is(status, 0);
  t.is(stdout, 'host-1: drained, what it has to announce is not live yet\nhost-1: in use, 2 prefixes are announced\n');
  t.is(requests[1], 'PATCH /hosts/host-1 {"drained":false}');
});

test('with -f json only the last report is printed', async t => {
  const {url} = await startDraining(t, [inUse, draining, drained]);
  const {status, stdout} = await romana(['-r', url, '-f', 'json', 'host', 'drain', 'host-1']);
  t.is(status, 0);
  t.deepEqual(JSON.parse(stdout), drained);
});

test('a host without an agent is not waited for; a silent agent makes the status 1', async t => {
  const never = {host: 'host-1', ip: '192.168.20.30', drained: false, reported: false};
  const first = await startDraining(t, [never]);
  const none = await romana(['-r', first.url, 'host', 'drain', 'host-1']);
  t.deepEqual([none.status, none.stdout], [0, 'host-1: drained in the store; its agent has never reported, nothing to wait for\n']);
  const second = await startDraining(t, [{...inUse, age_seconds: 600}]);
  const silent = await romana(['-r', second.url, 'host', 'drain', 'host-1']);
  t.is(silent.status, 1);
  t.regex(silent.stderr, /^romana: host-1: its agent has sent no report for 10 min, /);
  t.is(second.requests[1], 'PATCH /hosts/host-1 {"drained":true}', 'the request itself is made');
});

test('a daemon that is away for a moment does not end the waiting', async t => {
  const {url} = await startDraining(t, [inUse, draining, [503, {details: 'store is away'}], drained]);
  const {status, stdout} = await romana(['-r', url, 'host', 'drain', 'host-1']);
  t.is(status, 0);
  t.regex(stdout, /host-1: drained, nothing is announced\n$/);
});

test('a host that does not exist is an error, and nothing is sent', async t => {
  const {url, requests} = await startDraining(t, [[404, {details: 'unknown host host-1'}]]);
  const {status, stderr} = await romana(['-r', url, 'host', 'drain', 'host-1']);
  t.is(status, 1);
  t.regex(stderr, /unknown host host-1 \(404\)/);
  t.deepEqual(requests, [asked]);
});

test('Ctrl-C ends the waiting, and nothing else', async t => {
  const {url, requests} = await startDraining(t, [inUse, draining]);
  const child = spawn(path.resolve('bin/romana'), ['-r', url, 'host', 'drain', 'host-1'], {stdio: ['ignore', 'pipe', 'pipe']});
  t.teardown(() => child.kill('SIGKILL'));
  const output = {stdout: '', stderr: ''};
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', chunk => {
      output[name] += String(chunk);
    });
  }
  const ended = once(child, 'close');
  await waitFor('it waits', () => output.stdout.includes('draining'));
  child.kill('SIGINT');
  t.deepEqual(await ended, [1, null]);
  t.is(output.stderr, 'romana: not waiting any longer; the agent of host-1 goes on, as the store says that the host is drained\n');
  t.is(requests.filter(request => request.startsWith('PATCH')).length, 1);
});
