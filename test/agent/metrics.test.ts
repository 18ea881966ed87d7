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
  t.deepEqual(await lines(metrics, 'managed_routes', 'bird_config_stale', 'bird_sessions', 'prefixes', 'state_age'), [
    'managed_routes 5',
    'bird_config_stale 0',
    'bird_sessions{state="up"} 1',
    'bird_sessions{state="start"} 1',
    'prefixes_announced 2',
    'state_age_seconds 0',
  ]);
  shown = {...status, stateAgeSeconds: 12.5, announced: [], pass: undefined, bird: {...status.bird, isStale: true, sessions: []}};
  t.deepEqual(await lines(metrics, 'managed_routes', 'bird_config_stale', 'bird_sessions', 'prefixes', 'state_age'), [
    'managed_routes 0',
    'bird_config_stale 1',
    'prefixes_announced 0',
    'state_age_seconds 12.5',
  ]);
});

test('passes count failures, drift, and what BIRD made of each configuration', async t => {
  const metrics = createAgentMetrics(async () => status);
  const bird = (changes: number, more: {error?: unknown; heldBackBy?: string} = {}, isResync = false) =>
    metrics.pass([{name: 'bird', wanted: 2, changes, ...more}], 0.1, isResync);
  const refused = new InputError('ERR_BIRD_REJECTED', 'syntax error');
  bird(2);
  bird(0);
  bird(1, {error: refused});
  bird(1, {error: refused}, true);
  bird(1, {error: new Error('not running')}, true);
  bird(1, {heldBackBy: 'block-routes'}, true);
  bird(1, {}, true);
  t.deepEqual((await lines(metrics, 'bird_reloads_total', 'driver_failures_total', 'drift', 'pass_seconds_count')).toSorted(), [
    'bird_reloads_total{result="accepted"} 2',
    'bird_reloads_total{result="failed"} 1',
    'bird_reloads_total{result="refused"} 1',
    'drift_repaired_total{driver="bird"} 1',
    'driver_failures_total{driver="bird"} 3',
    'pass_seconds_count 7',
  ]);
});
