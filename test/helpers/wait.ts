import {setTimeout as sleep} from 'node:timers/promises';

/** Waits until the check gives something other than undefined or false, and gives that. Fails with `what` after a generous time. */
export async function waitFor<Value>(
  what: string,
  check: () => Promise<Value | undefined | false> | Value | undefined | false,
  limitMs = 30_000,
): Promise<Value> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const start = performance.now();
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs / 1000} s in vain: ${what}`);
    // What takes long to ask starts processes, and these take the time away from what is waited for.
    await sleep(Math.min(200, Math.max(20, (performance.now() - start) * 2)));
  }
}
