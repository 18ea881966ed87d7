import {setTimeout as sleep} from 'node:timers/promises';

/** Time, handed in so that tests can turn it themselves. Waits end early, without error, when the signal aborts. */
export interface Clock {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    if (signal?.aborted) return;
    if (signal?.aborted) return;
    if (ms === Infinity) {
      await new Promise<void>(resolve => signal?.addEventListener('abort', () => resolve(), {once: true}));
      return;
    }
    await sleep(ms, undefined, signal === undefined ? {} : {signal}).catch(() => undefined);
  },
};
