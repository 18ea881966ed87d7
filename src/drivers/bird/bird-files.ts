import path from 'node:path';
import {type BirdFile, headerStart} from '../../core/desired-bird-files.ts';
import type {Plan} from '../../reconcile/diff.ts';
import type {Driver} from '../../reconcile/driver.ts';
import type {Clock} from '../../system/clock.ts';
import type {FileSystem} from '../../system/file-system.ts';
import type {Run} from '../../system/run.ts';
import {type AcceptedMark, hashOf} from './accepted-mark.ts';
import {type BirdControl, BirdNotRunningError} from './control-socket.ts';
import {createLiveFiles, type LiveState, present} from './live-files.ts';
import {BirdRejectedError, explainRejection, type Rejection} from './rejection.ts';
import {createReload} from './reload.ts';
import {createBirdCheck} from './staging.ts';

export interface BirdFilesOptions {
  readonly run: Run;
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly control: BirdControl;
  readonly birdConf: string;
  readonly confDir: string;
  readonly birdSocket: string;
  readonly birdPidFile: string;
  /** Sends the signal of the fallback; the default is the system's. */
  readonly signal?: (pid: number, name: 'SIGHUP') => void;
}

export interface BirdFilesStatus {
  readonly accepted: AcceptedMark | undefined;
  /** The set that is wanted and that BIRD refuses; the accepted one is still live. */
  readonly rejected: (Rejection & {readonly at: number}) | undefined;
  /** The templates of the set that was last accepted or tried. */
  readonly chosen: readonly string[];
}

export interface BirdFilesDriver extends Driver<BirdFile> {
  status(): BirdFilesStatus;
}

/** Keeps bird.conf and publisher.conf. What counts is what BIRD has accepted, not what lies on disk; a set that it refuses leaves the last good one live. */
export function createBirdFiles({
  run,
  files,
  clock,
  control,
  signal = process.kill.bind(process),
  ...paths
}: BirdFilesOptions): BirdFilesDriver {
  const {birdConf, birdPidFile, birdSocket} = paths;
  const live = createLiveFiles({files, ...paths});
  const check = createBirdCheck({run, files, ...paths, stageDir: path.join(path.dirname(birdConf), '.romana-staged')});
  const reload = createReload({control, files, clock, birdPidFile, signal});
  let accepted: AcceptedMark | undefined;
  let rejected: {readonly key: string; readonly at: number; readonly error: BirdRejectedError} | undefined;
  let checked = '';
  let chosen: readonly string[] | undefined;

  return {
    name: 'bird',
    keyOf: file => file.path,
    isEqual: (a, b) => a.text === b.text && a.isAccepted !== false && b.isAccepted !== false,

    async read() {
      const {texts, mark} = await live.read();
      accepted = mark;
      // Files that no agent has put there are somebody else's, even under the names that are meant for ours.
      if (mark === undefined && texts.get(live.publisher)?.startsWith(headerStart) !== true) return [];
      // While a refused set is wanted, nothing counts as equal, so that apply() is asked again and the failure stays reported.
      const isAccepted = mark?.hash === hashOf(present(texts)) && rejected === undefined;
      return present(texts).map(file => ({...file, source: mark?.sources[file.path] ?? '', isAccepted}));
    },

    async apply(plan) {
      const before = await live.read();
      if (plan.remove.length > 0) await remove(plan.remove, before);
      else await put(overlay(before, plan), before);
    },

    status() {
      const {at, error} = rejected ?? {};
      const rejection = error && {file: error.file, line: error.line, column: error.column, reason: error.reason, text: error.text};
      return {
        accepted,
        rejected: rejection && at !== undefined ? {...rejection, at} : undefined,
        chosen: chosen ?? Object.values(accepted?.sources ?? {}),
      };
    },
  };

  async function put(wanted: readonly BirdFile[], before: LiveState): Promise<void> {
    const set = [...wanted, ...(await live.readForeign())];
    const key = hashOf(set);
    chosen = wanted.map(({source}) => source).filter(source => source !== '');
    if (rejected?.key === key) throw rejected.error;
    const hash = hashOf(wanted);
    const isLive = hash === hashOf(present(before.texts)) && hash === before.mark?.hash;
    if (!isLive) await goLive(wanted, set, key, before);
    rejected = undefined;
  }

  async function goLive(wanted: readonly BirdFile[], set: readonly BirdFile[], key: string, before: LiveState): Promise<void> {
    if (checked !== key) await check(set).catch((error: unknown) => refuse(error, key));
    checked = key;
    const good = await live.lastGood(before);
    await live.install(new Map(wanted.map(file => [file.path, file.text])), before);
    const result = await reload().catch((error: unknown) => {
      throw error instanceof BirdNotRunningError ? notRunning(error) : error;
    });
    if (result.how === 'refused') {
      await live.install(good);
      // BIRD still runs the old set; reading it again makes sure that it and the disk agree. The refusal is what matters, also if this fails.
      await reload().catch(() => undefined);
      await live.forgetCopies();
      refuse(new BirdRejectedError(explainRejection(result.message, set, birdConf)), key);
    } else {
      const sources = Object.fromEntries(wanted.map(file => [file.path, file.source]));
      accepted = {hash: hashOf(wanted), at: clock.now(), how: result.how, sources};
      await live.writeMark(accepted);
      await live.forgetCopies();
    }
  }

  /** Withdraws first, while bird.conf is still there to be read. */
  async function remove(removed: readonly BirdFile[], {texts}: LiveState): Promise<void> {
    await live.writeMark(undefined);
    const without = new Map([...texts].filter(([file]) => !removed.some(item => item.path === file)));
    await live.install(new Map([...without, [birdConf, texts.get(birdConf)]]));
    await reload().catch((error: unknown) => {
      if (!(error instanceof BirdNotRunningError)) throw error;
    });
    await live.install(without);
    accepted = undefined;
    rejected = undefined;
  }

  function refuse(error: unknown, key: string): never {
    if (error instanceof BirdRejectedError) rejected = {key, at: clock.now(), error};
    throw error;
  }

  function notRunning(cause: unknown): BirdNotRunningError {
    const why = `nobody listens on ${birdSocket}, and ${birdPidFile} names no running BIRD`;
    return new BirdNotRunningError(`BIRD is not running: ${why}. The new files are checked and in place, its next start loads them`, {
      cause,
    });
  }
}

function overlay({texts, mark}: LiveState, {create, update}: Plan<BirdFile>): BirdFile[] {
  const merged = new Map(present(texts).map(file => [file.path, {...file, source: mark?.sources[file.path] ?? ''}] as [string, BirdFile]));
  for (const file of [...create, ...update]) merged.set(file.path, file);
  return [...merged.values()];
}
