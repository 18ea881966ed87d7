import type {DrainPhase} from '../core/drain.ts';
import type {KeptBird} from '../core/kept-bird.ts';
import type {NodeState} from '../core/node-state.ts';
import type {State} from '../core/state.ts';
import {createLoop} from '../reconcile/loop.ts';
import {reconcile} from '../reconcile/reconcile.ts';
import {addingOnly, type Step} from '../reconcile/step.ts';
import type {Clock} from '../system/clock.ts';
import type {Logger} from '../system/log.ts';
import type {HostDrain} from './drain.ts';
import {type History, isGood} from './history.ts';
import type {AgentMetrics} from './metrics.ts';

/** What a pass reads from the machine before it decides. */
export type MachineFacts = Pick<NodeState, 'mainRoutes' | 'interfaces' | 'kernelSettings' | 'templates' | 'self'>;

export interface AgentOptions {
  readonly settings: NodeState['settings'];
  readonly steps: ReadonlyArray<Step<NodeState>>;
  readFacts(): Promise<MachineFacts>;
  /** What BIRD announces by the last configuration of this agent's, for passes that withdraw nothing. */
  readKept(): Promise<KeptBird | undefined>;
  readonly drain: Pick<HostDrain, 'update' | 'settled'>;
  readonly history: History;
  readonly metrics: AgentMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settleMs: number;
  readonly minIntervalMs: number;
}

export interface Agent {
  /** Hands over the newest whole state of the store. Nothing on the host is touched before the first. */
  offer(state: State): void;
  /**
   * Hands over a state that was cached earlier. Until the store has told its own, passes add and update, and remove nothing: what is there may be newer.
   */
  offerCached(state: State): void;
  /** Something on the machine has changed (a template, for one): look again. */
  nudge(): void;
  /** Everything that the last pass decided from; undefined before the first. */
  readonly node: NodeState | undefined;
  run(signal: AbortSignal): Promise<void>;
}

const retryMs = 500;
const maxRetryMs = 10_000;
const resyncMs = 10_000;

/** The reconcile loop of a host. */
export function createAgent({
  settings,
  steps,
  readFacts,
  readKept,
  drain,
  history,
  metrics,
  clock,
  log,
  settleMs,
  minIntervalMs,
}: AgentOptions): Agent {
  let isAsked = true;
  let latest: NodeState | undefined;
  const loop = createLoop<Offered>({
    clock,
    settleMs,
    minIntervalMs,
    retryMs,
    maxRetryMs,
    resyncMs,
    async pass({state, isCached}) {
      // What a pass finds after a failed one is work left over, not somebody else's doing.
      const isUnasked = !isAsked && history.last?.isGood === true;
      isAsked = false;
      const lastSelf = latest?.self;
      const start = clock.now();
      // Not awaited here: the steps look at the machine at the same time.
      const node = Promise.all([readFacts(), isCached ? readKept() : undefined]).then(async ([facts, kept]): Promise<NodeState> => {
        const known = {settings, state, ...facts, ...(kept && {kept})};
        return {...known, drain: drainWith(kept, await drain.update(known))};
      });
      const results = await reconcile(isCached ? steps.map(addingOnly) : steps, node);
      latest = await node.catch(() => latest);
      // Nobody need have said yet that the host has another address.
      const isResync = isUnasked && latest?.self === lastSelf;
      const bird = results.find(({name}) => name === 'bird');
      if (bird !== undefined && (isGood(bird) || isNotRunning(bird.error))) {
        const done = await node;
        // A BIRD that does not run announces nothing, and its next start finds files without what was withdrawn.
        if (isGood(bird) || done.drain === 'drained') await drain.settled(done.drain);
      }
      const durationMs = clock.now() - start;
      for (const {level, message, fields} of history.record(results, start, durationMs, isResync)) log[level](fields, message);
      metrics.pass(results, durationMs / 1000, isResync);
      return history.last?.isGood === true;
    },
  });
  return {
    offer(state) {
      isAsked = true;
      loop.offer({state, isCached: false});
    },
    offerCached(state) {
      isAsked = true;
      loop.offer({state, isCached: true});
    },
    nudge() {
      isAsked = true;
      loop.nudge();
    },
    get node() {
      return latest;
    },
    run: signal => loop.run(signal),
  };
}

interface Offered {
  readonly state: State;
  readonly isCached: boolean;
}

/** What is announced still is not withdrawn before the store says so itself. */
function drainWith(kept: KeptBird | undefined, phase: DrainPhase): DrainPhase {
  return phase === 'drained' && kept !== undefined && kept.routes.length > 0 ? 'draining' : phase;
}

function isNotRunning(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BIRD_NOT_RUNNING';
}
