import {messageOf} from '../core/errors.ts';
import type {Self} from '../core/node-state.ts';
import type {Clock} from '../system/clock.ts';

export interface FollowAddressOptions {
  /** Gives the same object as long as nothing has changed, and costs next to nothing then. Rejects as long as nothing is known. */
  readSelf(): Promise<Self>;
  readonly clock: Clock;
  /** Told once for each reason why this host's address is not known yet. */
  onUnknown(reason: string): void;
  onKnown(self: Self): void;
  onChange(self: Self): void;
}

const lookMs = 1000;

/** Looks every second who this host is, until the signal aborts. At boot the network may come later than the agent: then it waits for it. */
export async function followAddress(
  {readSelf, clock, onUnknown, onKnown, onChange}: FollowAddressOptions,
  signal: AbortSignal,
): Promise<void> {
  let known: Self | undefined;
  let lastReason = '';
  while (!signal.aborted) {
    try {
      const self = await readSelf();
      if (known === undefined) onKnown(self);
      else if (self !== known && !signal.aborted) onChange(self);
      known = self;
    } catch (error) {
      if (messageOf(error) !== lastReason) onUnknown(messageOf(error));
      lastReason = messageOf(error);
    }
    await clock.sleep(lookMs, signal);
  }
}
