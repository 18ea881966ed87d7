import {messageOf} from '../core/errors.ts';
import type {Keys} from '../store/keys.ts';
import type {Operation, Store} from '../store/store.ts';
import type {Clock} from '../system/clock.ts';
import type {Logger} from '../system/log.ts';
import {reportOf, urgentPart} from './report.ts';
import type {AgentStatus} from './status.ts';

export interface ReporterOptions {
  readonly host: string;
  readonly keys: Pick<Keys, 'report' | 'beat'>;
  readonly store: Pick<Store, 'commit'>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readStatus(): Promise<AgentStatus>;
  /** Whether the store knows this host: of one that was removed nothing is to stay behind. */
  isMember(): boolean;
}

export interface Reporter {
  /** Reports until the signal aborts. Never rejects: a store that is away is logged once, and tried again less and less often. */
  run(signal: AbortSignal): Promise<void>;
}

const lookMs = 2000;
const beatMs = 30_000;
const wholeMs = 600_000;

/**
 * Writes the host's report to the store. What an operator must know at once goes out within 2 s; counts of routes, and a sign of life, with the
 * beat every 30 s. A host on which nothing changes writes 40 bytes a beat, and the whole report only every 10 min.
 */
export function createReporter({host, keys, store, clock, log, readStatus, isMember}: ReporterOptions): Reporter {
  let written: {readonly text: string; readonly urgent: string; readonly at: number} | undefined;
  let beatAt = -Infinity;
  let failures = 0;

  const reportOnce = async () => {
    if (!isMember()) {
      written = undefined;
      return;
    }
    const status = await readStatus();
    const report = reportOf(status);
    const [text, urgent, now] = [JSON.stringify(report), urgentPart(report), clock.now()];
    const isBeat = now - beatAt >= beatMs;
    if (urgent === written?.urgent && !isBeat) return;
    const isWhole = text !== written?.text || now - written.at >= wholeMs;
    const operations: Operation[] = [{put: keys.beat(host), value: JSON.stringify({at: now, revision: status.revision})}];
    if (isWhole) operations.push({put: keys.report(host), value: text});
    await store.commit({conditions: [], operations});
    beatAt = now;
    if (isWhole) written = {text, urgent, at: now};
  };

  return {
    async run(signal) {
      while (!signal.aborted) {
        try {
          await reportOnce();
          if (failures > 0) log.info({}, 'reports reach the store again');
          failures = 0;
        } catch (error) {
          failures += 1;
          if (failures === 1) log.warn({reason: messageOf(error)}, 'report could not be written, will retry');
        }
        await clock.sleep(Math.min(lookMs * 2 ** failures, beatMs), signal);
      }
    },
  };
}
