import type {BirdProcess} from './bird-process.ts';
import {type BirdStatus, readBirdStatus} from './bird-status.ts';
import {type BirdControl, BirdNotRunningError} from './control-socket.ts';

/** How BIRD can be spoken to just now. */
export type Connection =
  | {readonly how: 'socket'; readonly status: BirdStatus}
  | {readonly how: 'signal'; readonly pid: number}
  | {readonly how: 'none'; readonly error: BirdNotRunningError};

/** The control socket where somebody listens, else the process of the pid file. Rejects with BirdControlError when BIRD hangs. */
export async function connectToBird(control: BirdControl, bird: BirdProcess): Promise<Connection> {
  try {
    return {how: 'socket', status: await readBirdStatus(control)};
  } catch (error) {
    if (!(error instanceof BirdNotRunningError)) throw error;
    const pid = await bird.find();
    return pid === undefined ? {how: 'none', error} : {how: 'signal', pid};
  }
}
