import path from 'node:path';

/** BIRD takes an include only at the start of a line. */
const pattern = /^(?<head>[ \t]*include[ \t]*")(?<target>.*)(?<tail>"[ \t]*;)/gm;

/** The file patterns that a file includes, as absolute paths. BIRD reads relative ones from the including file's folder. */
export function includedPatterns(text: string, file: string): string[] {
  // Most texts are long lists of routes without any.
  if (!text.includes('include')) return [];
  return [...text.matchAll(pattern)].map(({groups}) => path.resolve(path.dirname(file), groups?.['target'] ?? ''));
}

/** True when the file includes that other file, by its name or by a pattern. */
export function includesFile(text: string, file: string, other: string): boolean {
  return includedPatterns(text, file).some(
    target => path.dirname(target) === path.dirname(other) && path.matchesGlob(path.basename(other), path.basename(target)),
  );
}

/** The text for a copy elsewhere: includes of `folder` become those of `copy`, all others absolute. Lines keep their number. */
export function repointIncludes(text: string, file: string, {folder, copy}: {folder: string; copy: string}): string {
  if (!text.includes('include')) return text;
  return text.replaceAll(pattern, (_whole, head: string, target: string, tail: string) => {
    const absolute = path.resolve(path.dirname(file), target);
    const isStaged = path.dirname(absolute) === path.resolve(folder);
    return `${head}${isStaged ? path.join(copy, path.basename(absolute)) : absolute}${tail}`;
  });
}
