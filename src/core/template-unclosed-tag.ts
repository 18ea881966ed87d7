import type {TemplateFault} from './template-error.ts';
import {lineStarts, positionAt} from './template-tags.ts';

/**
 * The first tag that is not closed before the next one begins, or that holds a quote without its other end, at its own place: Handlebars' lexer
 * reads on to the next `}}`, and its parser complains there. A tag may span lines. What Handlebars takes passes, but for a
 * `{{!` or a quote that only a later line's tag ends.
 */
export function findUnclosedTag(text: string): TemplateFault | undefined {
  let offset = text.indexOf('{{');
  while (offset !== -1) {
    // What stands in a raw block is no business of ours.
    if (text.startsWith('{{{{', offset) && !isEscaped(text, offset)) return undefined;
    const end = isEscaped(text, offset) ? offset + 2 : endOfTag(text, offset);
    if (typeof end !== 'number') return {...positionAt(lineStarts(text), end.at), reason: end.reason};
    offset = text.indexOf('{{', end);
  }
  return undefined;
}

interface Unclosed {
  readonly at: number;
  readonly reason: string;
}

/** `\{{` is text, `\\{{` a backslash and a tag. */
function isEscaped(text: string, offset: number): boolean {
  return text[offset - 1] === '\\' && text[offset - 2] !== '\\';
}

function endOfTag(text: string, start: number): number | Unclosed {
  const [, dashes] = match(/\{\{~?!(--)?/y, text, start) ?? [undefined, null];
  return dashes === null ? endOfCall(text, start) : endOfComment(text, start, dashes);
}

function endOfComment(text: string, start: number, dashes: string | undefined): number | Unclosed {
  const [comment] = match(dashes === undefined ? /\{\{[\s\S]*?\}\}/y : /\{\{[\s\S]*?--~?\}\}/y, text, start) ?? [];
  if (comment === undefined) return unclosed(text, start, dashes === undefined ? '}}' : '--}}');
  // `{{! note }` takes the lines up to the next tag for its own.
  if (dashes === undefined && /\n[\s\S]*\{\{/.test(comment)) return unclosed(text, start, '}}');
  return start + comment.length;
}

/** Handlebars' own tokens, as far as they may hide braces. */
const token = /(?<end>\}~?\}\}|~?\}\})|(?<quoted>"(?:\\"|[^"])*"|'(?:\\'|[^'])*'|\[(?:\\\]|[^\]])*\])|(?<next>\{\{|\}|$)|[\s\S]/y;
const opening = /\{\{~?\{?/y;

function endOfCall(text: string, start: number): number | Unclosed {
  let offset = start + (match(opening, text, start)?.[0].length ?? 2);
  let suspect: Unclosed | undefined;
  for (;;) {
    const found = match(token, text, offset);
    const {end, quoted, next} = found?.groups ?? {};
    if (end !== undefined) return offset + end.length;
    if (found === null || next !== undefined) return suspect ?? unclosed(text, start, '}}');
    const [piece] = found;
    if (piece === ';') suspect ??= unclosed(text, start, '}}');
    if (/^["'[]/.test(piece)) {
      const mayBeOpen = quoted === undefined || /\{\{|\}\}/.test(quoted);
      if (mayBeOpen) suspect ??= unclosedQuote(text, offset);
      if (suspect !== undefined && (quoted === undefined || (mayBeOpen && quoted.includes('\n')))) return suspect;
    }
    offset += piece.length;
  }
}

function unclosed(text: string, start: number, closing: string): Unclosed {
  const [line = ''] = match(/\{\{(?:(?!\{\{).)*/y, text, start) ?? [];
  return {at: start, reason: `"${shorten(line.trimEnd())}" is never closed: write ${closing}`};
}

function unclosedQuote(text: string, at: number): Unclosed {
  const quote = text[at] ?? '';
  const [rest = ''] = match(/(?:(?!\}\}).)*/y, text, at) ?? [];
  const [kind, closing] = quote === '[' ? ['bracket', ']'] : ['quote', quote];
  return {at, reason: `the ${kind} that begins with ${shorten(rest.trimEnd())} is never closed: write ${closing}`};
}

function shorten(excerpt: string): string {
  return excerpt.length > 40 ? `${excerpt.slice(0, 39)}…` : excerpt;
}

function match(pattern: RegExp, text: string, offset: number): RegExpExecArray | null {
  pattern.lastIndex = offset;
  return pattern.exec(text);
}
