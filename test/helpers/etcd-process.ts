import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {createServer} from 'node:net';
import type {ExecutionContext} from 'ava';
import {waitFor} from './wait.ts';

/** A real etcd process. */
export interface EtcdProcess {
  readonly pid: number;
  /** What it has said since it was last started, or the end of that. */
  readonly output: string;
  /** Starts it, on the data of the last time if there was one. It serves when `isReady` says so. */
  start(): void;
  ready(): Promise<void>;
  /** Ends it as a crash does, and waits until it is gone. */
  kill(): Promise<void>;
  /** Stops it from answering without ending it, and lets it go on. */
  pause(): void;
  resume(): void;
}

/** An etcd with these arguments, not started yet. It ends with the test, failed or not. */
export function createEtcdProcess(t: Pick<ExecutionContext, 'teardown'>, args: readonly string[], namespace?: string): EtcdProcess {
  let child: ChildProcess | undefined;
  let output = '';
  const kill = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  t.teardown(kill);
  return {
    get pid() {
      return child?.pid ?? 0;
    },
    get output() {
      return output;
    },
    start() {
      output = '';
      const command = ['etcd', ...args];
      // "ip netns exec" becomes the program that it runs, so the process is etcd in either case.
      const [program = '', ...rest] = namespace === undefined ? command : ['ip', 'netns', 'exec', namespace, ...command];
      child = spawn(program, rest, {stdio: ['ignore', 'ignore', 'pipe']});
      child.stderr?.on('data', chunk => {
        output = (output + String(chunk)).slice(-20_000);
      });
    },
    async ready() {
      await waitFor('etcd serves', () => {
        if (child?.exitCode !== null) throw new Error(`etcd has ended with ${child?.exitCode}: ${output.slice(-4000)}`);
        return output.includes('ready to serve client requests');
      });
    },
    kill,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
  };
}

/**
 * A port of 127.0.0.1 that nobody listens on. None of those that the kernel gives to outgoing connections (from 32768 on): one of these could
 * take it before etcd does, or while etcd is down.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
