/** Takes the output of a template, piece by piece. */
export interface Output {
  /** A piece of the template's own text, which goes on to the next line of it at each line end. */
  addText(text: string, line: number): void;
  /** The value of a tag, all of which comes from the line where the tag stands. */
  addValue(text: string, line: number): void;
}

/** Keeps the text. */
export function createTextOutput(): Output & {readonly text: string} {
  let text = '';
  const add = (piece: string) => {
    text += piece;
  };
  return {
    addText: add,
    addValue: add,
    get text() {
      return text;
    },
  };
}

/**
 * Keeps the template's line of each rendered line, both counted from 1. A rendered line belongs to the template line of its first visible character,
 * else of its first piece.
 */
export function createSourceMap(): Output & {lines(): readonly number[]} {
  const lines: number[] = [];
  let current: number | undefined;
  let isVisible = false;
  let last = 1;

  const endLine = () => {
    lines.push(current ?? last);
    current = undefined;
    isVisible = false;
  };
  const addPart = (part: string, line: number) => {
    last = line;
    if (part === '' || isVisible) return;
    const isSeen = /\S/.test(part);
    if (current === undefined || isSeen) current = line;
    isVisible = isSeen;
  };
  const addParts = (text: string, lineOf: (index: number) => number) => {
    for (const [index, part] of text.split('\n').entries()) {
      if (index > 0) endLine();
      addPart(part, lineOf(index));
    }
  };
  return {
    addText: (text, line) => addParts(text, index => line + index),
    addValue: (text, line) => addParts(text, () => line),
    lines: () => [...lines, current ?? last],
  };
}
