import type {Records} from '../../helpers/ipam-promises.ts';
import type {Random} from '../../helpers/random.ts';

/** Something that requests are sent to, as long as it lives. */
export interface Askable {
  // biome-ignore lint/suspicious/noExplicitAny: as it was answered
  request(method: string, path: string, body?: unknown): Promise<{readonly status: number; readonly body: any}>;
}

/** How a request ended: done (2xx), refused for good (4xx, 507), or nobody knows (503, connection cut). Between `from` and `to`, by the system's count. */
export interface Outcome {
  readonly kind: 'done' | 'refused' | 'unknown';
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: as it was answered
  readonly body: any;
  readonly from: number;
  readonly to: number;
  /** Who was asked, for whoever wants to ask the same one again. */
  readonly daemon: Askable;
}

/** What can go wrong, and is mended again. The last three only where nothing is real. */
export type Fault =
  | 'daemon killed'
  | 'daemon paused'
  | 'etcd killed'
  | 'etcd paused'
  | 'history compacted'
  | 'daemon cut off'
  | 'watch late'
  | 'answers lost';

/** An etcd and two daemons that die and come back. */
export interface StormSystem extends Asking {
  /** Daemons that answer now. */
  readonly daemons: readonly Askable[];
  sleep(ms: number): Promise<void>;
  /** What lies in etcd. */
  records(): Promise<Records>;
  /** Lets something go wrong, and mends it. */
  befall(random: Random, fault: Fault): Promise<void>;
  /** Resolves when nothing is under way any more. */
  quiet(): Promise<void>;
  /** Looks for leftovers twice, as a third daemon would. */
  collect(): Promise<void>;
  /** The same without a pause, so often that what is only slow looks abandoned; ends it. */
  keepCollecting(): () => Promise<void>;
}

export interface Asking {
  /** Asks any daemon, or that one. */
  ask(random: Random, method: string, path: string, body?: unknown, daemon?: Askable): Promise<Outcome>;
  /** The next moment. */
  tick(): number;
  /** Notes something that must not be. */
  complain(sentence: string): void;
  readonly complaints: readonly string[];
  /** How many requests of a kind ended with which status; 0: the connection was cut. */
  readonly counts: ReadonlyMap<string, number>;
}

export interface AskingOptions {
  daemons(): readonly Askable[];
  sleep(ms: number): Promise<void>;
}

export function createAsking({daemons, sleep}: AskingOptions): Asking {
  const complaints: string[] = [];
  const counts = new Map<string, number>();
  let now = 0;

  /** One that lives, as soon as there is any. */
  const anyDaemon = async (random: Random): Promise<Askable> => {
    for (;;) {
      const [first, ...others] = daemons();
      if (first !== undefined) return random.pick([first, ...others]);
      await sleep(20);
    }
  };

  return {
    tick: () => ++now,
    async ask(random, method, path, body, asked) {
      const daemon = asked ?? (await anyDaemon(random));
      const from = ++now;
      const answer = await daemon.request(method, path, body).catch(() => undefined);
      const outcome: Outcome = {
        kind: answer === undefined || answer.status === 503 ? 'unknown' : answer.status < 300 ? 'done' : 'refused',
        status: answer?.status ?? 0,
        body: answer?.body,
        from,
        to: ++now,
        daemon,
      };
      const counted = `${method} ${path.split(/[/?]/)[1]} ${outcome.status}`;
      counts.set(counted, (counts.get(counted) ?? 0) + 1);
      if (outcome.status >= 500 && ![503, 507].includes(outcome.status)) complaints.push(describe(method, path, body, outcome));
      if (outcome.status === 0) await sleep(20);
      return outcome;
    },
    complain: sentence => void complaints.push(sentence),
    complaints,
    counts,
  };
}

/** One line that says what was asked and answered. */
export function describe(method: string, path: string, body: unknown, {status, body: answer, from, to}: Outcome): string {
  const details = typeof answer === 'object' && answer !== null && 'details' in answer ? answer.details : answer;
  return `${method} ${path} ${JSON.stringify(body ?? '').slice(0, 300)} (${from} to ${to}): ${status} ${JSON.stringify(details ?? '')}`;
}
