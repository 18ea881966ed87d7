import anyTest from 'ava';
import {reportOf} from '../../src/agent/report.ts';
import {parseAddress} from '../../src/core/prefix.ts';
import {createMirror} from '../../src/store/mirror.ts';
import {systemClock} from '../../src/system/clock.ts';
import {silentLogger} from '../../src/system/log.ts';
import {status as sample} from '../agent/status-sample.ts';
import {startSystem, type TestSystem} from '../helpers/ipam.ts';
import {waitFor} from '../helpers/wait.ts';

// One system at a time: each is an etcd and a daemon.
const test = anyTest.serial;

const warnings = [{guard: 'open-filter', reason: 'imports all', file: '/t/p.conf', line: 3}];
const problem = {reason: 'syntax error', file: '/t/p.conf', line: 5, column: 3, text: 'rejekt'};
const trial = {since: 1000, deadline: 31_000, waitingFor: ['tor']};
const drain = {state: 'draining', since: 1000, deadline: 61_000, withOtherPath: 1, prefixes: 2} as const;

/** Writes what an agent writes: a report and a beat. */
async function report({etcd}: TestSystem, host: string, at: number, status = sample) {
  const operations = [
    {put: etcd.keys.beat(host), value: JSON.stringify({at, revision: 42})},
    {put: etcd.keys.report(host), value: JSON.stringify(reportOf(status))},
  ];
  await etcd.openStore().commit({conditions: [], operations});
}

test('every host with the last report of its agent, or without one', async t => {
  const system = await startSystem(t, {hosts: ['b', 'a']});
  const {daemon} = system;
  t.deepEqual((await daemon.get('/status')).body, [
    {host: 'a', ip: '192.168.0.2', drained: false, reported: false},
    {host: 'b', ip: '192.168.0.1', drained: false, reported: false},
  ]);

  // A clock that is wrong by a year does not make a report old.
  const at = Date.now() - 365 * 86_400_000;
  const bird = {
    ...sample.bird,
    isStale: true,
    staleReason: 'syntax error',
    staleSince: at,
    problem,
    trial,
    warnings,
    reloads: {accepted: 2},
  };
  await report(system, 'a', at, {...sample, bird, drain});
  const shown = await waitFor('the report is seen', async () => {
    const {body} = await daemon.get('/status');
    return body[0].reported && body;
  });
  const {age_seconds, ...first} = shown[0];
  t.true(age_seconds >= 0 && age_seconds < 20, String(age_seconds));
  const {accepted_age_seconds, stale_age_seconds, sessions, ...birdView} = first.bird;
  t.true(stale_age_seconds > 300 * 86_400);
  t.true(accepted_age_seconds > 0);
  t.deepEqual(
    {...first, bird: birdView},
    {
      host: 'a',
      ip: '192.168.0.2',
      drained: false,
      reported: true,
      at: new Date(at).toISOString(),
      version: '0.1.0',
      revision: 42,
      addresses: ['192.168.20.30/24', '2001:db8::30/64'],
      announced: 2,
      drivers: ['rules', 'neighbour-routes', 'block-routes', 'bird'].map((name, index) => ({name, wanted: [2, 3, 2, 2][index]})),
      bird: {
        running: true,
        accepted_at: '1970-01-12T13:36:40.000Z',
        accepted_how: 'configured',
        stale: true,
        stale_reason: 'syntax error',
        stale_since: new Date(at).toISOString(),
        problem,
        trial: {since: '1970-01-01T00:00:01.000Z', deadline: '1970-01-01T00:00:31.000Z', waiting_for: ['tor']},
        warnings,
        with_last_good_template: false,
        reloads: {accepted: 2},
      },
      drain: {
        state: 'draining',
        since: '1970-01-01T00:00:01.000Z',
        deadline: '1970-01-01T00:01:01.000Z',
        with_other_path: 1,
        prefixes: 2,
      },
    },
  );
  t.deepEqual(sessions[0], {
    name: 'tor',
    proto: 'BGP',
    state: 'up',
    up: true,
    since: '10:00:00',
    info: 'Established',
    neighbour: '192.168.20.1',
    neighbour_as: 65001,
    imported: 1,
    exported: 2,
    filtered: 0,
    bfd: 'up',
  });
  t.like(sessions[1], {name: 'tor6', up: false, last_error: 'Socket: Connection refused'});
  t.is(shown[1].reported, false);

  t.deepEqual(
    (await daemon.get('/status?host=b')).body.map(({host}: {host: string}) => host),
    ['b'],
  );
  const unknown = await daemon.get('/status?host=nobody');
  t.is(unknown.status, 404);
  t.is(unknown.body.details, 'A host named "nobody" does not exist.');
  t.is((await daemon.get('/status?rack=r1')).status, 400);
});

test('with the store away, the last known reports with the age of the state', async t => {
  const system = await startSystem(t, {hosts: ['a']});
  const {daemon, etcd} = system;
  await report(system, 'a', Date.now());
  await waitFor('the report is seen', async () => (await daemon.get('/status')).body[0].reported);
  await etcd.kill();
  const answer = await waitFor('the daemon notices', async () => {
    const got = await daemon.get('/status');
    return got.headers.has('romana-state-age') && got;
  });
  t.is(answer.status, 200);
  t.like(answer.body[0], {host: 'a', reported: true, announced: 2});
});

test('a host goes with its report; a report that cannot be read is as none', async t => {
  const system = await startSystem(t, {hosts: ['a', 'b']});
  const {daemon, etcd} = system;
  const store = etcd.openStore();
  for (const host of ['a', 'b']) await report(system, host, Date.now());
  await waitFor('the reports are seen', async () =>
    (await daemon.get('/status')).body.every(({reported}: {reported: boolean}) => reported),
  );
  t.is((await daemon.delete('/hosts/a')).status, 200);
  t.deepEqual(
    (await store.list(etcd.keys.allReports)).entries.map(({key}) => key),
    [etcd.keys.beat('b'), etcd.keys.report('b')],
  );
  await store.commit({conditions: [], operations: [{put: etcd.keys.report('b'), value: '{"announced": "many"}'}]});
  await waitFor('it is logged', () => daemon.log.some(({msg}) => msg === 'report of an agent cannot be read'));
  t.like((await daemon.get('/status')).body[0], {host: 'b', reported: true, announced: 2}, 'the last good one stays');
});

test('who follows the state is not told of reports, nor of keys that only guard others', async t => {
  const system = await startSystem(t, {hosts: ['a']});
  const {etcd, daemon} = system;
  const seen: string[] = [];
  const mirror = createMirror({
    store: etcd.openStore(),
    keys: etcd.keys,
    clock: systemClock,
    log: silentLogger,
    id: 'test',
    listener: {onReset: () => undefined, onEvent: ({key}) => seen.push(key), onRevision: () => undefined},
  });
  const stop = new AbortController();
  const running = mirror.run(stop.signal);
  await waitFor('the mirror has listed', () => mirror.revision > 0);
  seen.length = 0;
  for (let count = 0; count < 20; count += 1) await report(system, 'a', Date.now());
  const ip = await daemon.allocate('x', 'a');
  await mirror.sync();
  stop.abort();
  await running;
  t.true(seen.includes(etcd.keys.address(parseAddress(String(ip)))));
  t.deepEqual(
    seen.filter(key => [etcd.keys.allReports, etcd.keys.allGuards].some(prefix => key.startsWith(prefix))),
    [],
  );
});
