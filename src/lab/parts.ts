import type {Clock} from '../system/clock.ts';
import type {Logger} from '../system/log.ts';
import type {Run} from '../system/run.ts';

/** What the lab acts through; every side effect goes by one of these. */
export interface LabParts {
  readonly run: Run;
  readonly clock: Clock;
  readonly log: Logger;
  replaceFile(file: string, text: string): Promise<void>;
  readFileIfPresent(file: string): Promise<string | undefined>;
  /** The folder that holds bin/, templates/ and bird/. */
  readonly root: string;
  /** The Node that runs the lab's small requests, an absolute path. */
  readonly node: string;
}

/** Runs a shell script with arguments ($1, $2, …) and gives its output. */
export function shell(run: Run, script: string, args: readonly string[] = []): Promise<string> {
  return run('sh', ['-c', script, 'sh', ...args]);
}

/** Waits until the condition holds, looking every few milliseconds; fails with a sentence after the limit. */
export async function until(
  clock: Clock,
  what: string,
  condition: () => Promise<boolean>,
  {limitMs = 30_000, everyMs = 25}: {limitMs?: number; everyMs?: number} = {},
): Promise<void> {
  const end = clock.now() + limitMs;
  while (!(await condition())) {
    if (clock.now() >= end) throw new Error(`waited ${limitMs / 1000} s in vain: ${what}`);
    await clock.sleep(everyMs);
  }
}
