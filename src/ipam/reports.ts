import {messageOf} from '../core/errors.ts';
import {type Keys, reportKey} from '../store/keys.ts';
import {createMirror, type MirrorListener, type MirrorOptions} from '../store/mirror.ts';
import {type HostReport, parseBeat, parseReport} from '../store/reports.ts';
import type {WatchEvent} from '../store/store.ts';

/** The last report of an agent. */
export interface ReceivedReport {
  readonly report: HostReport;
  /** When the agent last gave a sign of life, by its own clock; milliseconds since 1970. */
  readonly at: number;
  /** The same by our clock, where we were there to see it. */
  readonly receivedAt: number;
  readonly revision: number;
}

/** The agents' reports, kept current by a watch of their own. */
export interface Reports {
  /** The first whole listing has been read. */
  readonly isReady: boolean;
  of(host: string): ReceivedReport | undefined;
  run(signal: AbortSignal): Promise<void>;
}

export interface ReportsOptions extends Pick<MirrorOptions, 'store' | 'clock' | 'id'> {
  readonly keys: Keys;
  readonly log: {warn(fields: object, message: string): void; debug(fields: object, message: string): void};
}

export function createReports({store, keys, clock, log, id}: ReportsOptions): Reports {
  let reports = new Map<string, HostReport>();
  let beats = new Map<string, Omit<ReceivedReport, 'report'>>();
  let isListing = true;

  const take = ({key, value}: WatchEvent) => {
    const {host, part} = reportKey(keys, key) ?? {};
    if (host === undefined) return;
    if (value === undefined) (part === 'report' ? reports : beats).delete(host);
    else if (part === 'report') reports.set(host, parseReport(key, value));
    else {
      const beat = parseBeat(key, value);
      // Clocks of hosts go wrong; only what was written before we were there has no other time.
      beats.set(host, {...beat, receivedAt: isListing ? Math.min(beat.at, clock.now()) : clock.now()});
    }
  };

  const listener: MirrorListener = {
    onReset() {
      reports = new Map();
      beats = new Map();
      isListing = true;
    },
    onEvent(event) {
      try {
        take(event);
      } catch (error) {
        log.warn({key: event.key, reason: messageOf(error)}, 'report of an agent cannot be read');
      }
    },
    onRevision() {
      isListing = false;
    },
  };
  const mirror = createMirror({
    store,
    keys: {...keys, all: keys.allReports},
    clock,
    id,
    listener,
    // That the store is away is said by whoever follows the state.
    log: {warn: log.debug.bind(log), info: log.debug.bind(log)},
  });

  return {
    get isReady() {
      return mirror.revision > 0;
    },
    of(host) {
      const [report, beat] = [reports.get(host), beats.get(host)];
      return report && beat && {report, ...beat};
    },
    run: mirror.run,
  };
}
