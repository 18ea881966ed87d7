import {spawn} from 'node:child_process';
import {once} from 'node:events';

export interface Flow {
  /** Ends the flow and counts. May be called again. */
  end(): Promise<FlowResult>;
  /** Resolves when the flow has ended, by itself or not. */
  readonly finished: Promise<FlowResult>;
}

export interface FlowResult {
  readonly sent: number;
  readonly lost: number;
}

/** Pings so many times a second from a namespace, until ended or for so many packets. */
export function startFlow(namespace: string, to: string, count?: number, perSecond = 20): Flow {
  const args = ['-n', '-i', String(1 / perSecond), '-W', '1', ...(count === undefined ? [] : ['-c', String(count)]), to];
  const child = spawn('ip', ['netns', 'exec', namespace, 'ping', ...args], {stdio: ['ignore', 'pipe', 'pipe']});
  let output = '';
  child.stdout.on('data', chunk => {
    output += String(chunk);
  });
  const finished = once(child, 'close').then(() => {
    const [, sent = '0', received = '0'] = /(\d+) packets transmitted, (\d+) received/.exec(output) ?? [];
    return {sent: Number(sent), lost: Number(sent) - Number(received)};
  });
  return {
    finished,
    async end() {
      // On an interrupt ping prints its counts; a packet that is just on its way does not count as sent before its second.
      child.kill('SIGINT');
      return finished;
    },
  };
}
