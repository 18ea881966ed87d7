import type {Run} from '../system/run.ts';

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  readonly lossPercent: number;
  /** The ICMP errors that came back instead, without repeats: "Destination Host Unreachable", "Time to live exceeded". */
  readonly errors: readonly string[];
}

/** Pings an address from inside a namespace. Loss is a result, not an error. */
export async function pingFrom(run: Run, namespace: string, to: string, count = 1): Promise<PingResult> {
  const script = 'ping -n -c "$1" -i 0.2 -W 1 "$2" || [ $? -eq 1 ]';
  return parsePing(
    await run('ip', ['netns', 'exec', namespace, 'sh', '-c', script, 'sh', String(count), to], {timeoutMs: 30_000 + count * 2000}),
  );
}

/** Parses what iputils' ping prints. */
export function parsePing(output: string): PingResult {
  const [, sent = '0', received = '0'] = /(\d+) packets transmitted, (\d+) received/.exec(output) ?? [];
  const errors = [...output.matchAll(/^From \S+ icmp_seq=\d+ (.+)$/gm)].map(([, text = '']) => text.trim());
  const lossPercent = Number(sent) === 0 ? 100 : 100 - (100 * Number(received)) / Number(sent);
  return {sent: Number(sent), received: Number(received), lossPercent, errors: [...new Set(errors)]};
}
