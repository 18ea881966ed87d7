import type {Announcement, BirdSet} from '../../core/desired-bird.ts';
import type {Clock} from '../../system/clock.ts';
import type {FileSystem} from '../../system/file-system.ts';
import type {AcceptedHow, AcceptedMark} from './accepted-mark.ts';
import {baselineOf, isSession, type ProtocolStates, parseProtocolStates, upSessions} from './baseline.ts';
import type {BirdProcess} from './bird-process.ts';
import {readBirdStatus} from './bird-status.ts';
import type {Configure} from './configure.ts';
import type {BirdControl} from './control-socket.ts';
import type {LiveFiles, LiveState} from './live-files.ts';
import {BirdRejectedError, BirdUnconfirmedError, explainRejection} from './rejection.ts';
import type {Review, WholeSet} from './review.ts';
import type {Staging} from './staging.ts';
import {createTrial, type Seen, type TrialResult} from './trial.ts';
import {createSignalTrial} from './trial-by-signal.ts';

/** A set on its way to BIRD: reviewed, staged, and taken by `bird -p`. */
export interface Job {
  readonly set: BirdSet;
  readonly whole: WholeSet;
  readonly announces: Announcement;
  readonly review: Review;
  readonly live: LiveState;
}

export interface PublicationParts {
  readonly control: BirdControl;
  readonly configure: Configure;
  readonly bird: BirdProcess;
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly live: LiveFiles;
  readonly staging: Staging;
  readonly birdConf: string;
}

/** Hands a set over to a running BIRD, and gives the mark of what it accepted. Rejects with BirdRejectedError, BirdUnconfirmedError, or what BIRD's control says. */
export interface Publication {
  readStates(): Promise<ProtocolStates>;
  bySocket(job: Job, before: ProtocolStates, onWaiting: (waitingFor: readonly string[]) => void): Promise<AcceptedMark>;
  bySignal(job: Job, pid: number, onWaiting: (waitingFor: readonly string[]) => void): Promise<AcceptedMark>;
}

export function createPublication(parts: PublicationParts): Publication {
  const {control, configure, bird, files, clock, live, staging, birdConf} = parts;
  const tryBySocket = createTrial({control, configure, clock});
  const tryBySignal = createSignalTrial({files, bird, clock});

  const readStates = async () => parseProtocolStates(await control.command('show protocols all'));

  return {
    readStates,

    async bySocket(job, before, onWaiting) {
      const {announces, review, set, whole} = job;
      const baseline = baselineOf(before, review.before, review.after, mayLose(review, announces));
      const timeoutSeconds = announces.confirmSeconds;
      const result =
        timeoutSeconds === 0
          ? await loadUnconfirmed()
          : await tryBySocket({
              file: staging.birdConf,
              baseline,
              timeoutSeconds,
              observeMs: observeMs(review, announces, before),
              onWaiting,
            });
      const {states, configuredAt} = requireConfirmed(result, job) ?? {
        states: await readStates(),
        configuredAt: (await readBirdStatus(control)).configuredAt,
      };
      // Only now: up to here a BIRD that is started anew reads the old files.
      await live.install(set.files, job.live, await live.owner(), staging.sameCopy);
      return markOf(set, whole, {how: 'configured', configuredAt, sessions: upSessions(states)});
    },

    async bySignal(job, pid, onWaiting) {
      const {announces, review, set, whole} = job;
      const owner = await live.owner();
      // After a crash on the way, what was accepted lies in the copies.
      const good = job.live.isAsAccepted ? job.live.own : ((await live.acceptedCopies(job.live)) ?? job.live.own);
      if (job.live.isAsAccepted) await live.keepCopies(job.live);
      const result = await tryBySignal({
        pid,
        install: () => live.install(set.files, job.live, owner),
        restore: () => live.install(good, {own: set.files}, owner),
        logFile: /^[ \t]*log[ \t]+"([^"]+)"/m.exec(whole.files.find(({path}) => path === birdConf)?.text ?? '')?.[1],
        timeoutSeconds: announces.confirmSeconds,
        observeMs: review.touches === 'nothing' ? 0 : steadyMs(announces),
        onWaiting,
      });
      requireConfirmed(result, job);
      return markOf(set, whole, {how: 'signalled', configuredAt: '', sessions: []});
    },
  };

  async function loadUnconfirmed(): Promise<TrialResult> {
    const loaded = await configure.load(staging.birdConf);
    return loaded.isRefused ? {how: 'refused', message: loaded.message} : {how: 'confirmed'};
  }

  function requireConfirmed(result: TrialResult, {set, whole}: Job): Seen | undefined {
    if (result.how === 'refused') throw new BirdRejectedError(explainRejection(staging.toLive(result.message), whole.files, birdConf));
    if (result.how === 'undone') throw new BirdUnconfirmedError(result.reason, set.frame.publisher.file, result.isOurFault);
    return result.seen;
  }

  function markOf(
    {files: own, frame}: BirdSet,
    {key: hash}: WholeSet,
    rest: {how: AcceptedHow; configuredAt: string; sessions: readonly string[]},
  ): AcceptedMark {
    const sources = Object.fromEntries(own.map(file => [file.path, file.source]));
    return {hash, at: clock.now(), sources, frame, refused: undefined, ...rest};
  }
}

/** How many routes a session may be given fewer than before: those that are withdrawn, and what the guard against mass withdrawals lets pass. */
function mayLose({touches, before, after}: Review, {guards}: Announcement): (exported: number) => number {
  // Filters as before give what they gave before.
  if (touches === 'nothing' || before === undefined) return exported => exported;
  const prefixes = (config: NonNullable<Review['before']>) =>
    new Set([...config.protocols.values()].flatMap(({routes}) => routes.map(({prefix}) => prefix)));
  const kept = prefixes(after);
  const gone = [...prefixes(before)].filter(prefix => !kept.has(prefix)).length;
  return exported => gone + (exported * guards.maxWithdrawPercent) / 100;
}

/** A session that a change has harmed may look well for a while: BFD needs a moment to notice, OSPF the dead interval. */
function observeMs({touches}: Review, announces: Announcement, states: ProtocolStates): number {
  const sessions = [...states.values()].filter(state => state.isUp && isSession(state));
  if (touches === 'nothing' || sessions.length === 0) return 0;
  const hasOspf = sessions.some(({proto}) => proto.startsWith('OSPF'));
  return touches === 'ospf' && hasOspf ? Math.max(0, announces.confirmSeconds * 1000 - 1500) : steadyMs(announces);
}

function steadyMs({confirmSeconds}: Announcement): number {
  return Math.min(3000, confirmSeconds * 300);
}
