import {randomBytes} from 'node:crypto';
import {mkdir, open, readFile, rename, rm, stat} from 'node:fs/promises';
import path from 'node:path';

/** The user and group of a file. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface ReplaceOptions {
  readonly mode?: number;
  readonly owner?: Owner | undefined;
  /** False where after a power cut the file may be the old one, or broken. */
  readonly isDurable?: boolean;
}

/** Replaces a file's content in one step: a temporary file beside it, flushed, then renamed over it. Makes the folder if missing. */
export async function replaceFile(file: string, text: string, {mode = 0o644, owner, isDurable = true}: ReplaceOptions = {}): Promise<void> {
  await makeFolder(path.dirname(file));
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      // Only root may give files away.
      if (owner !== undefined && process.getuid?.() === 0) await handle.chown(owner.uid, owner.gid);
      await handle.writeFile(text);
      if (isDurable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, {force: true});
    throw error;
  }
}

/** Makes a folder with all that it lies in; does nothing where it is there. Node's own `recursive` never ends below /proc, where none can be made. */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  await makeFolderIn(folder, mode, false);
}

async function makeFolderIn(folder: string, mode: number, isAgain: boolean): Promise<void> {
  try {
    await mkdir(folder, mode);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST' && (await isFolder(folder))) return;
    const parent = path.dirname(folder);
    const isIn = code === 'ENOENT' && (await isFolder(parent));
    // Somebody else may have made it just now: only the second time there can be no folder in there.
    if (code !== 'ENOENT' || (isIn && isAgain)) throw error;
    if (!isIn) await makeFolder(parent, mode);
    await makeFolderIn(folder, mode, true);
  }
}

async function isFolder(name: string): Promise<boolean> {
  return stat(name).then(
    found => found.isDirectory(),
    () => false,
  );
}

/** A file's text, or undefined when there is no such file. */
export async function readFileIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
