import {NotYetError} from '../../reconcile/driver.ts';
import type {Clock} from '../../system/clock.ts';

/** A configuration that BIRD has on trial. */
export interface Trial {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly deadline: number;
  readonly waitingFor: readonly string[];
}

/** At most one trial goes on at a time. Most end at once; for the others nobody waits, they go on beside the passes. */
export interface Flight {
  readonly trial: Trial | undefined;
  /** Throws NotYetError while a trial goes on; throws, once, the error of one that has failed meanwhile. */
  requireLanded(): void;
  /** Starts one. Rejects with NotYetError when it takes longer than a moment, else with its error. */
  start(work: (onWaiting: (waitingFor: readonly string[]) => void) => Promise<void>, timeoutSeconds: number): Promise<void>;
}

const momentMs = 300;

/** `onLanded` is called when a trial has ended for which nobody has waited. An error that is known elsewhere is not thrown once more later. */
export function createFlight(clock: Clock, onLanded: () => void, isKnown: (error: unknown) => boolean): Flight {
  let trial: Trial | undefined;
  let failure: {readonly error: unknown} | undefined;

  const requireLanded = () => {
    if (trial !== undefined) {
      const seconds = Math.max(0, Math.ceil((trial.deadline - clock.now()) / 1000));
      const what = trial.waitingFor.length === 0 ? 'what was up to stay up' : trial.waitingFor.join('; ');
      throw new NotYetError(`the end of a new configuration's trial, at most ${seconds} s: it needs ${what}`);
    }
    const {error} = failure ?? {};
    failure = undefined;
    if (error !== undefined) throw error;
  };

  return {
    get trial() {
      return trial;
    },
    requireLanded,
    async start(work, timeoutSeconds) {
      const since = clock.now();
      const begun = {since, deadline: since + timeoutSeconds * 1000, waitingFor: []};
      trial = begun;
      let isAwaited = true;
      const landed = work(waitingFor => {
        trial = {...begun, waitingFor};
      }).finally(() => {
        trial = undefined;
      });
      const outcome = landed.then(
        () => 'done' as const,
        (error: unknown) => {
          if (!isAwaited && !isKnown(error)) failure = {error};
          return 'done' as const;
        },
      );
      const timer = new AbortController();
      const first = await Promise.race([outcome, clock.sleep(momentMs, timer.signal)]);
      timer.abort();
      if (first === 'done') return landed;
      isAwaited = false;
      void outcome.then(onLanded);
      return requireLanded();
    },
  };
}
