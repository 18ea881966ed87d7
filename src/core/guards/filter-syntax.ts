import {type Token, tokenize} from '../bird-config/tokens.ts';

/** A statement of BIRD's filter language, as far as it matters for whether a route is accepted. */
export type Statement =
  | {readonly kind: 'accept' | 'reject'}
  | {readonly kind: 'return'; readonly value: Term}
  | {readonly kind: 'if'; readonly condition: Term; readonly whenTrue: readonly Statement[]; readonly whenFalse: readonly Statement[]}
  /** Anything may happen: a `case`. */
  | {readonly kind: 'unclear'};

export type Term =
  | {readonly kind: 'and' | 'or'; readonly left: Term; readonly right: Term}
  | {readonly kind: 'not'; readonly term: Term}
  | {readonly kind: 'comparison'; readonly left: readonly Token[]; readonly operator: string; readonly right: readonly Token[]}
  /** A value that is no comparison: a variable, a call, `true`. */
  | {readonly kind: 'value'; readonly tokens: readonly Token[]};

/** Parses what follows `where`. Undefined for text that is not understood. */
export function parseTerm(text: string): Term | undefined {
  return parseWhole(tokenize(text), readTerm);
}

/** Parses the body of a filter or function: from its first brace on, so that its arguments may stand before. Undefined for text that is not understood. */
export function parseBody(text: string): readonly Statement[] | undefined {
  const tokens = tokenize(text);
  const start = tokens.findIndex(token => token.text === '{');
  return start === -1 ? undefined : parseWhole(tokens.slice(start), readStatement);
}

/** The names of everything that a text calls as a function. */
export function calledNames(text: string): string[] {
  const tokens = tokenize(text);
  return tokens.flatMap((token, index) => (isName(token) && tokens[index + 1]?.text === '(' ? [symbolOf(token)] : []));
}

/** A symbol's name: single quotes around it are no part of it. */
export function symbolOf({kind, text}: Token): string {
  return kind === 'quoted' ? text.slice(1, -1) : text;
}

/** Where a reader stands in a list of tokens. */
interface Cursor {
  readonly tokens: readonly Token[];
  at: number;
}

/** Thrown by the readers below and caught in this file. */
class NotUnderstoodError extends Error {}

function parseWhole<Result>(tokens: readonly Token[], read: (cursor: Cursor) => Result): Result | undefined {
  const cursor = {tokens, at: 0};
  try {
    const result = read(cursor);
    while (peek(cursor) === ';') cursor.at += 1;
    return cursor.at === tokens.length ? result : undefined;
  } catch (error) {
    if (error instanceof NotUnderstoodError) return undefined;
    throw error;
  }
}

function peek({tokens, at}: Cursor): string | undefined {
  return tokens[at]?.text;
}

function expect(cursor: Cursor, text: string): void {
  if (peek(cursor) !== text) throw new NotUnderstoodError();
  cursor.at += 1;
}

function readStatement(cursor: Cursor): Statement[] {
  const word = peek(cursor);
  if (word === undefined) throw new NotUnderstoodError();
  const read = statements.get(word);
  if (read === undefined) {
    skipPast(cursor, ';');
    return [];
  }
  cursor.at += 1;
  return read(cursor);
}

const statements: ReadonlyMap<string, (cursor: Cursor) => Statement[]> = new Map([
  [';', () => []],
  ['{', readBlock],
  ['if', readIf],
  ['accept', cursor => readVerdict(cursor, 'accept')],
  ['reject', cursor => readVerdict(cursor, 'reject')],
  // BIRD refuses the route then.
  ['error', cursor => readVerdict(cursor, 'reject')],
  ['return', readReturn],
  ['for', readFor],
  ['case', readCase],
]);

function readBlock(cursor: Cursor): Statement[] {
  const list: Statement[] = [];
  while (peek(cursor) !== '}') list.push(...readStatement(cursor));
  cursor.at += 1;
  return list;
}

function readIf(cursor: Cursor): Statement[] {
  const condition = readTerm(cursor);
  expect(cursor, 'then');
  const whenTrue = readStatement(cursor);
  if (peek(cursor) !== 'else') return [{kind: 'if', condition, whenTrue, whenFalse: []}];
  cursor.at += 1;
  return [{kind: 'if', condition, whenTrue, whenFalse: readStatement(cursor)}];
}

function readVerdict(cursor: Cursor, kind: 'accept' | 'reject'): Statement[] {
  skipPast(cursor, ';');
  return [{kind}];
}

function readReturn(cursor: Cursor): Statement[] {
  const value = readTerm(cursor);
  expect(cursor, ';');
  return [{kind: 'return', value}];
}

/** The body may run or not: as if it hung on a condition that nobody knows. */
function readFor(cursor: Cursor): Statement[] {
  skipPast(cursor, 'do');
  return [{kind: 'if', condition: {kind: 'value', tokens: []}, whenTrue: readStatement(cursor), whenFalse: []}];
}

function readCase(cursor: Cursor): Statement[] {
  while (peek(cursor) !== '{') skipOne(cursor);
  skipOne(cursor);
  return [{kind: 'unclear'}];
}

/** BIRD gives && and || the same rank and goes from left to right. */
function readTerm(cursor: Cursor): Term {
  let term = readComparison(cursor);
  for (let operator = peek(cursor); operator === '&&' || operator === '||'; operator = peek(cursor)) {
    cursor.at += 1;
    term = {kind: operator === '&&' ? 'and' : 'or', left: term, right: readComparison(cursor)};
  }
  return term;
}

const comparisons = new Set(['=', '!=', '~', '!~', '<', '<=', '>', '>=']);

function readComparison(cursor: Cursor): Term {
  const left = readOperand(cursor);
  const operator = peek(cursor);
  if (operator === undefined || !comparisons.has(operator)) return termOf(left);
  cursor.at += 1;
  return {kind: 'comparison', left, operator, right: readOperand(cursor)};
}

const ends = new Set([...comparisons, '&&', '||', ';', ',', ')', '}', '{', 'then', 'do']);

function readOperand(cursor: Cursor): readonly Token[] {
  const start = cursor.at;
  for (let text = peek(cursor); text !== undefined && !ends.has(text); text = peek(cursor)) skipOne(cursor);
  if (cursor.at === start) throw new NotUnderstoodError();
  return cursor.tokens.slice(start, cursor.at);
}

function termOf(tokens: readonly Token[]): Term {
  const [first] = tokens;
  if (first?.text === '!') return {kind: 'not', term: termOf(tokens.slice(1))};
  const group = first?.text === '(' && tokens.at(-1)?.text === ')' ? parseWhole(tokens.slice(1, -1), readTerm) : undefined;
  return group ?? {kind: 'value', tokens};
}

const closing: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);

/** Passes over a token, or over all that its bracket encloses. */
function skipOne(cursor: Cursor): void {
  const text = peek(cursor);
  if (text === undefined) throw new NotUnderstoodError();
  cursor.at += 1;
  const end = closing.get(text);
  if (end === undefined) return;
  while (peek(cursor) !== end) skipOne(cursor);
  cursor.at += 1;
}

function skipPast(cursor: Cursor, end: string): void {
  while (peek(cursor) !== end) skipOne(cursor);
  cursor.at += 1;
}

function isName({kind}: Token): boolean {
  return kind === 'word' || kind === 'quoted';
}
