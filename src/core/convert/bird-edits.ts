/** A replacement of a part of a text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A part of a text with the replacements that lie in it. */
export function edited(text: string, edits: readonly Edit[], from = 0, to = text.length): string {
  let result = '';
  let at = from;
  const inside = edits.filter(({start, end}) => start >= from && end <= to && !(start === to && from !== to));
  for (const {start, end, text: replacement} of inside.toSorted((a, b) => a.start - b.start)) {
    if (start < at) continue;
    result += text.slice(at, start) + replacement;
    at = end;
  }
  return result + text.slice(at, to);
}
