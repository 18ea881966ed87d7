import type {BirdSet, BirdWish} from '../../core/desired-bird.ts';
import {InputError} from '../../core/errors.ts';
import {NotYetError} from '../../reconcile/driver.ts';
import type {Clock} from '../../system/clock.ts';
import type {FileSystem} from '../../system/file-system.ts';
import {type AcceptedMark, frameHash, hashOf} from './accepted-mark.ts';
import {otherNeighbourAs, type ProtocolStates, sessionsWith, upSessions} from './baseline.ts';
import type {BirdProcess} from './bird-process.ts';
import {readBirdStatus} from './bird-status.ts';
import type {Configure} from './configure.ts';
import {type BirdControl, BirdNotRunningError} from './control-socket.ts';
import type {Flight} from './flight.ts';
import {readIncluded} from './include-tree.ts';
import type {LiveFiles} from './live-files.ts';
import {createPublication, type Job} from './publication.ts';
import {type Refusal, type Refusals, refusedMark} from './refusals.ts';
import {BirdRejectedError, BirdUnconfirmedError, explainRejection, GuardRefusedError, isRejection} from './rejection.ts';
import {createReview, type Review, type Warning, type WholeSet} from './review.ts';
import {createSettling, runsAnother, runsAsAccepted, type Situation} from './situation.ts';
import type {Staging} from './staging.ts';

export interface GoLiveParts {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly control: BirdControl;
  readonly birdConf: string;
  readonly live: LiveFiles;
  readonly process: BirdProcess;
  readonly configure: Configure;
  readonly staging: Staging;
  readonly refusals: Refusals;
  readonly flight: Flight;
  /** Counts what was handed to BIRD. */
  count(result: 'accepted' | 'refused' | 'undone' | 'failed'): void;
}

