/** The part of a clock that the loop uses; both waits end early, without error, when the signal aborts. */
export interface LoopClock {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface LoopOptions<State> {
  /** One pass over the newest state; true when all of it succeeded. */
  pass(state: State): Promise<boolean>;
  readonly clock: LoopClock;
  /** How long a burst of changes may go on before its one pass. */
  readonly settleMs: number;
  /** From the start of one pass to the next at least: a steady stream of changes costs no more passes than that, and waits no longer either. */
  readonly minIntervalMs: number;
  /** The wait after a failed pass; doubled for each further failure, up to maxRetryMs. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
  /** The wait after a good pass before the machine is looked at again without a change. */
  readonly resyncMs: number;
}

export interface Loop<State> {
  /** Hands over the newest whole state. The first call opens the loop: before it, nothing is touched. */
  offer(state: State): void;
  /** Asks for another pass over the last state, because something else has changed. Nothing happens before the first state. */
  nudge(): void;
  run(signal: AbortSignal): Promise<void>;
}

/** Settles bursts into one pass, then waits for a change, the resync timer, or after a failure the retry timer. */
export function createLoop<State>({pass, clock, settleMs, minIntervalMs, retryMs, maxRetryMs, resyncMs}: LoopOptions<State>): Loop<State> {
  let latest: {readonly state: State} | undefined;
  let bell = createBell();
  let failures = 0;
  let startedAt = -Infinity;

  return {
    offer(state) {
      latest = {state};
      bell.ring();
    },
    nudge() {
      if (latest !== undefined) bell.ring();
    },
    async run(signal) {
      await waitFor(bell.rung, Infinity);
      while (!signal.aborted && latest !== undefined) {
        await clock.sleep(Math.max(settleMs, startedAt + minIntervalMs - clock.now()), signal);
        if (signal.aborted) return;
        startedAt = clock.now();
        bell = createBell();
        failures = (await pass(latest.state)) ? 0 : failures + 1;
        const hasRung = await waitFor(bell.rung, failures === 0 ? resyncMs : Math.min(retryMs * 2 ** (failures - 1), maxRetryMs));
        if (hasRung) failures = 0;
      }

      /** Waits for the bell, the time or the end; true when it was the bell. */
      async function waitFor(rung: Promise<true>, ms: number): Promise<boolean> {
        const wait = new AbortController();
        const timer = clock.sleep(ms, AbortSignal.any([signal, wait.signal]));
        const hasRung = await Promise.race([rung, timer.then(() => false)]);
        wait.abort();
        return hasRung;
      }
    },
  };
}

interface Bell {
  readonly rung: Promise<true>;
  ring(): void;
}

function createBell(): Bell {
  const {promise, resolve} = Promise.withResolvers<true>();
  return {rung: promise, ring: () => resolve(true)};
}
