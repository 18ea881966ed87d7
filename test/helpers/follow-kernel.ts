import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import type {ExecutionContext} from 'ava';
import type {Namespace} from './namespace.ts';

/** Hands over, until the test ends, what the kernel of a namespace tells of its addresses or routes, each line with its time in milliseconds since 1970. */
export function followKernel(
  t: ExecutionContext,
  {name}: Namespace,
  object: 'address' | 'route',
  onLine: (line: string, at: number) => void,
): void {
  const child = spawn('ip', ['netns', 'exec', name, 'ip', '-tshort', '-oneline', 'monitor', object], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {...process.env, TZ: 'UTC'},
  });
  const ended = once(child, 'close');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  createInterface({input: child.stdout}).on('line', text => {
    const [, time = '', micros = '', line = text] = /^\[(\S+)\.(\d{6})\]\s*(.*)$/.exec(text) ?? [];
    onLine(line, Date.parse(`${time}Z`) + Number(micros) / 1000);
  });
}
