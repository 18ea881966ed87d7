import {stat, statfs} from 'node:fs/promises';

/** The number by which the kernel knows the network namespace at a path; undefined where there is none. */
export async function readNamespaceId(path: string): Promise<string | undefined> {
  try {
    if ((await statfs(path)).type !== namespaceFileSystem) return undefined;
    return String((await stat(path)).ino);
  } catch {
    return undefined;
  }
}

// NSFS_MAGIC in linux/magic.h.
const namespaceFileSystem = 0x6e736673;
