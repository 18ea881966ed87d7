export interface Token {
  /** `quoted` is a symbol in single quotes, `string` is text in double quotes; `unknown` what BIRD's own reader does not know, such as a string that is not closed. */
  readonly kind: 'word' | 'quoted' | 'number' | 'address' | 'prefix' | 'string' | 'punctuation' | 'unknown';
  /** As it stands in the text, quotes included. */
  readonly text: string;
  /** Counts from 1. */
  readonly line: number;
  /** Counts from 1. */
  readonly column: number;
  /** Offset of the first character. */
  readonly start: number;
  /** Offset after the last character. */
  readonly end: number;
}

/** The tokens of a BIRD configuration. What stands between one's end and the next one's start is space and comments. Takes any text. */
export function tokenize(text: string): Token[] {
  const scanner = createScanner(text);
  const tokens: Token[] = [];
  for (let token = scanner.next(); token !== undefined; token = scanner.next()) tokens.push(token);
  return tokens;
}

export interface Scanner {
  /** The next token; undefined at the end of the text. */
  next(): Token | undefined;
  /** Passes over what a sticky pattern matches here, and gives the match with the line that it ends in. */
  take(pattern: RegExp): {readonly match: RegExpExecArray; readonly line: number} | undefined;
  /** Where it stands. */
  readonly offset: number;
  readonly line: number;
  /** Goes on there, which is known to be in that line. */
  skipTo(offset: number, line: number): void;
}

/** Reads a text token by token, for a reader that has a quicker way through some of it. */
export function createScanner(text: string): Scanner {
  let offset = 0;
  let line = 1;
  let lineStart = 0;
  // Looked up once a line: one that is megabytes long must not be searched again for every token.
  let lineEnd = endOf(text, '\n', 0);

  const moveTo = (end: number) => {
    while (lineEnd <= end && lineEnd < text.length) {
      line += 1;
      lineStart = lineEnd;
      lineEnd = endOf(text, '\n', lineStart);
    }
    offset = end;
  };

  return {
    next() {
      moveTo(gapEnd(text, offset));
      tokenPattern.lastIndex = offset;
      const match = tokenPattern.exec(text);
      if (match === null) return undefined;
      const start = offset;
      offset = tokenPattern.lastIndex;
      return {kind: kindOf(match), text: match[0], line, column: start - lineStart + 1, start, end: offset};
    },
    take(pattern) {
      pattern.lastIndex = offset;
      const match = pattern.exec(text);
      if (match === null) return undefined;
      moveTo(pattern.lastIndex);
      return {match, line};
    },
    get offset() {
      return offset;
    },
    get line() {
      return line;
    },
    skipTo(to, toLine) {
      offset = to;
      line = toLine;
      lineStart = text.lastIndexOf('\n', to - 1) + 1;
      lineEnd = endOf(text, '\n', to);
    },
  };
}

/** Where space and comments end; a comment that is not closed goes on to the end of the text. */
function gapEnd(text: string, from: number): number {
  let at = from;
  for (;;) {
    if (spaces.includes(text.charAt(at)) && at < text.length) at += 1;
    else if (text[at] === '#') at = endOf(text, '\n', at);
    else if (text.startsWith('/*', at)) at = endOf(text, '*/', at + 2);
    else return at;
  }
}

const spaces = ' \t\r\n\v\f';

function endOf(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at === -1 ? text.length : at + mark.length;
}

const ipv4 = String.raw`\d{1,9}\.\d{1,9}\.\d{1,9}\.\d{1,9}`;
// Three colons or a double one, as BIRD has it: "65000:1" is no address. Bounded, so that no text is too much for it.
const ipv6 = String.raw`(?:[\da-f]{0,9}::|(?:[\da-f]{0,9}:){3,9})(?:[\da-f]{0,9}:){0,9}(?:${ipv4}|[\da-f]{0,9})`;

const tokenPattern = new RegExp(
  [
    String.raw`(?<address>(?:${ipv6}|${ipv4})(?<length>\/\d{1,9})?)`,
    String.raw`(?<word>[a-z_]\w*)`,
    String.raw`(?<number>0x[\da-f]+|\d+)`,
    String.raw`(?<string>"[^"\n]*")`,
    String.raw`(?<quoted>'[\w.:-]+')`,
    String.raw`(?<unknown>["'][^\n]*|[^\x20-\x7e])`,
    String.raw`&&|\|\||[!<>=]=|!~|->|\.\.|\+\+|[^]`,
  ].join('|'),
  'iy',
);

function kindOf({groups = {}}: RegExpExecArray): Token['kind'] {
  if (groups['word'] !== undefined) return 'word';
  if (groups['length'] !== undefined) return 'prefix';
  for (const kind of ['address', 'number', 'string', 'quoted', 'unknown'] as const) if (groups[kind] !== undefined) return kind;
  return 'punctuation';
}
