/** A piece of output: a part of each rendered line that it touches. */
export interface Piece {
  readonly text: string;
  readonly parts: readonly LinePart[];
}

interface LinePart {
  /** The template's line that it comes from. */
  readonly line: number;
  readonly isEmpty: boolean;
  readonly isVisible: boolean;
}

/** A piece of the template's own text, which goes on to the next line at each line end. */
export function textPiece(text: string, line: number): Piece {
  return {text, parts: text.split('\n').map((part, index) => linePart(part, line + index))};
}

/** Makes pieces of the values of one tag: all of a value comes from the line where the tag stands. There may be many, and most are one visible word. */
export function valuePieces(line: number): (text: string) => Piece {
  const word: readonly LinePart[] = [{line, isEmpty: false, isVisible: true}];
  return text => ({text, parts: /^\S[^\n]*$/.test(text) ? word : text.split('\n').map(part => linePart(part, line))});
}

function linePart(text: string, line: number): LinePart {
  return {line, isEmpty: text === '', isVisible: /\S/.test(text)};
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
  let text = '';

  for (const piece of pieces) {
    text += piece.text;
    for (const [index, part] of piece.parts.entries()) {
      if (index > 0) {
        lines.push(current ?? last);
        current = undefined;
        isVisible = false;
      }
      last = part.line;
      if (part.isEmpty || isVisible) continue;
      if (current === undefined || part.isVisible) current = part.line;
      isVisible = part.isVisible;
    }
  }
  lines.push(current ?? last);
  return {text, lines};
}
