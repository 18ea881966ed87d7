import type {HostReport} from '../store/reports.ts';
import {StoreError} from '../store/store.ts';
import {notFound} from './faults.ts';
import type {Ledger} from './ledger.ts';
import type {ReceivedReport, Reports} from './reports.ts';
import type {HostStatusAnswer} from './status-answer.ts';

export interface StatusOptions {
  readonly ledger: Ledger;
  readonly reports: Reports;
  readonly clock: {now(): number};
}

/** Creates the answer of GET /status: every host with the last report of its agent, or that one host. Throws NotFoundError, StoreError. */
export function createStatus({ledger, reports, clock}: StatusOptions): (host?: string) => HostStatusAnswer[] {
  return wanted => {
    if (!reports.isReady) throw new StoreError('the reports of the agents have not been read yet');
    const hosts = [...ledger.tables.hosts.values()].map(({value}) => value);
    const shown = hosts.filter(({name}) => wanted === undefined || name === wanted);
    if (wanted !== undefined && shown.length === 0) throw notFound('host', wanted);
    return shown
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({name, ip, drained}) => {
        const received = reports.of(name);
        const host = {host: name, ip, drained};
        return received === undefined ? {...host, reported: false} : {...host, reported: true, ...reportView(received, clock.now())};
      });
  };
}

type ReportView = Omit<Extract<HostStatusAnswer, {reported: true}>, 'host' | 'ip' | 'drained' | 'reported'>;

function reportView({report, at, receivedAt, revision}: ReceivedReport, now: number): ReportView {
  const {version, addresses, announced, prefixes, drivers, bird, drain} = report;
  return {
    at: timeText(at),
    age_seconds: Math.max(0, (now - receivedAt) / 1000),
    version,
    revision,
    addresses,
    announced,
    ...(prefixes !== undefined && {prefixes}),
    bird: bird === undefined ? null : birdView(bird, now),
    drivers: drivers.map(({name, wanted, error, waitsFor}) => ({
      name,
      wanted,
      ...(error && {error}),
      ...(waitsFor && {waits_for: waitsFor}),
    })),
    ...(drain && {
      drain: {
        state: drain.state,
        since: timeText(drain.since),
        ...(drain.deadline !== undefined && {deadline: timeText(drain.deadline)}),
        with_other_path: drain.withOtherPath,
        prefixes: drain.prefixes,
      },
    }),
  };
}

function birdView(bird: NonNullable<HostReport['bird']>, now: number): NonNullable<ReportView['bird']> {
  const {isRunning, unanswered, accepted, isStale, staleReason, staleSince, problem, trial, warnings, withLastGoodTemplate} = bird;
  return {
    running: isRunning,
    ...(unanswered !== undefined && {unanswered}),
    ...(accepted && {
      accepted_at: timeText(accepted.at),
      accepted_age_seconds: Math.max(0, (now - accepted.at) / 1000),
      accepted_how: accepted.how,
    }),
    stale: isStale,
    ...(staleReason !== undefined && {stale_reason: staleReason}),
    ...(staleSince !== undefined && {stale_since: timeText(staleSince), stale_age_seconds: Math.max(0, (now - staleSince) / 1000)}),
    ...(problem && {problem}),
    ...(trial && {trial: {since: timeText(trial.since), deadline: timeText(trial.deadline), waiting_for: trial.waitingFor}}),
    warnings,
    with_last_good_template: withLastGoodTemplate,
    reloads: bird.reloads,
    sessions: bird.sessions.map(({isUp, neighbourAs, lastError, ...session}) => ({
      ...session,
      up: isUp,
      ...(neighbourAs !== undefined && {neighbour_as: neighbourAs}),
      ...(lastError !== undefined && {last_error: lastError}),
    })),
  };
}

function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
