import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';

export interface LineFollower {
  readonly pid: number | undefined;
  close(): void;
}

export interface FollowHandlers {
  /** A line of either output. */
  onLine(line: string): void;
  /** The command has ended by itself, or could not be started. */
  onEnd(reason: string): void;
}

export type FollowLines = (command: string, args: readonly string[], handlers: FollowHandlers) => LineFollower;

/** Runs a command that does not end, and hands over what it prints line by line. It ends with this program, however that ends. */
export const followLines: FollowLines = (command, args, {onLine, onEnd}) => {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: {...process.env, LC_ALL: 'C'},
  });
  let isClosed = false;
  const end = (reason: string) => {
    if (!isClosed) onEnd(reason);
    isClosed = true;
  };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({input: stream}).on('line', line => {
      if (!isClosed) onLine(line);
    });
  }
  child.on('error', error => end(error.message));
  child.on('exit', (code, signal) => end(`${command} has ended with ${signal ?? code}`));
  return {
    pid: child.pid,
    close() {
      isClosed = true;
      child.kill('SIGKILL');
    },
  };
};
