import test from 'ava';
import {romana, startFakeDaemon} from './romana.ts';

const session = {
  name: 'tor',
  proto: 'BGP',
  state: 'up',
  up: true,
  since: '10:00:00',
  info: 'Established',
  imported: 1,
  exported: 3,
  filtered: 0,
};
const bird = {
  running: true,
  accepted_at: '2026-11-21T10:00:00.000Z',
  accepted_age_seconds: 600,
  stale: false,
  warnings: [],
  with_last_good_template: false,
  reloads: {accepted: 1},
  sessions: [session, {...session, name: 'tor2', up: false}, {...session, name: 'bfd1', proto: 'BFD'}],
};
const good = {
  host: 'host-1',
  ip: '192.168.20.30',
  drained: false,
  reported: true,
  at: '2026-11-21T10:10:00.000Z',
  age_seconds: 2.25,
  version: '0.1.0',
  revision: 42,
  addresses: ['192.168.20.30/24'],
  announced: 3,
  bird,
  drivers: [{name: 'bird', wanted: 1}],
};
const reason = `syntax error, unexpected CF_SYM_UNDEFINED ${'and so on '.repeat(10)}`;
const problem = {reason, file: '/etc/romana/bird/publisher.conf', line: 5};
const hosts = [
  good,
  {...good, host: 'host-2', bird: {...bird, stale: true, stale_reason: reason, stale_age_seconds: 900, problem}},
  {...good, host: 'host-3', age_seconds: 600},
  {host: 'host-4', ip: '192.168.20.33', drained: false, reported: false},
  {...good, host: 'host-5', bird: {...bird, running: false, sessions: []}},
  {...good, host: 'host-6', drain: {state: 'draining', since: 'x', with_other_path: 1, prefixes: 3}},
  {...good, host: 'host-7', bird: {...bird, sessions: [{...session, up: false}]}},
  {...good, host: 'host-8', bird: null, drivers: [{name: 'block-routes', wanted: 2, error: 'cannot change routes'}]},
  {...good, host: 'host-9', drained: true, bird: {...bird, warnings: [{}, {}]}},
];
const vips = [
  {name: 'db', ip: '192.168.20.100', hosts: [], holder: 'host-1', since: '2026-11-21T10:00:00.000Z'},
  {name: 'prod/web', ip: 'fd00:20::100', hosts: ['host-8'], holder: ''},
];
const healthy = {'GET /version': {version: '0.1.0'}, 'GET /readyz': {status: 'ok'}, 'GET /vips': []};

test('the whole system in a table', async t => {
  const {port, requests} = await startFakeDaemon(t, {...healthy, 'GET /status': hosts, 'GET /vips': vips});
  const {status, stdout, stderr} = await romana(['-p', String(port), 'status']);
  t.deepEqual([status, stderr], [0, '']);
  t.is(
    stdout,
    `daemon  version 0.1.0, ready
hosts   9: 1 ok, 3 failing, 1 silent, 1 unreported, 1 draining, 1 isolated, 1 drained
vips    2: 1 held, 1 held by no host

HOST    STATE       SESSIONS  PREFIXES  REPORT      BIRD
host-1  ok          1/2       3         2 s ago     accepted 10 min ago
host-2  failing     1/2       3         2 s ago     stale for 15 min: syntax error, unexpected CF_S…
host-3  silent      1/2       3         10 min ago  accepted 10 min ago
host-4  unreported  -         -         -           -
host-5  failing     0/0       3         2 s ago     not running
host-6  draining    1/2       3         2 s ago     1 of 3 have another path; accepted 10 min ago
host-7  isolated    0/1       3         2 s ago     accepted 10 min ago
host-8  failing     -         3         2 s ago     block-routes fails; publishing is off
host-9  drained     1/2       3         2 s ago     accepted 10 min ago; 2 warnings

host-2: bird: syntax error, unexpected CF_SYM_UNDEFINED and so on and so on and so on and so on
    and so on and so on and so on and so on and so on and so on  in /etc/romana/bird/publisher.conf,
    line 5
host-8: block-routes: cannot change routes
VIP prod/web (fd00:20::100): no host holds it
`,
  );
  t.deepEqual(
    stdout.split('\n').filter(line => line.length > 100),
    [],
  );
  t.deepEqual(requests, ['GET /version', 'GET /readyz', 'GET /status', 'GET /vips']);
});

test('as JSON, all that the daemon says; with --host, of one host', async t => {
  const {port, requests} = await startFakeDaemon(t, {...healthy, 'GET /status?host=host-1': [good], 'GET /vips': vips});
  const {status, stdout} = await romana(['-p', String(port), '-f', 'json', 'status', '--host', 'host-1']);
  t.is(status, 0);
  t.deepEqual(JSON.parse(stdout), {daemon: {version: '0.1.0', ready: true}, hosts: [good], vips: vips.slice(0, 1)});
  t.is(requests.at(-2), 'GET /status?host=host-1');
});

test('a daemon whose store is away still answers; one that is away does not', async t => {
  const {port} = await startFakeDaemon(t, {...healthy, 'GET /readyz': [503, {status: 'store is not reachable'}], 'GET /status': []});
  const {status, stdout} = await romana(['-p', String(port), 'status']);
  t.is(status, 0);
  t.regex(stdout, /^daemon {2}version 0\.1\.0, not ready: the store is not reachable, /);
  t.regex(stdout, /^hosts {3}none$/m);
  const gone = await romana(['-p', '1', 'status']);
  t.deepEqual([gone.status, gone.stdout], [1, '']);
  t.regex(gone.stderr, /^romana: GET http:\/\/127\.0\.0\.1:1\/version: /);
});

test('a host that does not exist is an error', async t => {
  const {port} = await startFakeDaemon(t, healthy);
  const {status, stderr} = await romana(['-p', String(port), 'status', '--host', 'nobody']);
  t.is(status, 1);
  t.regex(stderr, /unknown \/status\?host=nobody \(404\)/);
});
