import type {Clock} from '../system/clock.ts';
import type {ServiceManager} from '../system/notify.ts';
import {type ServiceFacts, serviceText} from './service-text.ts';

export interface TellManagerOptions {
  readonly manager: ServiceManager;
  readonly clock: Clock;
  readFacts(): ServiceFacts;
}

const lookMs = 2000;

/** Keeps the service manager told how the agent does, and that it is alive, until the signal aborts. */
export async function tellManager({manager, clock, readFacts}: TellManagerOptions, signal: AbortSignal): Promise<void> {
  if (!manager.isThere) return;
  const telling = async () => {
    while (!signal.aborted) {
      await manager.tell(serviceText(readFacts()));
      await clock.sleep(lookMs, signal);
    }
  };
  await Promise.all([telling(), manager.keepAlive(clock, signal)]);
  await manager.stopping();
}
