import type {BirdConfig} from '../../core/bird-config/model.ts';
import {vipsIn} from '../../core/bird-config/vip-protocols.ts';
import type {Announcement, BirdSet} from '../../core/desired-bird.ts';
import {type Family, familyOf} from '../../core/prefix.ts';
import type {Clock} from '../../system/clock.ts';
import type {FileSystem} from '../../system/file-system.ts';
import type {AcceptedHow, AcceptedMark} from './accepted-mark.ts';
import {baselineOf, isSession, type ProtocolStates, parseProtocolStates, sessionsWith, upSessions} from './baseline.ts';
import type {BirdProcess} from './bird-process.ts';
import {readBirdStatus} from './bird-status.ts';
import type {Configure} from './configure.ts';
import type {BirdControl} from './control-socket.ts';
import type {LiveFiles, LiveState} from './live-files.ts';
import {BirdRejectedError, BirdUnconfirmedError, explainRejection} from './rejection.ts';
import type {Review, WholeSet} from './review.ts';
import type {Staging} from './staging.ts';
import {createTrial, type RefusedTrial, type TrialResult, type UndoneTrial} from './trial.ts';
import {createSignalTrial} from './trial-by-signal.ts';

/** A set on its way to BIRD: reviewed, staged, and taken by `bird -p`, or just before that. */
export interface Job {
  readonly set: BirdSet;
  readonly whole: WholeSet;
  readonly announces: Announcement;
  readonly review: Review;
  /** Rejects where `bird -p` refuses it. */
  readonly checking: Promise<void>;
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
      const baseline = baselineOf(before, review.before, review.after, leastOf(review, announces));
      const timeoutSeconds = announces.confirmSeconds;
      const result =
        timeoutSeconds === 0
          ? await loadUnconfirmed()
          : await tryBySocket({
              file: staging.birdConf,
              baseline,
              approval: job.checking,
              timeoutSeconds,
              observeMs: observeMs(review, announces, before),
              hearsOspf: review.touches === 'ospf',
              onWaiting,
            });
      const {states, configuredAt} = requireConfirmed(result, job).seen ?? {
        states: await readStates(),
        configuredAt: (await readBirdStatus(control)).configuredAt,
      };
      // Only now: up to here a BIRD that is started anew reads the old files.
      await live.install(set.files, job.live, await live.owner(), staging.putCopy);
      return markOf(set, whole, {how: 'configured', configuredAt, sessions: upSessions(states)});
    },

    async bySignal(job, pid, onWaiting) {
      const {announces, review, set, whole} = job;
      const owner = await live.owner(pid);
      // After a crash on the way, what was accepted lies in the copies.
      if (job.live.isAsAccepted) await live.keepCopies(job.live);
      const kept = await live.acceptedCopies(job.live);
      const good = kept ?? job.live.own;
      const result = await tryBySignal({
        pid,
        install: () => live.install(set.files, job.live, owner),
        restore: () => live.install(good, {own: set.files}, owner, kept && live.putKept),
        logFile: /^[ \t]*log[ \t]+"([^"]+)"/m.exec(whole.files.find(({path}) => path === birdConf)?.text ?? '')?.[1],
        timeoutSeconds: announces.confirmSeconds,
        observeMs: review.touches === 'nothing' ? 0 : steadyMs(announces),
        // One that only the old configuration names was meant to go.
        stays: neighbour => sessionsWith(review.after, neighbour).length > 0 || sessionsWith(review.before, neighbour).length === 0,
        onWaiting,
      });
      const {neighbours} = requireConfirmed(result, job);
      const sessions = [...neighbours].flatMap(neighbour => sessionsWith(review.after, neighbour));
      return markOf(set, whole, {how: 'signalled', configuredAt: '', sessions});
    },
  };

  async function loadUnconfirmed(): Promise<TrialResult> {
    const loaded = await configure.load(staging.birdConf);
    return loaded.isRefused ? {how: 'refused', message: loaded.message} : {how: 'confirmed'};
  }

  function requireConfirmed<Confirmed extends {readonly how: 'confirmed'}>(
    result: Confirmed | RefusedTrial | UndoneTrial,
    {set, whole}: Job,
  ): Confirmed {
    if (result.how === 'refused') throw new BirdRejectedError(explainRejection(staging.toLive(result.message), whole.files, birdConf));
    if (result.how === 'undone') throw new BirdUnconfirmedError(result.reason, set.frame.publisher.file, result.isOurFault);
    return result;
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

/** How many of its routes a session must be given again: those that stay, but for what the guard against mass withdrawals lets go. */
function leastOf({touches, before, after}: Review, {guards, everVips}: Announcement): (exported: number, channel: string) => number {
  // Filters as before give what they gave before.
  if (touches === 'nothing' || before === undefined) return () => 0;
  const prefixes = (config: BirdConfig) => new Set([...config.protocols.values()].flatMap(({routes}) => routes.map(({prefix}) => prefix)));
  const kept = prefixes(after);
  const vips = vipsIn(before).filter(prefix => everVips.includes(prefix));
  const gone = Map.groupBy([...[...prefixes(before)].filter(prefix => !kept.has(prefix)), ...vips], familyOf);
  const count = (family: Family) => gone.get(family)?.length ?? 0;
  // In BIRD 1.6, which has a single family, channels have a table's name.
  const goneOf = (channel: string) => (channel === 'ipv4' || channel === 'ipv6' ? count(channel) : count('ipv4') + count('ipv6'));
  return (exported, channel) => Math.ceil((Math.max(0, exported - goneOf(channel)) * (100 - guards.maxWithdrawPercent)) / 100);
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
