import {spawn} from 'node:child_process';
import {once} from 'node:events';
import type {ExecutionContext} from 'ava';
import type {Namespace} from './namespace.ts';

export interface Pinging {
  /** Ends it, and tells how many packets were sent, and how many of them were not answered. */
  stop(): Promise<{readonly sent: number; readonly lost: number}>;
}

/** Pings an address that answers already, 100 times a second. */
export function startPinging(t: ExecutionContext, {name}: Namespace, ip: string): Pinging {
  const child = spawn('ip', ['netns', 'exec', name, 'ping', '-n', '-q', '-i', '0.01', ip], {stdio: ['ignore', 'pipe', 'ignore']});
  const ended = once(child, 'close');
  let output = '';
  child.stdout.on('data', chunk => {
    output += String(chunk);
  });
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  return {
    async stop() {
      child.kill('SIGINT');
      await ended;
      const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(output) ?? [];
      if (sent === undefined) throw new Error(`ping said: ${output}`);
      return {sent: Number(sent), lost: Number(sent) - Number(received)};
    },
  };
}
