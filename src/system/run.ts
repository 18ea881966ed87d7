import {execa} from 'execa';

export interface RunOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Runs a command to its end and gives its standard output; rejects with CommandFailedError when it fails. */
export type Run = (command: string, args: readonly string[], options?: RunOptions) => Promise<string>;

/** A command that could not be run, or ended with an error. */
export class CommandFailedError extends Error {
  readonly code = 'ERR_COMMAND_FAILED';
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;

  constructor(
    commandLine: string,
    {stdout, stderr, exitCode, reason}: {stdout: string; stderr: string; exitCode: number | undefined; reason: string},
  ) {
    super(`${commandLine}: ${stderr.trim() || stdout.trim() || reason}`);
    this.name = 'CommandFailedError';
    this.stdout = stdout;
    this.stderr = stderr;
    this.exitCode = exitCode;
  }
}

const defaultTimeoutMs = 30_000;

/** Creates the real runner: English messages, no shell, a time limit on every command. */
export function createRun(): Run {
  return async (command, args, {input, timeoutMs = defaultTimeoutMs} = {}) => {
    const result = await execa(command, args, {
      ...(input === undefined ? {stdin: 'ignore'} : {input}),
      timeout: timeoutMs,
      env: {LC_ALL: 'C'},
      // A Ctrl-C on the terminal is for us to act on, not for what we happen to run at that moment.
      detached: true,
      reject: false,
      stripFinalNewline: false,
      maxBuffer: 512 * 1024 * 1024,
    });
    if (!result.failed) return result.stdout;
    throw new CommandFailedError([command, ...args].join(' '), {
      stdout: result.stdout ?? '',
      stderr: result.stderr ?? '',
      exitCode: result.exitCode,
      reason: result.timedOut ? `no end after ${timeoutMs} ms` : (result.shortMessage ?? 'failed'),
    });
  };
}

/** Wraps a runner so that every command runs inside a network namespace (and its /etc/netns files). */
export function runInNamespace(run: Run, namespace: string): Run {
  return (command, args, options) => run('ip', ['netns', 'exec', namespace, command, ...args], options);
}
