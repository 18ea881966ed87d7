import type {Session} from '../drivers/bird/sessions.ts';
import type {DriverReport} from './history.ts';

/** How BIRD does, as the agent sees it. Times in milliseconds since 1970. */
export interface BirdReport extends BirdProgress {
  readonly isRunning: boolean;
  /** Why nothing is known of a BIRD that runs. */
  readonly unanswered?: string;
  readonly sessions: readonly Session[];
  readonly accepted: {readonly at: number; readonly how: string} | undefined;
  /** What is wanted is not what BIRD has accepted. */
  readonly isStale: boolean;
  /** Why it is stale, in a line, and since when. */
  readonly staleReason?: string;
  readonly staleSince?: number;
  readonly templates: readonly string[];
  readonly problem: Problem | undefined;
}

/** What the driver of BIRD's configuration may say beyond what it has accepted and refused. */
export interface BirdProgress {
  /** A new configuration runs and is not confirmed yet: at the deadline the old one comes back. */
  readonly trial?: Trial | undefined;
  /** What the guards let pass, and want to be seen. */
  readonly warnings?: readonly Warning[] | undefined;
  /** The wanted template is refused; today's prefixes are announced with the last good one. */
  readonly withLastGoodTemplate?: boolean | undefined;
  /** How many configurations were handed to BIRD since the agent started, by how that ended: accepted, refused, undone, failed. */
  readonly reloads?: Readonly<Record<string, number>> | undefined;
}

/** What the report takes from the driver. */
export interface BirdState extends BirdProgress {
  readonly accepted: {readonly at: number; readonly how: string} | undefined;
  readonly rejected: (Problem & {readonly at: number}) | undefined;
  readonly chosen: readonly string[];
}

export interface Trial {
  readonly since: number;
  readonly deadline: number;
  /** The sessions that were up before and have to come back. */
  readonly waitingFor: readonly string[];
}

export interface Warning {
  readonly guard: string;
  readonly reason: string;
  readonly file?: string;
  readonly line?: number;
}

/** Why the wanted configuration is not live. */
export interface Problem {
  readonly reason: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly text: string | undefined;
}

export interface BirdSources {
  readonly status: BirdState;
  /** How the driver did in the last pass; undefined before the first. */
  readonly driver: DriverReport | undefined;
  readonly error: unknown;
  /** BIRD's answer: undefined where it does not run, an error where it does not say. */
  readonly sessions: readonly Session[] | Error | undefined;
}

/** Puts the report together: stale is whatever failed, waits with something to do, is on trial, or was never accepted. */
export function birdReport({status, driver, error, sessions}: BirdSources): BirdReport {
  const {accepted, rejected, chosen, trial, warnings, withLastGoodTemplate, reloads} = status;
  const isUnanswered = sessions instanceof Error;
  const problem = problemOf(error ?? (withLastGoodTemplate === true ? rejected : undefined));
  const staleReason = problem?.reason ?? reasonToWait(driver) ?? (accepted === undefined ? 'nothing was accepted yet' : undefined);
  const staleSince = rejected?.at ?? driver?.waitsSince;
  // Where there is no socket to ask, that it runs with the accepted configuration is what the driver has found.
  const isBySignal = sessions === undefined && staleReason === undefined && accepted?.how === 'signalled';
  return {
    isRunning: sessions !== undefined || isBySignal,
    ...(isUnanswered && {unanswered: sessions.message}),
    ...(isBySignal && {unanswered: 'there is no control socket to ask'}),
    sessions: isUnanswered ? [] : (sessions ?? []),
    accepted: accepted && {at: accepted.at, how: accepted.how},
    isStale: staleReason !== undefined,
    ...(staleReason !== undefined && {staleReason: staleReason.split('\n')[0] ?? ''}),
    ...(staleReason !== undefined && staleSince !== undefined && {staleSince}),
    templates: chosen,
    problem,
    ...(trial !== undefined && {trial}),
    ...(warnings !== undefined && {warnings}),
    ...(withLastGoodTemplate !== undefined && {withLastGoodTemplate}),
    ...(reloads !== undefined && {reloads}),
  };
}

function reasonToWait(driver: DriverReport | undefined): string | undefined {
  if (driver?.pending !== undefined) return `waits for ${driver.pending}`;
  return driver?.heldBackBy !== undefined && driver.changes > 0 ? `waits for ${driver.heldBackBy}` : undefined;
}

/** Both a template that cannot be rendered and a file that BIRD refuses know where they are wrong. */
function problemOf(error: unknown): Problem | undefined {
  if (error === undefined) return undefined;
  const message = error instanceof Error ? error.message : String(error);
  const fields: Readonly<Record<string, unknown>> = typeof error === 'object' && error !== null ? {...error} : {};
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : undefined);
  const number = (name: string) => (typeof fields[name] === 'number' ? fields[name] : undefined);
  return {
    reason: text('reason') ?? message,
    file: text('file'),
    line: number('line'),
    column: number('column'),
    text: text('text'),
  };
}
