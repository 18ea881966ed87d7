import {setImmediate} from 'node:timers/promises';
import type {Clock} from '../../../src/system/clock.ts';

/** A clock that goes on only when nobody has anything left to do: the same choices give the same run, and waiting takes no time. */
export interface Simulation extends Clock {
  /** Does that at some later moment. */
  after(ms: number, act: () => void): void;
  /** Lets time pass until the work is done. Fails when nothing would ever happen any more. */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
}

export function createSimulation(): Simulation {
  let now = Date.parse('2026-01-01T00:00:00Z');
  let count = 0;
  const queue: {readonly at: number; readonly order: number; readonly act: () => void}[] = [];

  const after = (ms: number, act: () => void) => {
    const timer = {at: now + ms, order: count++, act};
    // Sorted by time, the next one last.
    const isLater = (other: {readonly at: number}) => other.at > timer.at;
    queue.splice(queue.findLastIndex(isLater) + 1, 0, timer);
  };

  return {
    now: () => Math.floor(now),
    after,
    async sleep(ms, signal) {
      if (signal?.aborted) return;
      await new Promise<void>(resolve => {
        if (ms !== Infinity) after(ms, resolve);
        signal?.addEventListener('abort', () => resolve(), {once: true});
      });
    },
    async run(work) {
      let isOver = false;
      const result = work().finally(() => {
        isOver = true;
      });
      result.catch(() => undefined);
      for (;;) {
        await setImmediate();
        if (isOver) return result;
        const next = queue.pop();
        if (next === undefined) throw new Error('everybody waits for somebody else');
        now = Math.max(now, next.at);
        next.act();
      }
    },
  };
}
