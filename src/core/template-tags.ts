import type {Position} from './template-error.ts';

/** A `{{…}}` of a template's text. `inner` is what stands between the braces, without white-space marks and blanks at its ends. */
export interface Tag extends Position {
  readonly tag: string;
  readonly inner: string;
}

const pattern = /\\?\{\{(?:~?!--[\s\S]*?--~?\}\}|\{?(?<inner>[\s\S]*?)\}\}\}?)/g;

/** Every tag of a template, comments and `\{{` left out. Works on text that no parser takes. */
export function findTags(text: string): Tag[] {
  const starts = lineStarts(text);
  return [...text.matchAll(pattern)].flatMap(match => {
    const inner = match.groups?.['inner']?.replace(/^[~-]?\s*|\s*[~-]?$/g, '');
    if (inner === undefined || inner.startsWith('!') || match[0].startsWith('\\')) return [];
    return [{tag: match[0], inner, ...positionAt(starts, match.index)}];
  });
}

/** The offset at which each line starts. */
export function lineStarts(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({index}) => index + 1)];
}

export function positionAt(starts: readonly number[], offset: number): Position {
  const index = Math.max(
    0,
    starts.findLastIndex(start => start <= offset),
  );
  return {line: index + 1, column: offset - (starts[index] ?? 0) + 1};
}
