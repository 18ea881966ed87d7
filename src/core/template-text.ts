import type {TemplateFault} from './template-error.ts';
import {lineStarts, positionAt} from './template-tags.ts';

/** A text as BIRD takes it: without a byte order mark before it and carriage returns at its line ends, of which BIRD says only "Unknown character". */
export function plainText(text: string): string {
  return text.replace(/^\uFEFF/, '').replaceAll(/\r+(?=\n|$)/g, '');
}

/** The first control character other than tab and line end: Handlebars' lexer stops at U+0000, BIRD at the others. */
export function findControlCharacter(text: string): TemplateFault | undefined {
  const found = /[^\P{Cc}\t\n]/u.exec(text);
  if (found === null) return undefined;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return {...positionAt(lineStarts(text), found.index), reason: `the control character U+${code} stands here: take it out`};
}

/** A line for a message, each control character replaced by one that does no harm on a terminal and keeps the columns. */
export function withoutControlCharacters(line: string): string {
  return line.replaceAll(/[^\P{Cc}\t]/gu, '\uFFFD');
}
