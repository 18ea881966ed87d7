import path from 'node:path';
import type {BirdFile} from '../../core/desired-bird-files.ts';
import type {FileSystem} from '../../system/file-system.ts';
import {type AcceptedMark, hashOf, markName, parseMark} from './accepted-mark.ts';

export interface LiveFilesOptions {
  readonly files: FileSystem;
  readonly birdConf: string;
  readonly confDir: string;
  readonly birdSocket: string;
}

/** What lies on disk. A text is undefined when there is no such file. */
export interface LiveState {
  readonly texts: ReadonlyMap<string, string | undefined>;
  readonly mark: AcceptedMark | undefined;
}

export type LiveFiles = ReturnType<typeof createLiveFiles>;

/** The files that BIRD reads, as they lie on disk: ours, the mark of what it accepted, and copies of the last good ones while a new set is tried. */
export function createLiveFiles({files, birdConf, confDir, birdSocket}: LiveFilesOptions) {
  const publisher = path.join(confDir, 'publisher.conf');
  const markFile = path.join(confDir, markName);
  // bird.conf comes last: it must not include what is not there yet.
  const paths = [publisher, birdConf];

  return {
    publisher,

    async read(): Promise<LiveState> {
      const texts = await Promise.all(paths.map(async file => [file, await files.read(file)] as const));
      return {texts: new Map(texts), mark: parseMark(await files.read(markFile))};
    },

    /** The files of other programs in conf.d. */
    async readForeign(): Promise<BirdFile[]> {
      const found = await files.readFolder(confDir);
      const foreign = [...found].map(([name, text]) => ({path: path.join(confDir, name), text, source: ''}));
      return foreign.filter(file => !paths.includes(file.path));
    },

    /** The set to go back to: what BIRD accepted, be it live or, after a crash on the way, in the copies; else what is live. */
    async lastGood({texts, mark}: LiveState): Promise<ReadonlyMap<string, string | undefined>> {
      if (mark === undefined || mark.hash === hashOf(present(texts))) return texts;
      const copies = await Promise.all(paths.map(async file => [file, (await files.read(copyOf(file))) ?? texts.get(file)] as const));
      return mark.hash === hashOf(present(new Map(copies))) ? new Map(copies) : texts;
    },

    /** Makes the texts live, each in one step; a file without text goes. With a `kept` state, copies of what it holds stay until forgetCopies. */
    async install(wanted: ReadonlyMap<string, string | undefined>, kept?: LiveState): Promise<void> {
      const owner = (await files.ownerOf(birdSocket)) ?? (await files.ownerOf(birdConf)) ?? (await files.ownerOf(path.dirname(birdConf)));
      const changed = await changedFiles(wanted, kept);
      if (changed.length > 0 && kept?.mark !== undefined && kept.mark.hash === hashOf(present(kept.texts))) {
        for (const file of present(kept.texts)) await files.keep(file.path, copyOf(file.path));
      }
      for (const file of changed) {
        const text = wanted.get(file);
        // BIRD may run as its own user, and templates may hold passwords: its own group reads, others do not.
        if (text === undefined) await files.remove(file);
        else await files.replace(file, text, 0o640, owner);
      }
    },

    async forgetCopies(): Promise<void> {
      for (const file of paths) await files.remove(copyOf(file));
    },

    async writeMark(mark: AcceptedMark | undefined): Promise<void> {
      if (mark === undefined) await files.remove(markFile);
      else await files.replace(markFile, `${JSON.stringify(mark)}\n`, 0o644);
    },
  };

  async function changedFiles(wanted: ReadonlyMap<string, string | undefined>, known?: LiveState): Promise<string[]> {
    const texts = known?.texts ?? new Map(await Promise.all(paths.map(async file => [file, await files.read(file)] as const)));
    return paths.filter(file => wanted.get(file) !== texts.get(file));
  }
}

/** The files that are there. */
export function present(texts: ReadonlyMap<string, string | undefined>): Array<{path: string; text: string}> {
  return [...texts].flatMap(([file, text]) => (text === undefined ? [] : [{path: file, text}]));
}

function copyOf(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.last-good`);
}
