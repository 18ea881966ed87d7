import type {DrainPhase} from '../core/drain.ts';
import type {EndpointFacts} from '../core/endpoint.ts';
import type {KeptBird} from '../core/kept-bird.ts';
import type {NodeState} from '../core/node-state.ts';
import type {State} from '../core/state.ts';
import type {StepResult} from '../reconcile/reconcile.ts';
import type {Clock} from '../system/clock.ts';
import type {Logger} from '../system/log.ts';
import type {HostDrain} from './drain.ts';
import {type History, isGood} from './history.ts';
import {createLane, type Lane, type LaneSteps, type Offered} from './lane.ts';
import type {AgentMetrics} from './metrics.ts';
import {type OwnedObject, readObjects} from './objects.ts';
import type {Vips} from './vips/vips.ts';

/** What a pass reads from the machine before it decides. */
export type MachineFacts = Pick<NodeState, 'mainRoutes' | 'interfaces' | 'kernelSettings' | 'templates' | 'self'>;

export interface AgentOptions {
  readonly settings: NodeState['settings'];
  readonly lanes: {
    /** What hangs on nothing else: routes to other hosts. They follow at once, and wait for nobody. */
    readonly routes: LaneSteps;
    /** What is wanted by this host itself: its endpoints. */
    readonly endpoints: LaneSteps & {readFacts(): Promise<EndpointFacts>};
    /** What belongs together: this host's own prefixes, and BIRD that announces them. */
    readonly host: LaneSteps;
  };
  /** With templates and kernel settings or, for routes that do not hang on them, without. */
  readFacts(withFiles: boolean): Promise<MachineFacts>;
  /** What BIRD announces by the last configuration of this agent's, for passes that withdraw nothing. */
  readKept(): Promise<KeptBird | undefined>;
  readonly drain: Pick<HostDrain, 'update' | 'settled'>;
  /** Undefined where they are switched off. */
  vips(): Pick<Vips, 'facts' | 'settled'> | undefined;
  readonly history: History;
  readonly metrics: AgentMetrics;
  readonly clock: Clock;
  readonly log: Logger;
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
  /** The passes over endpoints. */
  readonly endpoints: Pick<Lane, 'node' | 'look' | 'passed' | 'nudge'>;
  /** Everything of ours that should be on this host, beside what is there now. */
  readObjects(): Promise<readonly OwnedObject[]>;
  run(signal: AbortSignal): Promise<void>;
}

/** The reconcile loops of a host. */
export function createAgent({settings, lanes, readFacts, readKept, drain, vips, ...parts}: AgentOptions): Agent {
  const readKnown = async ({state, isCached}: Offered, withFiles: boolean) => {
    const [facts, kept] = await Promise.all([readFacts(withFiles), isCached && withFiles ? readKept() : undefined]);
    const own = withFiles ? vips()?.facts() : undefined;
    return {settings, state, ...facts, ...(own && {vips: own}), ...(kept && {kept})};
  };
  const endpoints = createLane({
    ...parts,
    ...lanes.endpoints,
    isLocal: true,
    async readNode(offered) {
      const [known, facts] = await Promise.all([readKnown(offered, false), lanes.endpoints.readFacts()]);
      return {...known, endpoints: facts, drain: 'none'};
    },
  });
  const endpointsPassed = endpoints.passed();
  const host = createLane({
    ...parts,
    ...lanes.host,
    async readNode(offered) {
      // After a boot: what is announced can be reached.
      await endpointsPassed;
      const known = await readKnown(offered, true);
      return {...known, drain: drainWith(known.kept, await drain.update(known))};
    },
    async onDone(results: readonly StepResult[], node: Promise<NodeState>) {
      const bird = results.find(({name}) => name === 'bird');
      if (bird !== undefined && !isGood(bird) && !isNotRunning(bird.error)) return;
      const done = await node;
      vips()?.settled(done.vips?.leaving ?? []);
      if (bird === undefined) return;
      // A BIRD that does not run announces nothing, and its next start finds files without what was withdrawn.
      if (isGood(bird) || done.drain === 'drained') await drain.settled(done.drain);
    },
  });
  const routes = createLane({
    ...parts,
    ...lanes.routes,
    // Ways to other hosts do not hang on whether this one is in use.
    readNode: async offered => ({...(await readKnown(offered, false)), drain: 'none'}),
  });
  const all = [routes, endpoints, host];
  const offer = (offered: Offered) => {
    for (const lane of all) lane.offer(offered);
  };
  return {
    offer: state => offer({state, isCached: false}),
    offerCached: state => offer({state, isCached: true}),
    nudge() {
      for (const lane of all) lane.nudge();
    },
    get node() {
      return host.node;
    },
    endpoints,
    readObjects: () =>
      readObjects(
        all.map(({objects}) => objects),
        parts.clock,
      ),
    async run(signal) {
      await Promise.all(all.map(lane => lane.run(signal)));
    },
  };
}

/** What is announced still is not withdrawn before the store says so itself. */
function drainWith(kept: KeptBird | undefined, phase: DrainPhase): DrainPhase {
  return phase === 'drained' && kept !== undefined && kept.routes.length > 0 ? 'draining' : phase;
}

function isNotRunning(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BIRD_NOT_RUNNING';
}
