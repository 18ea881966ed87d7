import type {Clock} from '../../system/clock.ts';
import type {FileSystem} from '../../system/file-system.ts';
import {type BirdControl, BirdControlError, BirdNotRunningError, type BirdReply} from './control-socket.ts';

export type ReloadResult = {readonly how: 'configured' | 'signalled'} | {readonly how: 'refused'; readonly message: string};

export interface ReloadOptions {
  readonly control: BirdControl;
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly birdPidFile: string;
  readonly signal: (pid: number, name: 'SIGHUP') => void;
}

/** Creates the reload: `configure` over the control socket, or SIGHUP where there is no socket. Rejects with BirdNotRunningError. */
export function createReload({control, files, clock, birdPidFile, signal}: ReloadOptions): () => Promise<ReloadResult> {
  let signalledAt = -Infinity;

  return async () => {
    try {
      return await configure(control, clock);
    } catch (error) {
      if (!(error instanceof BirdNotRunningError)) throw error;
      const pid = await birdProcess(files, birdPidFile);
      if (pid === undefined) throw error;
      // BIRD drops a SIGHUP that comes while it still works on the one before, and would go on with the old file for ever.
      await clock.sleep(Math.max(0, signalledAt + signalGapMs - clock.now()));
      signal(pid, 'SIGHUP');
      signalledAt = clock.now();
      return {how: 'signalled'};
    }
  };
}

const signalGapMs = 1000;
const pollMs = 20;
const longestReconfigurationMs = 120_000;

async function configure(control: BirdControl, clock: Clock): Promise<ReloadResult> {
  const reply = await control.command('configure');
  const message = reply.lines.at(-1) ?? '';
  if (reply.code === '0003') return {how: 'configured'};
  if (reply.code === '8002') return {how: 'refused', message};
  // 0004: BIRD has taken the files and is still restarting protocols; 0005: the same, after the reconfiguration that is going on.
  if (reply.code === '0004' || reply.code === '0005') {
    await waitUntilDone(control, clock);
    return {how: 'configured'};
  }
  if (reply.code === '0006') throw new BirdNotRunningError('BIRD is shutting down');
  throw new BirdControlError(`BIRD answered "configure" with ${reply.code} ${message}`);
}

async function waitUntilDone(control: BirdControl, clock: Clock): Promise<void> {
  const deadline = clock.now() + longestReconfigurationMs;
  while (isInProgress(await control.command('show status'))) {
    if (clock.now() > deadline) throw new BirdControlError(`BIRD is still reconfiguring after ${longestReconfigurationMs / 1000} s`);
    await clock.sleep(pollMs);
  }
}

function isInProgress({lines}: BirdReply): boolean {
  return /reconfiguration in progress/i.test(lines.at(-1) ?? '');
}

/** The process that the pid file names, if it lives and is BIRD: the number may long belong to another program. */
async function birdProcess(files: FileSystem, birdPidFile: string): Promise<number | undefined> {
  const pid = Number((await files.read(birdPidFile))?.trim());
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const name = await files.read(`/proc/${pid}/comm`);
  return name !== undefined && /^bird6?\n?$/.test(name) ? pid : undefined;
}
