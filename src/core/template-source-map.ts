/** A piece of output and the template line that it begins on. Text of the template goes on to the next line at each line end, a value does not. */
export interface Piece {
  readonly text: string;
  readonly line: number;
  readonly isValue: boolean;
}

export interface RenderedText {
  readonly text: string;
  /** The template's line of each rendered line, both counted from 1: `lines[0]` belongs to the first rendered line. */
  readonly lines: readonly number[];
}

/** Joins pieces of output. A rendered line belongs to the template line of its first visible character, else of its first piece. */
export function joinPieces(pieces: readonly Piece[]): RenderedText {
  const lines: number[] = [];
  let current: number | undefined;
  let isVisible = false;
  let last = 1;

  const see = (part: string, line: number) => {
    last = line;
    if (part === '' || (current !== undefined && isVisible)) return;
    const partIsVisible = /\S/.test(part);
    if (current === undefined || partIsVisible) current = line;
    isVisible = partIsVisible;
  };

  for (const {text, line, isValue} of pieces) {
    // Most pieces are parts of one line; there are many of them.
    if (!text.includes('\n')) {
      see(text, line);
      continue;
    }
    const parts = text.split('\n');
    for (const [index, part] of parts.entries()) {
      see(part, isValue ? line : line + index);
      if (index === parts.length - 1) continue;
      lines.push(current ?? last);
      current = undefined;
      isVisible = false;
    }
  }
  lines.push(current ?? last);
  return {text: pieces.map(({text}) => text).join(''), lines};
}
