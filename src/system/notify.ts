import type {Run} from './run.ts';

/** Tells systemd that this service is ready; does nothing when it was not started by systemd with Type=notify. */
export async function notifyReady(run: Run, environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  if (environment['NOTIFY_SOCKET'] === undefined) return;
  await run('systemd-notify', ['--ready', `--pid=${process.pid}`]).catch(() => undefined);
}
