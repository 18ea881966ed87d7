import type {HostReport} from '../store/reports.ts';
import type {BirdReport} from './bird-report.ts';
import type {AgentStatus} from './status.ts';

/** What of a status the other hosts' operators see: without what differs at every look, and prefixes as a number only. */
export function reportOf({version, addresses, announced, prefixes, pass, bird, drain}: AgentStatus): HostReport {
  return {
    version,
    addresses: [...addresses],
    announced: announced.length,
    ...(prefixes !== undefined && {prefixes}),
    drivers: (pass?.drivers ?? []).map(({name, wanted, error, heldBackBy, pending}) => {
      const waitsFor = heldBackBy ?? pending;
      return {name, wanted, ...(error !== undefined && {error: firstLine(error)}), ...(waitsFor !== undefined && {waitsFor})};
    }),
    ...(bird && {bird: birdRecord(bird)}),
    ...(drain && {drain: {...drain}}),
  };
}

/** What of a report must be known at once, as a text to compare. Counts of routes change on every host whenever one host has a new block. */
export function urgentPart({bird, ...report}: HostReport): string {
  const sessions = bird?.sessions.map(({name, state, isUp, info, bfd, lastError}) => ({name, state, isUp, info, bfd, lastError}));
  return JSON.stringify({...report, bird: {...bird, sessions}});
}

function birdRecord(bird: BirdReport): NonNullable<HostReport['bird']> {
  const {isRunning, unanswered, accepted, isStale, staleReason, staleSince, problem, trial, sessions} = bird;
  return {
    isRunning,
    ...(unanswered !== undefined && {unanswered}),
    ...(accepted && {accepted}),
    isStale,
    ...(staleReason !== undefined && {staleReason}),
    ...(staleSince !== undefined && {staleSince}),
    ...(problem && {problem: {...problem, reason: firstLine(problem.reason)}}),
    ...(trial && {trial: {...trial, waitingFor: [...trial.waitingFor]}}),
    warnings: [...(bird.warnings ?? [])],
    withLastGoodTemplate: bird.withLastGoodTemplate === true,
    reloads: {...bird.reloads},
    sessions: sessions.map(sessionRecord),
  };
}

function sessionRecord(session: BirdReport['sessions'][number]): NonNullable<HostReport['bird']>['sessions'][number] {
  const {name, proto, state, isUp, since, info, neighbour, neighbourAs, lastError, channels, bfd} = session;
  const sum = (what: 'imported' | 'exported' | 'filtered') => channels.reduce((total, channel) => total + channel[what], 0);
  return {
    name,
    proto,
    state,
    isUp,
    // BIRD counts back from now, so that the last digits differ from look to look.
    since: since.replace(/\.\d+$/, ''),
    info,
    ...(neighbour !== undefined && {neighbour}),
    ...(neighbourAs !== undefined && {neighbourAs}),
    ...(lastError !== undefined && {lastError}),
    imported: sum('imported'),
    exported: sum('exported'),
    filtered: sum('filtered'),
    ...(bfd && {bfd: bfd.state}),
  };
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
