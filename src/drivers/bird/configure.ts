import type {Clock} from '../../system/clock.ts';
import {readBirdStatus} from './bird-status.ts';
import {type BirdControl, BirdControlError, BirdNotRunningError, type BirdReply} from './control-socket.ts';

/** What BIRD made of a configuration: it runs with it, or it refuses it (8002) in its own words. */
export type ConfigureResult = {readonly isRefused: false} | {readonly isRefused: true; readonly message: string};

/** BIRD's `configure` commands (BIRD manual, "Remote control"; codes in its doc/reply_codes), each waited for until it is done. */
export interface Configure {
  /** Lets BIRD run with that file. With a time, BIRD goes back by itself unless confirm() comes before. Rejects with BirdNotRunningError, BirdControlError. */
  load(file: string, undoAfterSeconds?: number): Promise<ConfigureResult>;
  /** False when there was nothing to confirm: BIRD has gone back already, or was started anew. */
  confirm(): Promise<boolean>;
  /** False when there was nothing to undo. */
  undo(): Promise<boolean>;
}

export function createConfigure(control: BirdControl, clock: Clock): Configure {
  return {
    async load(file, undoAfterSeconds = 0) {
      const timeout = undoAfterSeconds > 0 ? ` timeout ${Math.max(1, Math.ceil(undoAfterSeconds))}` : '';
      const command = `configure "${file}"${timeout}`;
      const reply = await control.command(command);
      if (reply.code === '8002') return {isRefused: true, message: messageOf(reply)};
      await waitUntilDone(command, reply);
      return {isRefused: false};
    },

    async confirm() {
      const reply = await control.command('configure confirm');
      if (reply.code === '0018') return true;
      if (reply.code === '0019') return false;
      throw unexpected('configure confirm', reply);
    },

    async undo() {
      const reply = await control.command('configure undo');
      if (reply.code === '0019') return false;
      await waitUntilDone('configure undo', reply);
      return true;
    },
  };

  /** 0003: done. 0004: BIRD has taken the files and is still restarting protocols. 0005: the same, after the reconfiguration that is going on. */
  async function waitUntilDone(command: string, reply: BirdReply): Promise<void> {
    if (reply.code === '0003') return;
    if (reply.code === '0006') throw new BirdNotRunningError('BIRD is shutting down');
    if (reply.code !== '0004' && reply.code !== '0005') throw unexpected(command, reply);
    const deadline = clock.now() + longestReconfigurationMs;
    while ((await readBirdStatus(control)).isReconfiguring) {
      if (clock.now() > deadline) throw new BirdControlError(`BIRD is still reconfiguring after ${longestReconfigurationMs / 1000} s`);
      await clock.sleep(pollMs);
    }
  }
}

const pollMs = 20;
const longestReconfigurationMs = 120_000;

function messageOf({lines}: BirdReply): string {
  return lines.at(-1) ?? '';
}

function unexpected(command: string, reply: BirdReply): BirdControlError {
  return new BirdControlError(`BIRD answered "${command}" with ${reply.code} ${messageOf(reply)}`);
}
