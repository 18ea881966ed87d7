import path from 'node:path';
import type {BirdSet, BirdWish} from '../../core/desired-bird.ts';
import {headerStart} from '../../core/desired-bird-files.ts';
import {InputError} from '../../core/errors.ts';
import type {KeptBird} from '../../core/kept-bird.ts';
import {staticRoutesOf} from '../../core/static-routes.ts';
import type {Plan} from '../../reconcile/diff.ts';
import type {Driver} from '../../reconcile/driver.ts';
import type {Clock} from '../../system/clock.ts';
import type {FileSystem} from '../../system/file-system.ts';
import type {Run} from '../../system/run.ts';
import {type AcceptedMark, hashOf} from './accepted-mark.ts';
import {createBirdProcess} from './bird-process.ts';
import {createConfigure} from './configure.ts';
import type {Connection} from './connection.ts';
import {type BirdControl, BirdNotRunningError} from './control-socket.ts';
import {createFlight, type Trial} from './flight.ts';
import {createGoLive, isOtherFrame} from './go-live.ts';
import {createLiveFiles, type LiveState} from './live-files.ts';
import {createRefusals, type Refusal} from './refusals.ts';
import {isRejection, type Rejection} from './rejection.ts';
import type {Warning} from './review.ts';
import {readSituation, runsAsAccepted, type Situation} from './situation.ts';
import {createStaging} from './staging.ts';

export interface BirdOptions {
  readonly run: Run;
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly control: BirdControl;
  readonly birdConf: string;
  readonly confDir: string;
  readonly birdSocket: string;
  readonly birdPidFile: string;
  /** The program that checks; default "bird". */
  readonly birdCommand?: string;
  /** Sends the signal of the fallback; the default is the system's. */
  readonly signal?: (pid: number, name: 'SIGHUP') => void;
  /** A trial has ended for which no pass has waited. */
  readonly onLanded?: () => void;
}

/** The whole configuration of BIRD. `hash` tells two of them apart; there is a wish only on what is wanted. */
export interface BirdItem {
  readonly hash: string;
  readonly wish?: BirdWish;
}

export function birdItem(wish: BirdWish): BirdItem {
  return {hash: wish.today instanceof InputError ? 'refused' : hashOf(wish.today.files), wish};
}

export interface BirdFilesStatus {
  readonly accepted: AcceptedMark | undefined;
  /** What is wanted and refused; the accepted one is still live. */
  readonly rejected: (Rejection & {readonly at: number}) | undefined;
  /** The templates of what was last accepted or tried. */
  readonly chosen: readonly string[];
  readonly trial: Trial | undefined;
  readonly warnings: readonly Warning[];
  /** What is wanted is refused, and the prefixes of today are announced with the last good templates. */
  readonly withLastGoodTemplate: boolean;
  /** Configurations handed to BIRD since this program started, by how that ended. */
  readonly reloads: Readonly<Record<ReloadResult, number>>;
}

/** `refused`: by a guard, by `bird -p` or by BIRD; `undone`: taken back after a trial; `failed`: BIRD did not answer. */
export type ReloadResult = 'accepted' | 'refused' | 'undone' | 'failed';

export interface BirdDriver extends Driver<BirdItem> {
  status(): BirdFilesStatus;
  /** What an agent has left on disk; undefined where there is nothing of ours. */
  readKept(): Promise<KeptBird | undefined>;
}

/**
 * Keeps BIRD's configuration. What counts is what BIRD has accepted and runs with, not what lies on disk; a configuration that is refused leaves the
 * last good one live, and the prefixes of today are then announced with the templates of that one.
 */
