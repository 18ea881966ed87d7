import {Counter, Gauge, type Registry} from 'prom-client';
import type {BirdReport} from './bird-report.ts';

/** Creates the metrics of BIRD; they are taken from each report that is handed in. README.md of this folder explains each. */
export function createBirdMetrics(registry: Registry): (report: BirdReport) => void {
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({name: `romana_bird_${name}`, help, labelNames, registers});
  const reloads = new Counter({
    name: 'romana_bird_reloads_total',
    help: 'Configurations handed to BIRD, by result.',
    labelNames: ['result'],
    registers,
  });
  const running = gauge('running', '1 while BIRD runs.');
  const stale = gauge('config_stale', '1 while BIRD does not run with what is wanted.');
  const acceptedAge = gauge('config_accepted_age_seconds', 'Time since BIRD last accepted a configuration.');
  const trial = gauge('config_on_trial', '1 while a new configuration is not confirmed yet.');
  const warnings = gauge('guard_warnings', 'What guards have let pass with a warning, by guard.', ['guard']);
  const sessions = gauge('sessions', 'Protocols of BIRD that speak to neighbours, by state.', ['state']);
  const up = gauge('session_up', '1 for a session that has a neighbour to exchange routes with.', ['session', 'proto']);
  const imported = gauge('session_imported_routes', 'Routes that a session has brought, by channel.', ['session', 'channel']);
  const exported = gauge('session_exported_routes', 'Routes that a session announces, by channel.', ['session', 'channel']);
  const filtered = gauge('session_filtered_routes', 'Routes that the import filter of a session keeps out, by channel.', [
    'session',
    'channel',
  ]);
  const bfd = gauge('bfd_sessions', 'Sessions of BFD, by state.', ['state']);

  return report => {
    running.set(report.isRunning ? 1 : 0);
    stale.set(report.isStale ? 1 : 0);
    trial.set(report.trial === undefined ? 0 : 1);
    if (report.accepted !== undefined) acceptedAge.set((Date.now() - report.accepted.at) / 1000);
    reloads.reset();
    for (const [result, count] of Object.entries(report.reloads ?? {})) reloads.inc({result}, count);
    for (const metric of [warnings, sessions, up, imported, exported, filtered, bfd]) metric.reset();
    for (const {guard} of report.warnings ?? []) warnings.inc({guard}, 1);
    for (const {name, proto, state, isUp, channels, bfdSessions = []} of report.sessions) {
      sessions.inc({state}, 1);
      up.set({session: name, proto}, isUp ? 1 : 0);
      for (const channel of channels) {
        const labels = {session: name, channel: channel.name};
        imported.set(labels, channel.imported);
        exported.set(labels, channel.exported);
        filtered.set(labels, channel.filtered);
      }
      for (const session of bfdSessions) bfd.inc({state: session.state}, 1);
    }
  };
}
