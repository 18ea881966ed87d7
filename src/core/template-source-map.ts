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
  let current: {line: number; isVisible: boolean} | undefined;
  let last = 1;
  for (const {text, line, isValue} of pieces) {
    for (const [index, part] of text.split('\n').entries()) {
      if (index > 0) {
        lines.push(current?.line ?? last);
        current = undefined;
      }
      last = isValue ? line : line + index;
      const isVisible = part.trim() !== '';
      if (part !== '' && (current === undefined || (isVisible && !current.isVisible))) current = {line: last, isVisible};
    }
  }
  lines.push(current?.line ?? last);
  return {text: pieces.map(({text}) => text).join(''), lines};
}
