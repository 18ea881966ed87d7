import path from 'node:path';
import type {BirdFile} from '../../core/desired-bird-files.ts';
import {InputError} from '../../core/errors.ts';
import type {FileSystem} from '../../system/file-system.ts';
import type {Run} from '../../system/run.ts';
import {includesFile, repointIncludes} from './includes.ts';
import {BirdRejectedError, explainRejection} from './rejection.ts';

export interface BirdCheckOptions {
  readonly run: Run;
  readonly files: FileSystem;
  readonly birdConf: string;
  readonly confDir: string;
  /** Where the copy goes for the check; removed afterwards. */
  readonly stageDir: string;
}

/** A check of a set of files, those of other programs in conf.d included, by `bird -p` on a copy. Rejects with BirdRejectedError. */
export type BirdCheck = (files: readonly BirdFile[]) => Promise<void>;

export function createBirdCheck({run, files, birdConf, confDir, stageDir}: BirdCheckOptions): BirdCheck {
  const stagedConf = path.join(stageDir, 'bird.conf');
  const stagedDir = path.join(stageDir, 'conf.d');
  const stagedPath = (live: string) => (live === birdConf ? stagedConf : path.join(stagedDir, path.basename(live)));

  return async set => {
    requireInclude(set, birdConf, confDir);
    await files.remove(stageDir);
    try {
      for (const {path: live, text} of set) {
        await files.write(stagedPath(live), repointIncludes(text, live, {folder: confDir, copy: stagedDir}), 0o600);
      }
      await run('bird', ['-p', '-c', stagedConf]);
    } catch (error) {
      throw checkError(error, set);
    } finally {
      await files.remove(stageDir);
    }
  };

  function checkError(error: unknown, set: readonly BirdFile[]): unknown {
    const failure = commandFailure(error);
    if (failure === undefined) return error;
    // Without an exit status, or with that of "ip netns exec", the program never ran.
    if (/ENOENT|exec of "bird" failed/.test(failure.message)) {
      return new Error('cannot check the BIRD configuration: "bird -p" cannot be run: BIRD is not installed on this host', {cause: error});
    }
    const live = `${failure.stdout}${failure.stderr}`
      .replaceAll(`${stagedDir}${path.sep}`, `${confDir}${path.sep}`)
      .replaceAll(stagedConf, birdConf);
    return live.trim() === '' ? error : new BirdRejectedError(explainRejection(live, set, birdConf), error);
  }
}

function requireInclude(set: readonly BirdFile[], birdConf: string, confDir: string): void {
  const publisher = path.join(confDir, 'publisher.conf');
  const main = set.find(file => file.path === birdConf);
  if (main === undefined) throw new InputError('ERR_BIRD_CONF_MISSING', `there is no ${birdConf}`);
  if (!set.some(file => file.path === publisher) || set.some(({text, path: live}) => includesFile(text, live, publisher))) return;
  const pattern = path.join(path.relative(path.dirname(birdConf), confDir), '*.conf');
  const wanted = `add the line include "${pattern.startsWith('..') ? path.join(confDir, '*.conf') : pattern}";`;
  throw new InputError(
    'ERR_BIRD_INCLUDE',
    `${main.source || birdConf} does not include ${publisher}, nothing would be announced: ${wanted}`,
  );
}

/** The runner's CommandFailedError, known by its code. */
function commandFailure(error: unknown): {message: string; stdout: string; stderr: string} | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_COMMAND_FAILED') return undefined;
  const text = (name: 'stdout' | 'stderr') => (name in error ? String(Reflect.get(error, name)) : '');
  return {message: error.message, stdout: text('stdout'), stderr: text('stderr')};
}
