import type {Clock} from '../../system/clock.ts';
import type {RefusedMark} from './accepted-mark.ts';
import {BirdUnconfirmedError, type Rejection} from './rejection.ts';

export interface Refusal {
  readonly at: number;
  readonly error: Error & Partial<Rejection>;
}

/** What was refused, by what identifies it: it is not tried again until that changes. */
export interface Refusals {
  readonly isEmpty: boolean;
  /** Why something with one of these keys is not to be tried. */
  find(keys: readonly string[]): Refusal | undefined;
  add(key: string, error: Error & Rejection): Refusal;
  /** Takes over what was kept in the mark. */
  restore(mark: RefusedMark): void;
}

const mostKept = 20;
const retryMs = 60_000;

export function createRefusals(clock: Pick<Clock, 'now'>): Refusals {
  const known = new Map<string, Refusal>();
  return {
    get isEmpty() {
      return known.size === 0;
    },
    find(keys) {
      const refusal = keys.map(key => known.get(key)).find(found => found !== undefined);
      return refusal !== undefined && isOver(refusal) ? undefined : refusal;
    },
    add(key, error) {
      const refusal = {at: clock.now(), error};
      known.delete(key);
      known.set(key, refusal);
      for (const oldest of known.keys()) if (known.size > mostKept) known.delete(oldest);
      return refusal;
    },
    restore({key, at, rejection: {reason, file}}) {
      if (!known.has(key)) known.set(key, {at, error: new BirdUnconfirmedError(reason, file, true)});
    },
  };

  function isOver({at, error}: Refusal): boolean {
    return error instanceof BirdUnconfirmedError && !error.isFinal && clock.now() - at > retryMs;
  }
}

/** A trial that failed has cost a session: that is remembered beyond a restart. */
export function refusedMark(key: string, {at, error}: Refusal): RefusedMark | undefined {
  if (!(error instanceof BirdUnconfirmedError) || !error.isFinal) return undefined;
  return {key, at, rejection: {file: error.file, line: undefined, column: undefined, reason: error.missing, text: ''}};
}
