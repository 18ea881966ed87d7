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

function stderrOf(error: unknown): string {
  return error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : '';
}
