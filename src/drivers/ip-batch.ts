/** A line of `ip -force -batch -` that failed. */
export interface FailedLine {
  /** Counted from 0. */
  readonly index: number;
  readonly reason: string;
}

/** Which lines an error of `ip -force -batch -` is about; none when all of it failed. `ip` says "Command failed -:3" for the third. */
export function failedLines(error: unknown): FailedLine[] {
  const reasons = stderrOf(error).trim().split('\n');
  return reasons.flatMap((line, index) => {
    const number = /^Command failed -:(\d+)/.exec(line)?.[1];
    return number === undefined ? [] : [{index: Number(number) - 1, reason: reasons[index - 1] ?? line}];
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
