import {Counter, Gauge, Histogram, Registry} from 'prom-client';
import {endpointStates} from '../core/endpoint-report.ts';
import {messageOf} from '../core/errors.ts';
import type {StepResult} from '../reconcile/reconcile.ts';
import {createBirdMetrics} from './bird-metrics.ts';
import type {AgentStatus} from './status.ts';
import {createVipMetrics} from './vips/vip-metrics.ts';

export interface AgentMetrics {
  readonly registry: Registry;
  pass(results: readonly StepResult[], seconds: number): void;
}

/** The metrics of the agent; README.md of this folder explains each. Gauges are taken from the status when they are asked for. */
export function createAgentMetrics(readStatus: () => Promise<AgentStatus>): AgentMetrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: string[] = []) => new Gauge({name, help, labelNames, registers});
  const passSeconds = new Histogram({
    name: 'romana_pass_seconds',
    help: 'Time of one reconcile pass.',
    buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5],
    registers,
  });
  const failures = new Counter({name: 'romana_driver_failures_total', help: 'Failed passes by driver.', labelNames: ['driver'], registers});
  const drift = new Counter({
    name: 'romana_drift_repaired_total',
    help: 'Items found changed by others and put right, by driver.',
    labelNames: ['driver'],
    registers,
  });
  const refusals = new Counter({
    name: 'romana_bird_guard_refusals_total',
    help: 'Configurations that a guard did not let pass, by guard.',
    labelNames: ['guard'],
    registers,
  });
  const age = gauge(
    'romana_state_age_seconds',
    'How long the watch on the store has been broken, 0 while it stands; of a cached state its age.',
  );
  const cached = gauge('romana_state_cached', '1 while the agent works with the state that it cached before a restart.');
  const routes = gauge('romana_managed_routes', 'Routes that the agent wants in the kernel.');
  const announced = gauge('romana_prefixes_announced', 'Prefixes of the last accepted configuration.');
  const endpoints = gauge('romana_endpoints', 'Endpoints of this host, by how they do.', ['state']);
  const collectBird = createBirdMetrics(registry);
  const collectVips = createVipMetrics(registry);

  const wanted = (status: AgentStatus, names: readonly string[]) =>
    (status.pass?.drivers ?? []).filter(({name}) => names.includes(name)).reduce((sum, driver) => sum + driver.wanted, 0);

  const collect = async () => {
    const status = await readStatus();
    routes.set(wanted(status, ['neighbour-routes', 'block-routes', 'endpoint-routes']));
    age.set(status.stateAgeSeconds);
    cached.set(status.state === 'cached' ? 1 : 0);
    announced.set(status.announced.length);
    for (const state of endpointStates) endpoints.set({state}, status.endpoints.filter(endpoint => endpoint.state === state).length);
    if (status.bird !== undefined) collectBird(status.bird);
    collectVips(status);
  };
  const metrics = registry.metrics.bind(registry);
  registry.metrics = async () => {
    await collect();
    return metrics();
  };

  let lastRefusal = '';
  /** The same refusal comes back with every pass until something changes. */
  const countRefusal = (error: unknown) => {
    const guard = error instanceof Error && 'guard' in error && typeof error.guard === 'string' ? error.guard : undefined;
    const refusal = guard === undefined ? '' : messageOf(error);
    if (guard !== undefined && refusal !== lastRefusal) refusals.inc({guard});
    lastRefusal = refusal;
  };

  return {
    registry,
    pass(results, seconds) {
      passSeconds.observe(seconds);
      for (const {name: driver, error, changes, isDrift, heldBackBy} of results) {
        if (heldBackBy !== undefined) continue;
        if (driver === 'bird') countRefusal(error);
        if (error !== undefined) failures.inc({driver});
        else if (isDrift === true && changes > 0) drift.inc({driver}, changes);
      }
    },
  };
}
