import path from 'node:path';
import type {BirdFile} from '../../core/desired-bird-files.ts';
import {InputError} from '../../core/errors.ts';
import type {FileSystem, Owner} from '../../system/file-system.ts';
import type {Run} from '../../system/run.ts';
import {includedPatterns, includesFile, repointIncludes} from './includes.ts';
import {BirdRejectedError, explainRejection, NotIncludedError} from './rejection.ts';

export interface StagingOptions {
  readonly run: Run;
  readonly files: FileSystem;
  readonly birdConf: string;
  readonly confDir: string;
  /** Where the copy goes. */
  readonly stageDir: string;
  /** The program that checks; default "bird". */
  readonly birdCommand?: string;
}

/** A copy of everything that BIRD would read, beside the live files, that it can be asked about before anything live is touched. */
export interface Staging {
  /** The copy's bird.conf. */
  readonly birdConf: string;
  /** Puts the copy down; BIRD's own user may read it. The set is whole: the included files of others belong to it. */
  write(set: readonly BirdFile[], owner?: Owner): Promise<void>;
  /** Has the copy written to the disk, while there are other things to wait for. */
  flush(set: readonly BirdFile[]): Promise<void>;
  /** Asks `bird -p` about the copy. Rejects with BirdRejectedError. */
  check(set: readonly BirdFile[]): Promise<void>;
  /** Moves the copy of a file there; false where it is not the same byte by byte, or lies on another file system. */
  putCopy(file: BirdFile, place: string): Promise<boolean>;
  /** The live places in what BIRD says about the copy. */
  toLive(message: string): string;
  remove(): Promise<void>;
}

/** A check of a whole set of files by `bird -p` on a copy. Rejects with BirdRejectedError. */
export function createBirdCheck(options: StagingOptions): (set: readonly BirdFile[]) => Promise<void> {
  const staging = createStaging(options);
  return async set => {
    try {
      await staging.write(set);
      await staging.check(set);
    } finally {
      await staging.remove();
    }
  };
}

export function createStaging({run, files, birdConf, confDir, stageDir, birdCommand = 'bird'}: StagingOptions): Staging {
  const stagedConf = path.join(stageDir, 'bird.conf');
  const stagedDir = path.join(stageDir, 'conf.d');
  const stagedPath = (live: string) => {
    if (live === birdConf) return stagedConf;
    // What lies elsewhere is nobody's to change here, and is included where it lies.
    return path.dirname(live) === path.resolve(confDir) ? path.join(stagedDir, path.basename(live)) : undefined;
  };
  const repoint = (text: string, live: string) => repointIncludes(text, live, {folder: confDir, copy: stagedDir});
  const toLive = (message: string) =>
    message.replaceAll(`${stagedDir}${path.sep}`, `${confDir}${path.sep}`).replaceAll(stagedConf, birdConf);

  return {
    birdConf: stagedConf,
    toLive,

    async write(set, owner) {
      requireInclude(set, birdConf, confDir);
      await requireReadable(set, files);
      await files.remove(stageDir);
      await files.makeFolder(stagedDir, 0o750, owner);
      await files.makeFolder(stageDir, 0o750, owner);
      await Promise.all(
        set.map(async ({path: live, text}) => {
          const copy = stagedPath(live);
          if (copy !== undefined) await files.write(copy, repoint(text, live), 0o640, owner);
        }),
      );
    },

    async flush(set) {
      const copies = set.flatMap(({path: live}) => stagedPath(live) ?? []);
      await Promise.all(copies.map(copy => files.flush(copy)));
    },

    async check(set) {
      try {
        await run(birdCommand, ['-p', '-c', stagedConf]);
      } catch (error) {
        throw checkError(error, set);
      }
    },

    async putCopy({path: live, text}, place) {
      const copy = stagedPath(live);
      return copy !== undefined && repoint(text, live) === text && files.move(copy, place);
    },

    remove: () => files.remove(stageDir),
  };

  function checkError(error: unknown, set: readonly BirdFile[]): unknown {
    const failure = commandFailure(error);
    if (failure === undefined) return error;
    // Without an exit status, or with that of "ip netns exec", the program never ran.
    if (/ENOENT|exec of ".*" failed|: not found$/m.test(failure.message)) {
      return new Error(`cannot check the BIRD configuration: "${birdCommand} -p" cannot be run: BIRD is not installed on this host`, {
        cause: error,
      });
    }
    const live = toLive(`${failure.stdout}${failure.stderr}`);
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
  throw new NotIncludedError(main.source || birdConf, `does not include ${publisher}, nothing would be announced: ${wanted}`);
}

/** BIRD would wait for ever for what never ends, such as a pipe. */
async function requireReadable(set: readonly BirdFile[], files: Pick<FileSystem, 'kindOf'>): Promise<void> {
  for (const {text, path: live, source} of set) {
    for (const target of includedPatterns(text, live).filter(pattern => !/[*?[]/.test(pattern))) {
      if ((await files.kindOf(target)) === 'other')
        throw new NotIncludedError(source || live, `includes ${target}, which is no regular file`);
    }
  }
}

/** The runner's CommandFailedError, known by its code. */
function commandFailure(error: unknown): {message: string; stdout: string; stderr: string} | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_COMMAND_FAILED') return undefined;
  const text = (name: 'stdout' | 'stderr') => (name in error ? String(Reflect.get(error, name)) : '');
  return {message: error.message, stdout: text('stdout'), stderr: text('stderr')};
}
