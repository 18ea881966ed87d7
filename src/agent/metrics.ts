import {Counter, Gauge, Histogram, Registry} from 'prom-client';
import {InputError} from '../core/errors.ts';
import type {StepResult} from '../reconcile/reconcile.ts';
import type {AgentStatus} from './status.ts';

export interface AgentMetrics {
  readonly registry: Registry;
  pass(results: readonly StepResult[], seconds: number, isResync: boolean): void;
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
  const reloads = new Counter({
    name: 'romana_bird_reloads_total',
    help: 'Configurations handed to BIRD, by result.',
    labelNames: ['result'],
    registers,
  });
  const routes = gauge('romana_managed_routes', 'Routes that the agent wants in the kernel.');
  const stale = gauge('romana_bird_config_stale', '1 while BIRD does not run with what is wanted.');
  const acceptedAge = gauge('romana_bird_config_accepted_age_seconds', 'Time since BIRD last accepted a configuration.');
  const sessions = gauge('romana_bird_sessions', 'BIRD protocols that speak to others, by state.', ['state']);
  const announced = gauge('romana_prefixes_announced', 'Prefixes of the last accepted configuration.');
  const age = gauge('romana_state_age_seconds', 'How long the watch on the store has been broken; 0 while it stands.');

  const wanted = (status: AgentStatus, names: readonly string[]) =>
    (status.pass?.drivers ?? []).filter(({name}) => names.includes(name)).reduce((sum, driver) => sum + driver.wanted, 0);

  const collect = async () => {
    const status = await readStatus();
    routes.set(wanted(status, ['neighbour-routes', 'block-routes']));
    age.set(status.stateAgeSeconds);
    announced.set(status.announced.length);
    if (status.bird === undefined) return;
    stale.set(status.bird.isStale ? 1 : 0);
    if (status.bird.accepted !== undefined) acceptedAge.set((Date.now() - status.bird.accepted.at) / 1000);
    sessions.reset();
    for (const {proto, state} of status.bird.sessions) if (['BGP', 'OSPF', 'BFD'].includes(proto)) sessions.inc({state}, 1);
  };
  const metrics = registry.metrics.bind(registry);
  registry.metrics = async () => {
    await collect();
    return metrics();
  };

  let lastError: unknown;
  /** A refused configuration is tried once and reported as the same error until it changes. */
  const countReload = (error: unknown, changes: number) => {
    const result = reloadResult(error, changes);
    if (result !== undefined && (error === undefined || error !== lastError)) reloads.inc({result});
    lastError = error;
  };

  return {
    registry,
    pass(results, seconds, isResync) {
      passSeconds.observe(seconds);
      for (const {name: driver, error, changes, heldBackBy} of results) {
        if (heldBackBy !== undefined) continue;
        if (driver === 'bird') countReload(error, changes);
        if (error !== undefined) failures.inc({driver});
        else if (isResync && changes > 0) drift.inc({driver}, changes);
      }
    },
  };
}

function reloadResult(error: unknown, changes: number): 'accepted' | 'refused' | 'failed' | undefined {
  if (error === undefined) return changes > 0 ? 'accepted' : undefined;
  return error instanceof InputError ? 'refused' : 'failed';
}
