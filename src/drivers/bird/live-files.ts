import path from 'node:path';
import type {BirdFile} from '../../core/desired-bird-files.ts';
import type {FileSystem, Owner} from '../../system/file-system.ts';
import {type AcceptedMark, hashOf, markName, parseMark} from './accepted-mark.ts';
import {readIncluded} from './include-tree.ts';

export interface LiveFilesOptions {
  readonly files: FileSystem;
  readonly birdConf: string;
  readonly confDir: string;
  readonly birdSocket: string;
}

/** What lies on disk. */
export interface LiveState {
  /** Of our two files those that are there. */
  readonly own: readonly BirdFile[];
  /** What they include besides. */
  readonly included: readonly BirdFile[];
  readonly mark: AcceptedMark | undefined;
  /** On disk is what BIRD has accepted. */
  readonly isAsAccepted: boolean;
}

export type LiveFiles = ReturnType<typeof createLiveFiles>;

/** The files that BIRD reads, as they lie on disk: ours, the mark of what it accepted, and copies of the last good ones while a new set is tried by signal. */
export function createLiveFiles({files, birdConf, confDir, birdSocket}: LiveFilesOptions) {
  const publisher = path.join(confDir, 'publisher.conf');
  const markFile = path.join(confDir, markName);
  // bird.conf comes last: it must not include what is not there yet.
  const paths = [publisher, birdConf];
  let mark: AcceptedMark | undefined;
  // A program before this one may have left some.
  let hasCopies = true;
  // A file may be large; one that nobody has touched since is not read again.
  const seen = new Map<string, {readonly stamp: string; readonly file: BirdFile}>();

  const readOwn = async (file: string, accepted: AcceptedMark | undefined): Promise<BirdFile | undefined> => {
    const stamp = await files.stampOf(file);
    const known = seen.get(file);
    if (stamp !== undefined && known?.stamp === stamp) return known.file;
    const text = await files.read(file);
    const found = text === undefined ? undefined : {path: file, text, source: accepted?.sources[file] ?? ''};
    if (stamp === undefined || found === undefined) seen.delete(file);
    else seen.set(file, {stamp, file: found});
    return found;
  };

  return {
    publisher,

    /** As last read or written. */
    get mark() {
      return mark;
    },

    async read(): Promise<LiveState> {
      const reading = files.read(markFile);
      const found = paths.map(async file => readOwn(file, parseMark(await reading)));
      const own = (await Promise.all(found)).filter(file => file !== undefined);
      // Somebody may have emptied conf.d: what was accepted is true still.
      mark = parseMark(await reading) ?? mark;
      const included = await readIncluded(own, files);
      return {own, included, mark, isAsAccepted: mark?.hash === hashOf([...own, ...included])};
    },

    /** Who must be able to read what we write: BIRD may run as its own user, as its socket tells, its process, or what was last written for it. */
    async owner(pid?: number): Promise<Owner | undefined> {
      const traces = [birdSocket, ...(pid === undefined ? [] : [`/proc/${pid}`]), publisher, birdConf];
      for (const trace of [...traces, path.dirname(birdConf)]) {
        const owner = await files.ownerOf(trace);
        if (owner !== undefined) return owner;
      }
      return undefined;
    },

    /**
     * Makes the set live, each file in one step; files of ours that it does not have go. `putReady` puts a file there that lies ready, if one does. Of several
     * files none is touched before there is space for all: BIRD may be started at any time, and must not find new ones beside old ones.
     */
    async install(
      set: readonly BirdFile[],
      {own}: Pick<LiveState, 'own'>,
      owner: Owner | undefined,
      putReady: (file: BirdFile, place: string) => Promise<boolean> = async () => false,
    ): Promise<void> {
      const textOf = (file: string, texts: readonly BirdFile[]) => texts.find(candidate => candidate.path === file)?.text;
      const changed = paths.flatMap(file => set.filter(({path: name, text}) => name === file && text !== textOf(file, own)));
      const placeOf = changed.length > 1 ? (file: string) => besides(file, 'next') : (file: string) => file;
      try {
        for (const file of changed) {
          const place = placeOf(file.path);
          // Templates may hold passwords: BIRD's own group reads, others do not.
          if (!(await putReady(file, place))) await files.replace(place, file.text, {mode: 0o640, owner});
        }
        for (const file of paths) {
          const wanted = changed.find(candidate => candidate.path === file);
          if (wanted === undefined && textOf(file, set) === undefined && textOf(file, own) !== undefined) await files.remove(file);
          if (wanted === undefined) continue;
          if (placeOf(file) !== file) await files.move(placeOf(file), file);
          const stamp = await files.stampOf(file);
          if (stamp !== undefined) seen.set(file, {stamp, file: wanted});
        }
      } catch (error) {
        for (const {path: file} of changed) if (placeOf(file) !== file) await files.remove(placeOf(file));
        throw error;
      }
    },

    /** Keeps what lies there under other names, whatever is installed. */
    async keepCopies({own}: LiveState): Promise<void> {
      hasCopies = true;
      for (const file of own) await files.keep(file.path, copyOf(file.path));
    },

    /** The kept files, if they are what was last accepted. */
    async acceptedCopies({mark, included}: LiveState): Promise<readonly BirdFile[] | undefined> {
      const texts = await Promise.all(paths.map(file => files.read(copyOf(file))));
      const copies = paths.flatMap((file, index) => {
        const text = texts[index];
        return text === undefined ? [] : [{path: file, text, source: mark?.sources[file] ?? ''}];
      });
      return mark !== undefined && mark.hash === hashOf([...copies, ...included]) ? copies : undefined;
    },

    /** Puts a kept file there, also where there is no space for another copy; it stays kept. */
    async putKept({path: file}: BirdFile, place: string): Promise<boolean> {
      await files.keep(copyOf(file), place);
      return true;
    },

    /** What lies there is accepted now, or is what the next start of BIRD shall read. */
    async forgetCopies(): Promise<void> {
      if (!hasCopies) return;
      for (const file of paths) await files.remove(copyOf(file));
      hasCopies = false;
    },

    async writeMark(wanted: AcceptedMark | undefined): Promise<void> {
      mark = wanted;
      if (mark === undefined) await files.remove(markFile);
      // It holds what templates are made of, passwords among it. Without it a configuration is only looked at more closely.
      else await files.replace(markFile, `${JSON.stringify(mark)}\n`, {mode: 0o600, isDurable: false});
    },
  };
}

function copyOf(file: string): string {
  return besides(file, 'last-good');
}

/** A hidden name, so that no `*.conf` or `*` of BIRD's takes it. */
function besides(file: string, kind: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.${kind}`);
}
