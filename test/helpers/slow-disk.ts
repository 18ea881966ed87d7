import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import type {ExecutionContext, TestFn} from 'ava';
import anyTest from 'ava';
import {waitFor} from './wait.ts';

/** `test` for what needs strace; skipped, with the reason in its title, where that is missing or may trace nothing. */
export function slowDiskTest(): (title: string, implementation: (t: ExecutionContext) => Promise<void>) => void {
  const test: TestFn = anyTest;
  const canTrace = spawnSync('strace', ['-f', '-o', '/dev/null', '-e', 'inject=fdatasync:delay_enter=1', 'true']).status === 0;
  return (title, implementation) => (canTrace ? test(title, implementation) : test.skip(`${title} (needs strace)`, implementation));
}

/** Makes every fdatasync of a running process take so much longer, until it is told to stop or the test ends. */
export async function slowDown(t: ExecutionContext, pid: number, ms: number): Promise<{stop(): Promise<void>}> {
  const inject = `inject=fdatasync:delay_enter=${ms * 1000}`;
  const strace: ChildProcess = spawn('strace', ['-f', '-p', String(pid), '-e', 'trace=fdatasync', '-e', inject], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  strace.stderr?.on('data', chunk => {
    output = (output + String(chunk)).slice(-20_000);
  });
  const stop = async () => {
    if (strace.exitCode !== null || strace.signalCode !== null) return;
    const ended = once(strace, 'exit');
    strace.kill('SIGINT');
    await ended;
  };
  t.teardown(stop);
  await waitFor('strace is attached and delays', () => {
    if (strace.exitCode !== null) throw new Error(`strace has ended: ${output}`);
    return output.includes('fdatasync(');
  });
  return {stop};
}
