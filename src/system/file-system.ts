import type {Stats} from 'node:fs';
import {chmod, chown, link, open, readdir, readFile, rename, rm, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {isMissing, makeFolder, type Owner, type ReplaceOptions, readFileIfPresent, replaceFile} from './files.ts';

export type {Owner} from './files.ts';

/** The file system, handed in so that tests can let it fail. */
export interface FileSystem {
  /** A file's text, or undefined when there is no such file. */
  read(file: string): Promise<string | undefined>;
  /** What a file holds from that byte on; '' when there is no such file, or it is shorter. */
  readFrom(file: string, offset: number): Promise<string>;
  /** Another one after every change of the file; undefined when there is no such file. */
  stampOf(file: string): Promise<string | undefined>;
  /** In bytes; 0 when there is no such file. */
  sizeOf(file: string): Promise<number>;
  /** The text of every regular file of a folder, or of those that are wanted, by its name, hidden ones left out; empty when there is no such folder. */
  readFolder(folder: string, isWanted?: (name: string) => boolean): Promise<ReadonlyMap<string, string>>;
  /** What else than regular files a folder has, by its name, in words ("a folder", "a link that leads nowhere"), hidden ones left out; links are followed. */
  readOthers(folder: string): Promise<ReadonlyMap<string, string>>;
  /** Writes without the care that a live file needs. Makes the folder if missing. */
  write(file: string, text: string, mode: number, owner?: Owner): Promise<void>;
  /** Makes a folder and those around it; only its own mode and owner are as given, also when it was there. */
  makeFolder(folder: string, mode: number, owner?: Owner): Promise<void>;
  /** Replaces a file in one step. */
  replace(file: string, text: string, options: ReplaceOptions): Promise<void>;
  /** Has a file written to the disk, so that it does not have to be waited for when it is moved. */
  flush(file: string): Promise<void>;
  /** Puts a file in another's place in one step; false when the two are not on the same file system, and nothing was done. */
  move(file: string, target: string): Promise<boolean>;
  /** Keeps a file's present content under a second name, whatever happens to the first. */
  keep(file: string, copy: string): Promise<void>;
  /** Removes a file or a whole folder, if it is there. */
  remove(path: string): Promise<void>;
  /** What there is, links followed; undefined for nothing. */
  kindOf(path: string): Promise<'file' | 'folder' | 'other' | undefined>;
  ownerOf(path: string): Promise<Owner | undefined>;
}

export const systemFiles: FileSystem = {
  read: readFileIfPresent,
  async readFrom(file, offset) {
    const handle = await unlessMissing(open(file), undefined);
    if (handle === undefined) return '';
    try {
      const {size} = await handle.stat();
      const {buffer, bytesRead} = await handle.read({buffer: Buffer.alloc(Math.max(0, size - offset)), position: offset});
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  },
  async stampOf(file) {
    const found = await unlessMissing(stat(file, {bigint: true}), undefined);
    return found && `${found.dev} ${found.ino} ${found.size} ${found.ctimeNs}`;
  },
  sizeOf: async file => (await unlessMissing(stat(file), undefined))?.size ?? 0,
  async readFolder(folder, isWanted = () => true) {
    const names = await unlessMissing(readdir(folder), []);
    const texts = await Promise.all(
      names
        .filter(name => !name.startsWith('.') && isWanted(name))
        .map(async name => [name, await readRegular(path.join(folder, name))] as const),
    );
    return new Map(texts.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
  },
  async readOthers(folder) {
    const entries = await unlessMissing(readdir(folder, {withFileTypes: true}), []);
    const others = entries.filter(entry => !entry.name.startsWith('.') && !entry.isFile());
    const described = await Promise.all(
      others.map(async entry => [entry.name, await describeOther(path.join(folder, entry.name), entry.isSymbolicLink())] as const),
    );
    return new Map(described.flatMap(([name, words]) => (words === undefined ? [] : [[name, words]])));
  },
  async write(file, text, mode, owner) {
    const write = () => writeFile(file, text, {mode});
    await write().catch(async (error: unknown) => {
      if (!isMissing(error)) throw error;
      await makeFolder(path.dirname(file));
      await write();
    });
    if (owner !== undefined) await giveTo(file, owner);
  },
  async makeFolder(folder, mode, owner) {
    await makeFolder(folder);
    await chmod(folder, mode);
    if (owner !== undefined) await giveTo(folder, owner);
  },
  replace: replaceFile,
  flush,
  async move(file, target) {
    await flush(file);
    try {
      await rename(file, target);
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EXDEV') return false;
      throw error;
    }
  },
  async keep(file, copy) {
    const fresh = `${copy}.new`;
    await rm(fresh, {force: true});
    await link(file, fresh);
    await rename(fresh, copy);
    // Renaming one name of a file over another of the same file does nothing, and leaves both.
    await rm(fresh, {force: true});
  },
  async remove(target) {
    await rm(target, {recursive: true, force: true});
  },
  async kindOf(target) {
    const found = await unlessMissing(stat(target), undefined);
    if (found === undefined) return undefined;
    return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
  },
  async ownerOf(target) {
    return unlessMissing(stat(target), undefined);
  },
};

async function flush(file: string): Promise<void> {
  const handle = await open(file);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Only root may give files away. */
async function giveTo(target: string, {uid, gid}: Owner): Promise<void> {
  if (process.getuid?.() === 0) await chown(target, uid, gid);
}

async function readRegular(file: string): Promise<string | undefined> {
  const found = await targetOf(file);
  return found?.isFile() ? await unlessMissing(readFile(file, 'utf8'), undefined) : undefined;
}

/** Undefined for a regular file, and for what has gone meanwhile. */
async function describeOther(file: string, isLink: boolean): Promise<string | undefined> {
  const found = await targetOf(file);
  if (found === undefined) return isLink ? 'a link that leads nowhere' : undefined;
  if (found.isFile()) return undefined;
  if (found.isDirectory()) return 'a folder';
  return found.isFIFO() ? 'a pipe' : 'a device or socket';
}

/** What a path leads to. A link that leads to itself leads nowhere. */
function targetOf(file: string): Promise<Stats | undefined> {
  return stat(file).catch((error: unknown) => {
    if (isMissing(error) || isLoop(error)) return undefined;
    throw error;
  });
}

function isLoop(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ELOOP';
}

async function unlessMissing<Value, Other>(promise: Promise<Value>, other: Other): Promise<Value | Other> {
  try {
    return await promise;
  } catch (error) {
    if (isMissing(error)) return other;
    throw error;
  }
}
