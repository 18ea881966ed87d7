import {link, mkdir, readdir, readFile, rename, rm, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {isMissing, type Owner, readFileIfPresent, replaceFile} from './files.ts';

/** The file system, handed in so that tests can let it fail. */
export interface FileSystem {
  /** A file's text, or undefined when there is no such file. */
  read(file: string): Promise<string | undefined>;
  /** The text of every regular file of a folder by its name, hidden ones left out; empty when there is no such folder. */
  readFolder(folder: string): Promise<ReadonlyMap<string, string>>;
  /** Writes without the care that a live file needs. Makes the folder if missing. */
  write(file: string, text: string, mode: number): Promise<void>;
  /** Replaces a file in one step. */
  replace(file: string, text: string, mode: number, owner?: Owner): Promise<void>;
  /** Keeps a file's present content under a second name, whatever happens to the first. */
  keep(file: string, copy: string): Promise<void>;
  /** Removes a file or a whole folder, if it is there. */
  remove(path: string): Promise<void>;
  ownerOf(path: string): Promise<Owner | undefined>;
}

export const systemFiles: FileSystem = {
  read: readFileIfPresent,
  async readFolder(folder) {
    const names = await unlessMissing(readdir(folder), []);
    const texts = await Promise.all(
      names.filter(name => !name.startsWith('.')).map(async name => [name, await readRegular(path.join(folder, name))] as const),
    );
    return new Map(texts.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
  },
  async write(file, text, mode) {
    await mkdir(path.dirname(file), {recursive: true});
    await writeFile(file, text, {mode});
  },
  replace: replaceFile,
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
  async ownerOf(target) {
    return unlessMissing(stat(target), undefined);
  },
};

async function readRegular(file: string): Promise<string | undefined> {
  const found = await unlessMissing(stat(file), undefined);
  return found?.isFile() ? await unlessMissing(readFile(file, 'utf8'), undefined) : undefined;
}

async function unlessMissing<Value, Other>(promise: Promise<Value>, other: Other): Promise<Value | Other> {
  try {
    return await promise;
  } catch (error) {
    if (isMissing(error)) return other;
    throw error;
  }
}
