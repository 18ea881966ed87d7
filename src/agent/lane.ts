import type {NodeState} from '../core/node-state.ts';
import type {State} from '../core/state.ts';
import {createLoop} from '../reconcile/loop.ts';
import {reconcile, type StepResult} from '../reconcile/reconcile.ts';
import {addingOnly, type Step} from '../reconcile/step.ts';
import type {Clock} from '../system/clock.ts';
import type {Logger} from '../system/log.ts';
import {type History, isGood} from './history.ts';
import type {AgentMetrics} from './metrics.ts';
import type {LaneObjects} from './objects.ts';

/** Steps that have passes of their own: a slow or failing lane holds no other one up. */
export interface LaneSteps {
  readonly steps: ReadonlyArray<Step<NodeState>>;
  readonly settleMs: number;
  readonly minIntervalMs: number;
}

/** A state with where it is from. */
export interface Offered {
  readonly state: State;
  readonly isCached: boolean;
}

export interface LaneOptions extends LaneSteps {
  /** Everything that a pass decides from, as of now. */
  readNode(offered: Offered): Promise<NodeState>;
  /** What is wanted is not for the store to say: what is not, goes also while that is away. */
  readonly isLocal?: boolean;
  /** After the steps of a pass. */
  onDone?(results: readonly StepResult[], node: Promise<NodeState>): Promise<void>;
  readonly history: History;
  readonly metrics: AgentMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Lane {
  offer(offered: Offered): void;
  /** Something on the machine has changed: another pass is due. */
  nudge(): void;
  /** What the last pass decided from; undefined before the first. */
  readonly node: NodeState | undefined;
  /** Each item of its drivers beside what it should be, by what the last pass decided from. */
  readonly objects: LaneObjects;
  /** Everything as of now; undefined before the first state. */
  look(): Promise<NodeState | undefined>;
  /** Waits until a pass that begins from now on is over, or none will come any more. */
  passed(): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

const retryMs = 500;
const maxRetryMs = 10_000;
const resyncMs = 10_000;

/** A reconcile loop over some steps of a host. */
export function createLane(options: LaneOptions): Lane {
  const {steps, settleMs, minIntervalMs, readNode, isLocal = false, onDone, history, metrics, clock, log} = options;
  let newest: Offered | undefined;
  let next = Promise.withResolvers<void>();
  let latest: NodeState | undefined;
  const loop = createLoop<Offered>({
    clock,
    settleMs,
    minIntervalMs,
    retryMs,
    maxRetryMs,
    resyncMs,
    async pass(offered) {
      const start = clock.now();
      const {resolve: tellOver} = next;
      next = Promise.withResolvers();
      // Not awaited here: the steps look at the machine at the same time.
      const node = readNode(offered);
      const results = await reconcile(offered.isCached && !isLocal ? steps.map(addingOnly) : steps, node);
      latest = await node.catch(() => latest);
      await onDone?.(results, node);
      const durationMs = clock.now() - start;
      for (const {level, message, fields} of history.record(results, start, durationMs)) log[level](fields, message);
      metrics.pass(results, durationMs / 1000);
      tellOver();
      return results.every(isGood);
    },
  });
  return {
    offer(offered) {
      newest = offered;
      loop.offer(offered);
    },
    nudge: () => loop.nudge(),
    get node() {
      return latest;
    },
    get objects() {
      return {steps, node: latest};
    },
    look: async () => newest && readNode(newest),
    passed: () => next.promise,
    async run(signal) {
      await loop.run(signal);
      // No further one will come.
      next.resolve();
    },
  };
}
