import type {Token} from './tokens.ts';

type Piece = Pick<Token, 'kind' | 'text'>;

/** The tokens as one text, spaced by rules of its own: two texts are the same when BIRD reads the same out of them. */
export function optionText(tokens: readonly Piece[]): string {
  let text = '';
  let previous: Piece | undefined;
  let setDepth = 0;
  for (const token of tokens) {
    // Lengths after a prefix, as in 10.0.0.0/8{24,32}, are written without space.
    if (setDepth > 0 || (token.text === '{' && previous?.kind === 'prefix')) setDepth += depthChange(token.text);
    const isTight = previous === undefined || setDepth > 0 || (token.text === '}' && isLength(previous)) || isJoined(previous, token);
    text += isTight ? token.text : ` ${token.text}`;
    previous = token;
  }
  return text;
}

function depthChange(text: string): number {
  if (text === '{') return 1;
  return text === '}' ? -1 : 0;
}

function isLength({kind}: Piece): boolean {
  return kind === 'number';
}

function isJoined(before: Piece, {kind, text}: Piece): boolean {
  if (kind === 'punctuation' && closers.has(text)) return true;
  if (before.kind === 'prefix' && (text === '+' || text === '-')) return true;
  if (before.text === '-' && kind === 'string') return true;
  if (text === '(' && before.kind === 'word') return !keywords.has(before.text);
  return before.kind === 'punctuation' && openers.has(before.text);
}

/** Words before a parenthesis that do not call it. */
const keywords = new Set(['if', 'then', 'else', 'case', 'return', 'print', 'printn', 'where', 'import', 'export', 'as', 'time']);

const closers = new Set([')', ']', ',', ';', '.', '..', '%', ':']);
const openers = new Set(['(', '[', '.', '..', '%', ':']);
