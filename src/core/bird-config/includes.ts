import path from 'node:path';

/** BIRD itself goes no deeper. */
export const maxIncludeDepth = 8;

/** The files that an include takes, in BIRD's order. A relative pattern counts from the including file's folder; one without wildcards names one file. */
export function includedFiles(pattern: string, {from, files}: {from: string; files: Iterable<string>}): string[] {
  const target = path.isAbsolute(pattern) ? path.normalize(pattern) : path.join(path.dirname(from), pattern);
  const parts = target.split('/').map(partPattern);
  return [...files].filter(file => isMatch(path.normalize(file).split('/'), parts)).toSorted(byBytes);
}

function isMatch(parts: readonly string[], patterns: ReadonlyArray<RegExp | string>): boolean {
  return parts.length === patterns.length && parts.every((part, index) => isPartMatch(part, patterns[index] ?? ''));
}

function isPartMatch(part: string, pattern: RegExp | string): boolean {
  return typeof pattern === 'string' ? part === pattern : pattern.test(part);
}

/** One part of glob(7): wildcards stop at a slash and leave hidden files alone. */
function partPattern(part: string): RegExp | string {
  if (!/[*?[]/.test(part)) return part;
  const source = part.replaceAll(/\*+|\?|\[([!^]?)(\]?[^\]]*)\]|./gs, (piece, not: string | undefined, set: string | undefined) => {
    if (piece.startsWith('*')) return '[^]*';
    if (piece === '?') return '[^]';
    if (set === undefined || set === '') return piece.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
    return `[${not === '' ? '' : '^'}${set.replaceAll(/[\\[\]^]/g, String.raw`\$&`)}]`;
  });
  try {
    return new RegExp(part.startsWith('.') ? `^${source}$` : `^(?!\\.)${source}$`);
  } catch {
    // A range such as [z-a] matches nothing in glob(7), either.
    return part;
  }
}

function byBytes(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