/** The way of a set into BIRD: guards, a check on a copy, a trial, and only then the live files. */
export function createGoLive(parts: GoLiveParts) {
  const {files, clock, control, birdConf, live, process, configure, staging, refusals, flight, count} = parts;
  const publication = createPublication({...parts, bird: process});
  const review = createReview({birdConf, publisher: live.publisher});
  const settling = createSettling({live, control}, clock);
  let warnings: readonly Warning[] = [];
  let checked: readonly string[] = [];

  return {
    /** What the guards have against the set that was last let through. */
    get warnings() {
      return warnings;
    },
    noteSessions: settling.note,

    /** Why this set is not to be tried. */
    async refusalOf(set: BirdSet, {mark}: Situation): Promise<Refusal | undefined> {
      if (refusals.isEmpty) return undefined;
      const {key} = await wholeOf(set);
      return refusals.find(isOtherFrame(set, mark) ? [key, frameHash(set.frame)] : [key]);
    },

    run,
  };

  /** Makes BIRD run with the set. Rejects with NotYetError while it is on trial, with a rejection, BirdNotRunningError or BirdControlError. */
  async function run(set: BirdSet, wish: BirdWish, situation: Situation): Promise<void> {
    const whole = await wholeOf(set);
    const isUnknown = situation.isAsAccepted && !runsAsAccepted(situation);
    if (situation.isAsAccepted && situation.mark?.hash === whole.key) return isUnknown ? bringBack(situation) : undefined;
    // What was accepted is nowhere any more: its sessions cannot come up before it is there again, so that nobody must wait for them.
    const isLost = runsAnother(situation) && !situation.isAsAccepted;
    if (runsAnother(situation)) settling.begin();
    if (isLost) await buildAnew(set, wish, situation);
    let isHandedOver = false;
    try {
      // Where BIRD is down, nothing is written pass after pass.
      if (situation.connection.how !== 'none' || !checked.includes(whole.key)) await stage(whole, situation);
      // While another process reads the files, BIRD says what is up, and the guards look at them here.
      const checking = check(whole);
      checking.catch(() => undefined);
      const states = await statesOf(situation);
      const judged = await reviewBeside(checking, () => review(beforeOf(situation, wish), whole, wish.announces));
      warnings = judged.warnings;
      // With the templates of the last accepted set BIRD may read the new routes meanwhile: it takes nothing that it cannot read, and what it takes
      // is confirmed only then.
      const isSameButRoutes = judged.touches === 'nothing' && !isOtherFrame(set, situation.mark) && !isUnknown;
      const mayOverlap = isSameButRoutes && situation.connection.how === 'socket' && wish.announces.confirmSeconds > 0;
      if (!mayOverlap) await checking;
      if (situation.connection.how === 'none') return await installOnly(set, wish, situation, situation.connection.error);
      // Where only routes change, what was accepted and has to be brought back comes with the new set.
      const before = judged.touches === 'nothing' || isLost ? states : await settledStates(situation, judged);
      const otherAs = wish.announces.confirmSeconds === 0 ? undefined : otherNeighbourAs(before, judged.before, judged.after);
      if (otherAs !== undefined) throw new GuardRefusedError(otherAs, whole.files);
      isHandedOver = true;
      // What fails here fails again when the files are moved, and is dealt with there.
      staging.flush(set.files).catch(() => undefined);
      await publish({set, whole, announces: wish.announces, review: judged, checking, live: situation}, before, situation);
    } catch (error) {
      // What was handed over is kept where its trial ends.
      if (!isHandedOver && isRejection(error) && refusals.find([whole.key]) === undefined) await keepRefusal(error, set, whole, situation);
      throw error;
    } finally {
      if (!isHandedOver) await staging.remove();
    }
  }

  async function statesOf({connection}: Situation): Promise<ProtocolStates> {
    return connection.how === 'socket' ? publication.readStates() : new Map();
  }

  /** What is up with the last accepted configuration, once all is that was. Rejects with NotYetError before. */
  async function settledStates(situation: Situation, {before}: Review): Promise<ProtocolStates> {
    if (situation.isAsAccepted && !runsAsAccepted(situation)) await bringBack(situation);
    const states = await statesOf(situation);
    const {connection} = situation;
    const neighbours = connection.how === 'signal' ? await process.readNeighbours(connection.pid) : [];
    const up = connection.how === 'signal' ? [...neighbours].flatMap(neighbour => sessionsWith(before, neighbour)) : upSessions(states);
    const missing = settling.missing(up, situation);
    if (missing.length > 0)
      throw new NotYetError(`${missing.join(', ')} to be up with the last accepted configuration, before a new one is tried`);
    await settling.keep(states, situation);
    return states;
  }

  async function wholeOf({files: own}: BirdSet): Promise<WholeSet> {
    const all = [...own, ...(await readIncluded(own, files))];
    return {key: hashOf(all), files: all};
  }

  /** BIRD runs something that nobody here has left: it was started anew, somebody else has configured it, or a trial was broken off. */
  async function bringBack({mark, connection, included, own}: Situation): Promise<void> {
    settling.begin();
    if (connection.how === 'none') throw notRunning(connection.error);
    if (mark === undefined) return;
    if (connection.how === 'signal') {
      await process.reload(connection.pid);
      await live.writeMark({...mark, how: 'signalled'});
      return;
    }
    const loaded = await configure.load(birdConf);
    if (loaded.isRefused) throw new BirdRejectedError(explainRejection(loaded.message, [...own, ...included], birdConf));
    await live.writeMark({...mark, how: 'configured', configuredAt: (await readBirdStatus(control)).configuredAt});
  }

  /** The same where the files are gone, too, before templates are tried that are new. Rejects with NotYetError when BIRD has it again. */
  async function buildAnew(set: BirdSet, wish: BirdWish, situation: Situation): Promise<void> {
    const {mark} = situation;
    if (mark?.frame === undefined || !isOtherFrame(set, mark)) return;
    try {
      await run(wish.buildWith(mark.frame), wish, situation);
    } catch (error) {
      if (isRejection(error) || error instanceof InputError) return;
      throw error;
    }
    throw new NotYetError('its turn: BIRD had lost the last accepted configuration and has it again, the new one comes next');
  }

  /** What was accepted, even if somebody has taken it off the disk; else what BIRD has had before there was an agent. */
  function beforeOf({isAsAccepted, mark, own, included}: Situation, {buildWith}: BirdWish): WholeSet | undefined {
    if (mark === undefined) return own.length === 0 ? undefined : {key: hashOf([...own, ...included]), files: [...own, ...included]};
    if (isAsAccepted || review.knows(mark.hash)) return {key: mark.hash, files: [...own, ...included]};
    return mark.frame && {key: `again ${mark.hash}`, files: [...buildWith(mark.frame).files, ...included]};
  }

  async function stage(whole: WholeSet, {connection}: Situation): Promise<void> {
    await staging.write(whole.files, await live.owner(connection.how === 'signal' ? connection.pid : undefined));
  }

  async function check(whole: WholeSet): Promise<void> {
    if (checked.includes(whole.key)) return;
    await staging.check(whole.files);
    // While BIRD is down there are two: what is wanted, and what its next start is to read.
    checked = [...checked, whole.key].slice(-2);
  }

  async function publish(job: Job, before: ProtocolStates, {connection, mark}: Situation): Promise<void> {
    const work = async (onWaiting: (waitingFor: readonly string[]) => void) => {
      try {
        const accepted =
          connection.how === 'signal'
            ? await publication.bySignal(job, connection.pid, onWaiting)
            : await publication.bySocket(job, before, onWaiting);
        const sessions = settling.upWith(job.review.after, accepted.sessions);
        await Promise.all([live.writeMark({...accepted, sessions, refused: mark?.refused}), staging.remove()]);
        await live.forgetCopies();
        count('accepted');
      } catch (error) {
        if (isRejection(error)) {
          await keepRefusal(error, job.set, job.whole, job.live);
          await live.forgetCopies();
        } else count('failed');
        await staging.remove();
        throw error;
      }
    };
    await flight.start(work, job.announces.confirmSeconds);
  }

  /** A trial that failed has cost a session, so it is not tried again with other prefixes either, unless it is those that made the difference. */
  async function keepRefusal(
    error: Parameters<Refusals['add']>[1],
    set: BirdSet,
    whole: WholeSet,
    {mark}: {mark: AcceptedMark | undefined},
  ): Promise<void> {
    count(error instanceof BirdUnconfirmedError ? 'undone' : 'refused');
    const key = error instanceof BirdUnconfirmedError && isOtherFrame(set, mark) ? frameHash(set.frame) : whole.key;
    const refused = refusedMark(key, refusals.add(key, error));
    if (mark !== undefined && refused !== undefined) await live.writeMark({...mark, refused});
  }

  /** BIRD does not run. What its next start will read may have other prefixes, but not templates that nobody has tried. */
  async function installOnly(wanted: BirdSet, {buildWith}: BirdWish, situation: Situation, cause: BirdNotRunningError): Promise<never> {
    const {mark} = situation;
    const isNew = mark?.frame !== undefined && isOtherFrame(wanted, mark);
    const set = isNew && mark?.frame !== undefined ? buildWith(mark.frame) : wanted;
    const whole = await wholeOf(set);
    if (!situation.isAsAccepted || whole.key !== mark?.hash) {
      await stage(whole, situation);
      await check(whole);
      await live.install(set.files, situation, await live.owner());
      const sources = Object.fromEntries(set.files.map(file => [file.path, file.source]));
      const rest = {sessions: mark?.sessions ?? [], configuredAt: '', refused: mark?.refused};
      await live.writeMark({hash: whole.key, at: clock.now(), how: 'installed', sources, frame: set.frame, ...rest});
    }
    await live.forgetCopies();
    throw notRunning(cause, isNew);
  }

  function notRunning(cause: BirdNotRunningError, isNew = false): BirdNotRunningError {
    const what = isNew
      ? 'The new templates are tried when it runs again'
      : 'The new files are checked and in place, its next start loads them';
    return new BirdNotRunningError(`BIRD is not running: ${cause.message.replace(/: BIRD is not running$/, '')}. ${what}`, {cause});
  }
}

/** True when a set comes from other templates or variables than what was last accepted. */
export function isOtherFrame({frame}: BirdSet, mark: AcceptedMark | undefined): boolean {
  return mark?.frame === undefined || frameHash(frame) !== frameHash(mark.frame);
}

/** Reviews while a check goes on. What BIRD itself has against a set says its place better than a guard, and goes first. */
async function reviewBeside(checking: Promise<unknown>, review: () => Review): Promise<Review> {
  try {
    return review();
  } catch (error) {
    await checking;
    throw error;
  }
}
