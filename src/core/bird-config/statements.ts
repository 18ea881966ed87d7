import type {Place} from './model.ts';
import {placeOf, type Source} from './source.ts';
import type {Token} from './tokens.ts';

export interface Statement {
  readonly tokens: readonly Token[];
  readonly place: Place;
  /** What it ended with: a semicolon, the opening of its block, the end of the block around it, or the end of all files. */
  readonly end: ';' | '{' | '}' | '';
}

/** Reads to the end of a statement, or to its block; braces inside sets, as in [10.0.0.0/8{24,32}], belong to it. */
export function readStatement(source: Source): Statement {
  const tokens: Token[] = [];
  let place: Place | undefined;
  let brackets = 0;
  let braces = 0;
  const statement = (end: Statement['end']) => ({tokens, place: place ?? {file: source.file, line: 1}, end});
  for (let token = source.next(); token !== undefined; token = source.next()) {
    const {text} = token;
    place ??= placeOf(source, token);
    if (text === ';') return statement(';');
    if (text === '{') {
      if (brackets === 0 && tokens.at(-1)?.kind !== 'prefix') return statement('{');
      braces += 1;
    }
    if (text === '}') {
      if (braces === 0) return statement('}');
      braces -= 1;
    }
    if (text === '[' || text === '(') brackets += 1;
    if (text === ']' || text === ')') brackets = Math.max(0, brackets - 1);
    tokens.push(token);
  }
  return statement('');
}

/** Reads a block whose opening brace has been read: its tokens with both braces. */
export function readBlock(source: Source): Token[] {
  const tokens: Token[] = [{kind: 'punctuation', text: '{', line: 0, column: 0, start: 0, end: 0}];
  let depth = 1;
  for (let token = source.next(); token !== undefined; token = source.next()) {
    tokens.push(token);
    if (token.text === '{') depth += 1;
    if (token.text === '}') depth -= 1;
    if (depth === 0) return tokens;
  }
  return tokens;
}
