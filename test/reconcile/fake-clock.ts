import {setImmediate} from 'node:timers/promises';
import type {LoopClock} from '../../src/reconcile/loop.ts';

/** A clock that stands until it is moved on. */
export interface FakeClock extends LoopClock {
  now(): number;
  /** Lets time pass, step by step, and everything that waits for it happen. */
  advance(ms: number): Promise<void>;
  /** How many waits are going on. */
  readonly waits: number;
}

export function createFakeClock(): FakeClock {
  let now = 0;
  const sleepers = new Set<{readonly at: number; readonly wake: () => void}>();
  const settle = async () => {
    for (let turn = 0; turn < 5; turn += 1) await setImmediate();
  };
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise(resolve => {
        if (signal?.aborted) return resolve();
        const sleeper = {
          at: now + ms,
          wake() {
            sleepers.delete(sleeper);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', sleeper.wake, {once: true});
      }),
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const next = [...sleepers].filter(({at}) => at <= end).toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        now = next.at;
        next.wake();
        await settle();
      }
      now = end;
    },
    get waits() {
      return sleepers.size;
    },
  };
}
