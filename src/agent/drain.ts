import {type DrainPhase, type DrainState, nextDrain} from '../core/drain.ts';
import type {NodeState} from '../core/node-state.ts';
import {contains, type Prefix} from '../core/prefix.ts';
import {type TemplateData, templateData} from '../core/publish.ts';
import type {OtherPaths} from '../drivers/bird/other-paths.ts';
import type {Clock} from '../system/clock.ts';
import type {Logger} from '../system/log.ts';
import type {Drain} from './status.ts';

/** What the drain asks BIRD. All may reject where BIRD does not answer. */
export interface DrainQuestions {
  /** The prefixes that BIRD's live files announce. */
  readLiveRoutes(): Promise<readonly Prefix[]>;
  /** Whether BIRD tries a configuration that is not live yet. */
  isOnTrial(): boolean;
  readOtherPaths(prefixes: readonly Prefix[]): Promise<OtherPaths>;
  /** Has the neighbours send their routes once more. */
  askNeighboursAgain(): Promise<void>;
}

export interface HostDrainOptions {
  readonly questions: DrainQuestions;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info'>;
  /** The phase may be over: another pass is due. */
  readonly onDue: () => void;
}

export interface HostDrain {
  /** Decides for one pass. */
  update(node: Omit<NodeState, 'drain'>): Promise<DrainPhase>;
  /** Takes in that BIRD runs with what a pass of this phase has wanted. */
  settled(phase: DrainPhase): Promise<void>;
  /** How far BIRD is with it: a host that is in use again is drained until BIRD has taken what it is to announce. */
  readonly status: Drain | undefined;
  /** Looks again every second while the host is draining. */
  run(signal: AbortSignal): Promise<void>;
}

const lookMs = 1000;

/** Takes this host out of use when the store says so: first its prefixes are announced as the last choice, then not at all. */
export function createHostDrain({questions, clock, log, onDue}: HostDrainOptions): HostDrain {
  let state: DrainState = {phase: 'none'};
  let begun: {readonly since: number; readonly deadline: number} | undefined;
  let candidates: Candidates = {networks: [], groups: [], all: []};
  let paths: OtherPaths | undefined;
  let settledPhase: DrainPhase | undefined = 'none';
  /** What is so until BIRD announces again. */
  let leaving: Drain | undefined;

  return {
    async update(node) {
      const {publish} = node.settings;
      const isWanted = node.state.hosts.get(node.self.name)?.drained === true;
      const [before, shown] = [state, statusNow()];
      if (isWanted) candidates = candidatesOf(templateData({...node, drain: 'none'}));
      if (before.phase === 'draining') await look();
      else if (before.phase === 'none') paths = undefined;
      state = nextDrain(before, {
        isWanted,
        isAnnouncing: isWanted && publish.enabled && (await mayAnnounce(before.phase)),
        hasOtherPaths: hasOtherPaths(),
        now: clock.now(),
        timeoutSeconds: publish.drain.timeoutSeconds,
      });
      if (state.phase === before.phase) return state.phase;
      settledPhase = publish.enabled ? undefined : state.phase;
      leaving = state.phase === 'none' ? shown : undefined;
      begun = state.phase === 'draining' ? state : state.phase === 'none' ? undefined : begun;
      log.info({prefixes: prefixCount(), withOtherPath: paths?.withOtherPath.size ?? 0}, sayings[state.phase]);
      return state.phase;
    },

    async settled(phase) {
      if (phase !== state.phase || settledPhase === phase) return;
      settledPhase = phase;
      if (phase === 'draining') await questions.askNeighboursAgain().catch(() => undefined);
    },

    get status() {
      return statusNow();
    },

    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(lookMs, signal);
        if (signal.aborted || state.phase !== 'draining') continue;
        await look();
        if (hasOtherPaths() || clock.now() >= state.deadline) onDue();
      }
    },
  };

  function statusNow(): Drain | undefined {
    if (state.phase === 'none') return settledPhase === 'none' ? undefined : leaving;
    const counts = {withOtherPath: paths?.withOtherPath.size ?? 0, prefixes: prefixCount()};
    if (state.phase === 'drained' && settledPhase === 'drained') return {state: 'drained', since: state.since, ...counts};
    const {since, deadline} = begun ?? {since: state.since, deadline: state.since};
    return {state: 'draining', since, deadline, ...counts};
  }

  /** That BIRD does not answer is for its driver to say; here the deadline counts then. */
  async function look(): Promise<void> {
    paths = await questions.readOtherPaths(candidates.all).catch(() => undefined);
  }

  function hasOtherPaths(): boolean {
    return paths !== undefined && paths.announced.size > 0 && paths.withOtherPath.size === paths.announced.size;
  }

  /** Whoever was here before may have withdrawn everything already, and it must not be announced again. */
  async function mayAnnounce(phase: DrainPhase): Promise<boolean> {
    if (phase !== 'none' || questions.isOnTrial()) return true;
    const own = new Set(candidates.all);
    const routes = await questions.readLiveRoutes();
    return routes.some(route => own.has(route) || candidates.groups.some(group => contains(group, route)));
  }

  function prefixCount(): number {
    return paths === undefined || paths.announced.size === 0 ? candidates.networks.length : paths.announced.size;
  }
}

const sayings: Readonly<Record<DrainPhase, string>> = {
  none: 'host is in use again',
  draining: 'host is being drained',
  drained: 'host is drained, its prefixes are withdrawn',
};

/** Everything of a host that its templates may announce. */
interface Candidates {
  readonly networks: readonly Prefix[];
  readonly groups: readonly Prefix[];
  readonly all: readonly Prefix[];
}

function candidatesOf({Networks, HostGroups, Vips}: TemplateData): Candidates {
  const groups = Object.values(HostGroups).map(({CIDR}) => CIDR);
  return {networks: Networks, groups, all: [...new Set([...Networks, ...groups, ...Vips])]};
}
