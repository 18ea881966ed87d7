import type {Run} from '../system/run.ts';

/** A line for `ip` that failed. */
export interface FailedLine {
  /** Counted from 0. */
  readonly index: number;
  readonly line: string;
  readonly reason: string;
}

export interface BatchOptions {
  /** As in "-6". */
  readonly args?: readonly string[];
  /** Shell commands that come first, and may end it. What comes after them waits for nothing from this program, which may be stopped meanwhile. */
  readonly before?: string;
  readonly timeoutMs?: number;
}

/** Runs lines of `ip` in one process, and goes on after a failed one. Gives those that failed; throws where none of them was begun, or it is not known which. */
export async function runLines(
  run: Run,
  lines: readonly string[],
  {args = [], before, timeoutMs}: BatchOptions = {},
): Promise<FailedLine[]> {
  if (lines.length === 0) return [];
  const options = timeoutMs === undefined ? {} : {timeoutMs};
  const batch = [...args, '-force', '-batch', '-'];
  try {
    if (before === undefined) await run('ip', batch, {...options, input: `${lines.join('\n')}\n`});
    else await run('sh', ['-c', `${before}printf '%s\\n' "$@" | ip ${batch.join(' ')}`, 'sh', ...lines], options);
    return [];
  } catch (error) {
    const failed = failedLines(error, lines);
    if (failed.length === 0) throw error;
    return failed;
  }
}

/** `ip` says "Command failed -:3" for the third line. */
function failedLines(error: unknown, lines: readonly string[]): FailedLine[] {
  const reasons = stderrOf(error).trim().split('\n');
  return reasons.flatMap((text, at) => {
    const number = /^Command failed -:(\d+)/.exec(text)?.[1];
    if (number === undefined) return [];
    const index = Number(number) - 1;
    return [{index, line: lines[index] ?? '', reason: reasons[at - 1] ?? text}];
  });
}

/** Whether `ip` could not take something away because it is not there (any more): a route, an address, a device or a further name. */
export function isGone(reason: string): boolean {
  return gonePattern.test(reason);
}

const gonePattern =
  /No such process|Cannot assign requested address|address not found|Cannot find device|No such device|No such file|table does not exist/i;

function stderrOf(error: unknown): string {
  return error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : '';
}
