import path from 'node:path';
import type {BirdFile} from '../../core/desired-bird-files.ts';
import type {FileSystem} from '../../system/file-system.ts';
import {includedPatterns} from './includes.ts';

const deepest = 8;

/** Every file that the set takes in besides itself: what other programs and operators keep in conf.d, and what those include in turn. Sorted by path. */
export async function readIncluded(
  set: readonly BirdFile[],
  files: Pick<FileSystem, 'read' | 'readFolder' | 'kindOf'>,
): Promise<BirdFile[]> {
  const own = new Set(set.map(file => file.path));
  const found = new Map<string, BirdFile>();
  const matches = async (pattern: string): Promise<[string, string][]> => {
    const folder = path.dirname(pattern);
    if (!/[*?[]/.test(pattern)) {
      // Reading a pipe may take for ever; staging refuses it.
      if ((await files.kindOf(pattern)) !== 'file') return [];
      const text = await files.read(pattern);
      return text === undefined ? [] : [[pattern, text]];
    }
    const isNew = (name: string) => path.matchesGlob(name, path.basename(pattern)) && !own.has(path.join(folder, name));
    const texts = await files.readFolder(folder, isNew);
    return [...texts].map(([name, text]) => [path.join(folder, name), text]);
  };

  let level: readonly Pick<BirdFile, 'path' | 'text'>[] = set;
  for (let depth = 0; depth < deepest && level.length > 0; depth += 1) {
    const next: BirdFile[] = [];
    for (const pattern of new Set(level.flatMap(file => includedPatterns(file.text, file.path)))) {
      for (const [file, text] of await matches(pattern)) {
        if (own.has(file) || found.has(file)) continue;
        const included = {path: file, text, source: ''};
        found.set(file, included);
        next.push(included);
      }
    }
    level = next;
  }
  return [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
