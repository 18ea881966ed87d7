import test from 'ava';
import {createAgentMetrics} from '../../src/agent/metrics.ts';
import type {AgentStatus} from '../../src/agent/status.ts';
import {InputError} from '../../src/core/errors.ts';
import {status} from './status-sample.ts';

/** The lines of the metrics that begin with one of the names, without the prefix. */
async function lines(metrics: ReturnType<typeof createAgentMetrics>, ...names: readonly string[]): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split('\n').flatMap(line => (names.some(name => line.startsWith(`romana_${name}`)) ? [line.slice('romana_'.length)] : []));
}

test('gauges come from the status', async t => {
  let shown: AgentStatus = status;
  const metrics = createAgentMetrics(async () => shown);
  t.deepEqual((await lines(metrics, 'managed_routes', 'bird_config_stale', 'bird_sessions', 'prefixes', 'state_age')).toSorted(), [
    'bird_config_stale 0',
    'bird_sessions{state="start"} 1',
    'bird_sessions{state="up"} 2',
    'managed_routes 5',
    'prefixes_announced 2',
    'state_age_seconds 0',
  ]);
  shown = {...status, stateAgeSeconds: 12.5, announced: [], pass: undefined, bird: {...status.bird, isStale: true, sessions: []}};
  t.deepEqual((await lines(metrics, 'managed_routes', 'bird_config_stale', 'bird_sessions', 'prefixes', 'state_age')).toSorted(), [
    'bird_config_stale 1',
    'managed_routes 0',
    'prefixes_announced 0',
    'state_age_seconds 12.5',
  ]);
});

test("BIRD's sessions, their routes, BFD, warnings and reloads", async t => {
  const bfdSession = {protocol: 'bfd1', address: '192.0.2.1', state: 'down', since: '', intervalSeconds: 1, timeoutSeconds: 3};
  const bfd = {name: 'bfd1', proto: 'BFD', table: '---', state: 'up', since: '', info: '', channels: [], isUp: true};
  const bird = {
    ...status.bird,
    sessions: [...status.bird.sessions, {...bfd, bfdSessions: [bfdSession, {...bfdSession, state: 'up'}, bfdSession]}],
    trial: {since: 1, deadline: 2, waitingFor: []},
    warnings: [{guard: 'open-filter', reason: 'open'}],
    reloads: {accepted: 3, undone: 1},
  };
  let shown: AgentStatus = {...status, bird};
  const metrics = createAgentMetrics(async () => shown);
  const names = ['bird_session_', 'bird_bfd', 'bird_guard_warnings', 'bird_reloads', 'bird_config_on_trial', 'bird_running'];
  const expected = [
    'bird_bfd_sessions{state="down"} 2',
    'bird_bfd_sessions{state="up"} 1',
    'bird_config_on_trial 1',
    'bird_guard_warnings{guard="open-filter"} 1',
    'bird_reloads_total{result="accepted"} 3',
    'bird_reloads_total{result="undone"} 1',
    'bird_running 1',
    'bird_session_exported_routes{session="fabric",channel="ipv4"} 2',
    'bird_session_exported_routes{session="tor",channel="ipv4"} 2',
    'bird_session_exported_routes{session="tor6",channel="ipv6"} 0',
    'bird_session_filtered_routes{session="fabric",channel="ipv4"} 0',
    'bird_session_filtered_routes{session="tor",channel="ipv4"} 0',
    'bird_session_filtered_routes{session="tor6",channel="ipv6"} 0',
    'bird_session_imported_routes{session="fabric",channel="ipv4"} 4',
    'bird_session_imported_routes{session="tor",channel="ipv4"} 1',
    'bird_session_imported_routes{session="tor6",channel="ipv6"} 0',
    'bird_session_up{session="bfd1",proto="BFD"} 1',
    'bird_session_up{session="fabric",proto="OSPF"} 1',
    'bird_session_up{session="tor",proto="BGP"} 1',
    'bird_session_up{session="tor6",proto="BGP"} 0',
  ];
  t.deepEqual((await lines(metrics, ...names)).toSorted(), expected);
  t.deepEqual((await lines(metrics, ...names)).toSorted(), expected, 'asked again, nothing is counted twice');
  shown = {...status, bird: {...status.bird, isRunning: false, sessions: []}};
  t.deepEqual(await lines(metrics, ...names), ['bird_running 0', 'bird_config_on_trial 0']);
});

test('passes count failures, drift, and what the guards refuse', async t => {
  const metrics = createAgentMetrics(async () => status);
  const bird = (changes: number, more: {error?: unknown; heldBackBy?: string; pending?: string; isDrift?: boolean} = {}) =>
    metrics.pass([{name: 'bird', wanted: 2, changes, ...more}], 0.1);
  const refused = (guard: string, reason: string) => Object.assign(new InputError('ERR_GUARD', reason), {guard});
  bird(2);
  bird(0);
  bird(1, {error: refused('empty', 'nothing left')});
  bird(1, {error: refused('empty', 'nothing left'), isDrift: true});
  bird(1, {error: refused('withdraw', '90 % gone')});
  bird(1, {error: new Error('not running'), isDrift: true});
  bird(1, {heldBackBy: 'block-routes', isDrift: true});
  bird(1, {isDrift: true});
  t.deepEqual((await lines(metrics, 'bird_guard_refusals', 'driver_failures_total', 'drift', 'pass_seconds_count')).toSorted(), [
    'bird_guard_refusals_total{guard="empty"} 1',
    'bird_guard_refusals_total{guard="withdraw"} 1',
    'drift_repaired_total{driver="bird"} 1',
    'driver_failures_total{driver="bird"} 4',
    'pass_seconds_count 8',
  ]);
});

test('VIPs held, how long their lease is proven for, and what has become of them', async t => {
  let shown: AgentStatus = {...status, vips: [], vipChanges: {taken: 0, released: 0, lost: 0}};
  const metrics = createAgentMetrics(async () => shown);
  t.deepEqual((await lines(metrics, 'vip')).toSorted(), [
    'vip_changes_total{change="lost"} 0',
    'vip_changes_total{change="released"} 0',
    'vip_changes_total{change="taken"} 0',
    'vip_lease_proven_seconds 0',
    'vips_held 0',
  ]);
  const held = {ip: '192.168.20.99', holder: 'host-1', since: 1, isHere: true, dev: 'eth0', provenForSeconds: 2.5};
  const vips = [
    {...held, name: 'a'},
    {...held, name: 'b'},
    {name: 'c', ip: '192.168.20.98', holder: 'host-2', since: 1, isHere: false},
  ];
  shown = {...status, vips, vipChanges: {taken: 3, released: 1, lost: 2}};
  t.deepEqual((await lines(metrics, 'vip')).toSorted(), [
    'vip_changes_total{change="lost"} 2',
    'vip_changes_total{change="released"} 1',
    'vip_changes_total{change="taken"} 3',
    'vip_lease_proven_seconds 2.5',
    'vips_held 2',
  ]);
});
