import type {KernelViewOptions} from '../drivers/kernel-view.ts';
import type {Agent} from './agent.ts';

type Foreign = Parameters<KernelViewOptions['onForeign']>[0];

export interface ForeignChanges {
  (what: Foreign): void;
  close(): void;
}

// A host that takes a full table from its ToR hears of thousands of routes at once.
const gatherMs = 500;

/** Says what is due when somebody else has changed something in the kernel: what was ours is put right at once; what only may matter is gathered first. */
export function createForeignChanges(agent: Pick<Agent, 'nudge'>): ForeignChanges {
  let timer: NodeJS.Timeout | undefined;
  const take = (what: Foreign) => {
    if (what !== 'routes') agent.nudge();
    else {
      timer ??= setTimeout(() => {
        timer = undefined;
        agent.nudge();
      }, gatherMs);
    }
  };
  return Object.assign(take, {close: () => clearTimeout(timer)});
}