export function createBird(options: BirdOptions): BirdDriver {
  const {files, clock, control, birdConf, birdPidFile, onLanded = () => undefined} = options;
  const {signal = globalThis.process.kill.bind(globalThis.process)} = options;
  const live = createLiveFiles(options);
  const process = createBirdProcess({files, clock, birdPidFile, signal});
  const configure = createConfigure(control, clock);
  const staging = createStaging({...options, stageDir: path.join(path.dirname(birdConf), '.romana-staged')});
  const refusals = createRefusals(clock);
  const flight = createFlight(clock, onLanded, isRejection);
  const reloads = {accepted: 0, refused: 0, undone: 0, failed: 0};
  const count = (result: ReloadResult) => {
    reloads[result] += 1;
  };
  const goLive = createGoLive({files, clock, control, birdConf, live, process, configure, staging, refusals, flight, count});
  let rejected: Refusal | undefined;
  let chosen: readonly string[] | undefined;
  let withLastGoodTemplate = false;
  // What read() has found, for the apply() that follows.
  let seen: Situation | undefined;

  const look = async (): Promise<Situation> => {
    const situation = await readSituation({live, control, process});
    // What a program before this one has found out.
    const {refused} = situation.mark ?? {};
    if (refused !== undefined) refusals.restore(refused);
    return situation;
  };

  return {
    name: 'bird',
    keyOf: () => 'bird',
    isEqual: (a, b) => a.hash === b.hash,

    async read() {
      const situation = await look();
      seen = situation;
      const {own} = situation;
      if (!isOurs(situation)) return [];
      // While something is refused or on trial, nothing counts as equal, so that apply() is asked again.
      const isSettled = runsAsAccepted(situation) && rejected === undefined && flight.trial === undefined;
      if (isSettled) await goLive.noteSessions(situation);
      return [{hash: isSettled ? hashOf(own) : ''}];
    },

    async apply({create, update, remove}: Plan<BirdItem>) {
      flight.requireLanded();
      const wish = [...create, ...update].find(item => item.wish !== undefined)?.wish;
      const situation = seen ?? (await look());
      seen = undefined;
      if (wish !== undefined) await put(wish, situation);
      else if (remove.length > 0) await withdraw(situation);
    },

    async readKept() {
      const state = await live.read();
      if (!isOurs(state)) return undefined;
      const {own, mark, isAsAccepted} = state;
      const routes = own.filter(file => file.path === live.publisher).flatMap(staticRoutesOf);
      return {isAccepted: isAsAccepted, files: own, routes, frame: mark?.frame};
    },

    status() {
      return {
        accepted: live.mark,
        rejected: rejected && {...rejectionOf(rejected.error), at: rejected.at},
        chosen: chosen ?? Object.values(live.mark?.sources ?? {}),
        trial: flight.trial,
        warnings: goLive.warnings,
        withLastGoodTemplate,
        reloads: {...reloads},
      };
    },
  };

  /** Files that no agent has put there are somebody else's, even under the names that are meant for ours. */
  function isOurs({own, mark}: LiveState): boolean {
    return mark !== undefined || own.some(file => file.path === live.publisher && file.text.startsWith(headerStart));
  }

  async function put(wish: BirdWish, situation: Situation): Promise<void> {
    const {today} = wish;
    if (today instanceof InputError) return fallBack(wish, situation, newRefusal(today));
    chosen = today.files.map(({source}) => source).filter(source => source !== '');
    const refusal = await goLive.refusalOf(today, situation);
    if (refusal !== undefined) return fallBack(wish, situation, refusal);
    try {
      await goLive.run(today, wish, situation);
    } catch (error) {
      if (isRejection(error)) return fallBack(wish, situation, (await goLive.refusalOf(today, situation)) ?? newRefusal(error));
      // BIRD is not there, or does not answer: nothing is known against what is wanted now.
      clearRejection();
      throw error;
    }
    clearRejection();
  }

  function clearRejection(): void {
    rejected = undefined;
    withLastGoodTemplate = false;
  }

  /** The templates of today are refused: announce the prefixes of today with the last good ones, then say what is wrong. */
  async function fallBack(wish: BirdWish, situation: Situation, refusal: Refusal): Promise<never> {
    rejected = refusal;
    withLastGoodTemplate = false;
    const set = lastGoodSet(wish, situation);
    if (set !== undefined && (await goLive.refusalOf(set, situation)) === undefined) {
      try {
        await goLive.run(set, wish, situation);
        withLastGoodTemplate = true;
      } catch (error) {
        if (!isRejection(error)) throw error;
      }
    }
    throw refusal.error;
  }

  /** The same mistake stays the same error, pass after pass. */
  function newRefusal(error: Error): Refusal {
    if (rejected?.error.message === error.message) return rejected;
    count('refused');
    return {at: clock.now(), error};
  }

  function lastGoodSet({today, buildWith}: BirdWish, {mark}: Situation): BirdSet | undefined {
    if (mark?.frame === undefined) return undefined;
    if (!(today instanceof InputError) && !isOtherFrame(today, mark)) return undefined;
    try {
      return buildWith(mark.frame);
    } catch (error) {
      if (error instanceof InputError) return undefined;
      throw error;
    }
  }

  /** Withdraws first, while bird.conf is still there to be read. */
  async function withdraw({own, connection}: Situation): Promise<void> {
    await live.writeMark(undefined);
    const main = own.filter(file => file.path === birdConf);
    await live.install(main, {own}, undefined);
    await readAnew(connection);
    await live.install([], {own: main}, undefined);
    rejected = undefined;
  }

  async function readAnew(connection: Connection): Promise<void> {
    try {
      if (connection.how === 'socket') await configure.load(birdConf);
      if (connection.how === 'signal') await process.reload(connection.pid);
    } catch (error) {
      if (!(error instanceof BirdNotRunningError)) throw error;
    }
  }
}

function rejectionOf(error: Error & Partial<Rejection>): Rejection {
  const {file = '', line, column, reason = error.message, text = ''} = error;
  return {file, line, column, reason, text};
}
