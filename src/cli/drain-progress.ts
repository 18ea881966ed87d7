import {z} from 'zod';
import {renderAge} from './table.ts';

/** A host of GET /status, as far as draining is concerned. */
export type DrainStatus = z.infer<typeof DrainStatus>;
export const DrainStatus = z.object({
  host: z.string(),
  drained: z.boolean(),
  reported: z.boolean(),
  at: z.string().optional(),
  age_seconds: z.number().optional(),
  announced: z.number().optional(),
  bird: z.object({running: z.boolean(), stale: z.boolean(), problem: z.object({reason: z.string()}).optional()}).nullish(),
  drain: z
    .object({state: z.enum(['draining', 'drained']), deadline: z.string().optional(), with_other_path: z.number(), prefixes: z.number()})
    .optional(),
});

export interface DrainWish {
  readonly isDrained: boolean;
  /** The host was in the other state before, so that what was reported then says nothing. */
  readonly isChange: boolean;
  readonly elapsedSeconds: number;
}

/** Where a drain stands. `end` is there when there is nothing more to wait for. */
export interface DrainProgress {
  readonly text: string;
  /** The text without what counts down: a line is worth showing when this is another one. */
  readonly key: string;
  readonly end?: 'done' | 'failed';
}

/** An agent reports every 30 s at least. */
const silentSeconds = 90;
/** Within so much time an agent that reports has seen what the store says, and BIRD has taken or refused a configuration. */
const patienceSeconds = 120;

/** Says how far a host's agent has come with what the store asks of it. */
export function drainProgress(status: DrainStatus, wish: DrainWish): DrainProgress {
  const {host, reported, age_seconds = 0} = status;
  const {isDrained, isChange, elapsedSeconds} = wish;
  if (!reported)
    return ended('done', `${host}: ${isDrained ? 'drained' : 'in use'} in the store; its agent has never reported, nothing to wait for`);
  if (age_seconds > silentSeconds) {
    const unknown = isDrained ? 'whether anything is announced still' : 'whether anything is announced again';
    return ended('failed', `${host}: its agent has sent no report for ${renderAge(age_seconds)}, ${unknown} is not known`);
  }
  const isFresh = !isChange || age_seconds < elapsedSeconds;
  const isNoticed = isFresh && (!isDrained || status.drain !== undefined);
  if (!isNoticed) return waiting(`${host}: waits for its agent to take notice`, elapsedSeconds > patienceSeconds);
  return isDrained ? drainingProgress(status) : usingProgress(status, elapsedSeconds);
}

function drainingProgress({host, drain, at, age_seconds = 0, bird}: DrainStatus): DrainProgress {
  if (drain?.state === 'drained') return ended('done', `${host}: drained, nothing is announced`);
  const {deadline, with_other_path: count = 0, prefixes = 0} = drain ?? {};
  // By the host's own clock, which need not be ours.
  const left = deadline === undefined || at === undefined ? 0 : (Date.parse(deadline) - Date.parse(at)) / 1000 - age_seconds;
  if (left <= 0) return waiting(`${host}: draining, its prefixes are being withdrawn${faultOf(bird)}`, left < -patienceSeconds);
  const key = `${host}: draining, ${count} of ${prefixes} ${prefixes === 1 ? 'prefix has' : 'prefixes have'} another path${faultOf(bird)}`;
  return {key, text: `${key}, ${renderAge(left)} left`};
}

function usingProgress({host, bird, drain, announced = 0}: DrainStatus, elapsedSeconds: number): DrainProgress {
  const isLive = drain === undefined && (!bird || (bird.running && !bird.stale));
  if (isLive) return ended('done', `${host}: in use, ${announced === 1 ? '1 prefix is' : `${announced} prefixes are`} announced`);
  return waiting(
    `${host}: ${drain?.state ?? 'in use'}, what it has to announce is not live yet${faultOf(bird)}`,
    elapsedSeconds > patienceSeconds,
  );
}

function faultOf(bird: DrainStatus['bird']): string {
  if (bird?.running === false) return ' (BIRD is not running)';
  return bird?.problem === undefined ? '' : ` (${bird.problem.reason})`;
}

function waiting(text: string, isTooLong: boolean): DrainProgress {
  return isTooLong ? ended('failed', `${text}, for too long to wait for it`) : {key: text, text};
}

function ended(end: 'done' | 'failed', text: string): DrainProgress {
  return {key: text, text, end};
}
