import type {Self} from '../core/node-state.ts';
import type {Clock} from '../system/clock.ts';

export interface FollowAddressOptions {
  /** Gives the same object as long as nothing has changed, and costs next to nothing then. */
  readSelf(): Promise<Self>;
  readonly clock: Clock;
  onChange(self: Self): void;
}

const lookMs = 1000;

/** Looks every second whether this host has another address, until the signal aborts. */
export async function followAddress({readSelf, clock, onChange}: FollowAddressOptions, signal: AbortSignal): Promise<void> {
  let known = await readSelf();
  while (!signal.aborted) {
    await clock.sleep(lookMs, signal);
    const self = await readSelf();
    if (self !== known && !signal.aborted) onChange(self);
    known = self;
  }
}
