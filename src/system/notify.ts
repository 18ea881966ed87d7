import type {Clock} from './clock.ts';
import type {Run} from './run.ts';

/** The service manager that has started this program (systemd, Type=notify). Silent where there is none. */
export interface ServiceManager {
  /** Whether anybody listens. */
  readonly isThere: boolean;
  ready(): Promise<void>;
  stopping(): Promise<void>;
  /** One line for `systemctl status`; the same one is not sent again. */
  tell(text: string): Promise<void>;
  /** With WatchdogSec= says twice in that time that this program is alive, until the signal aborts. */
  keepAlive(clock: Clock, signal: AbortSignal): Promise<void>;
}

/** Speaks to systemd by its own `systemd-notify`: Node has no datagrams on Unix sockets. What cannot be said is no failure. */
export function createServiceManager(run: Run, environment: Readonly<Record<string, string | undefined>>): ServiceManager {
  const {NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogUsec, WATCHDOG_PID: watchdogPid = String(process.pid)} = environment;
  const isThere = socket !== undefined && socket !== '';
  const watchdogMs = watchdogPid === String(process.pid) ? Number(watchdogUsec ?? 0) / 1000 : 0;
  let told = '';
  const notify = async (...variables: readonly string[]) => {
    if (isThere) await run('systemd-notify', [`--pid=${process.pid}`, ...variables], {timeoutMs: 5000}).catch(() => undefined);
  };
  return {
    isThere,
    ready: () => notify('--ready'),
    stopping: () => notify('STOPPING=1'),
    async tell(text) {
      if (text === told) return;
      told = text;
      await notify(`--status=${text}`);
    },
    async keepAlive(clock, signal) {
      while (watchdogMs > 0 && !signal.aborted) {
        await notify('WATCHDOG=1');
        await clock.sleep(watchdogMs / 2, signal);
      }
    },
  };
}
