import type {GoTag, GoText} from './go-nodes.ts';

/** A `{{…}}` with the tokens inside it; a comment has its text instead. */
export interface GoAction {
  readonly kind: 'action';
  readonly tag: GoTag;
  readonly tokens: readonly GoToken[];
  readonly comment: string | undefined;
}

export interface GoToken {
  readonly kind: 'field' | 'variable' | 'word' | 'string' | 'number' | 'character' | 'dot' | 'space' | 'punctuation';
  readonly text: string;
  readonly start: number;
}

/** Thrown while a template is read, where neither its file nor lines are known. */
export class GoSyntaxError extends Error {
  readonly offset: number;

  constructor(reason: string, offset: number) {
    super(reason);
    this.name = 'GoSyntaxError';
    this.offset = offset;
  }
}

/** Cuts a Go template into text and actions. Throws GoSyntaxError. */
export function lexGoTemplate(text: string): Array<GoText | GoAction> {
  const parts: Array<GoText | GoAction> = [];
  let at = 0;
  for (let open = text.indexOf('{{'); open !== -1; open = text.indexOf('{{', at)) {
    if (open > at) parts.push({kind: 'text', text: text.slice(at, open), start: at});
    const action = lexAction(text, open);
    parts.push(action);
    at = action.tag.end;
  }
  if (at < text.length) parts.push({kind: 'text', text: text.slice(at), start: at});
  return parts.map((part, index) => {
    if (part.kind === 'text') return part;
    return {...part, tag: {...part.tag, isAfterTrim: isTrimmed(parts, index, -1), isBeforeTrim: isTrimmed(parts, index, 1)}};
  });
}

// As Go has it: a trim mark is a minus with white space between it and what stands in the braces.
const opening = /\{\{(?:-(?=[ \t\r\n]))?/y;
const closing = /(?:[ \t\r\n]-)?\}\}/y;
const comment = /[ \t\r\n]*\/\*([\s\S]*?)\*\//y;

/** Whether a tag takes all the white space between itself and this part, on the way `step` goes. */
function isTrimmed(parts: ReadonlyArray<GoText | GoAction>, index: number, step: 1 | -1): boolean {
  const next = parts[index + step];
  const tag = next?.kind === 'text' && next.text.trim() === '' ? parts[index + 2 * step] : next;
  return tag?.kind === 'action' && (step === 1 ? tag.tag.trimLeft : tag.tag.trimRight);
}

function lexAction(text: string, start: number): GoAction {
  const trimLeft = (match(opening, text, start) ?? '').endsWith('-');
  const inner = start + (trimLeft ? 3 : 2);
  const found = matchAll(comment, text, inner);
  const tokens = found === undefined ? [...lexTokens(text, inner, start)] : [];
  const last = tokens.at(-1);
  const innerEnd = found === undefined ? (last === undefined ? inner : last.start + last.text.length) : inner + found[0].length;
  const close = match(closing, text, innerEnd);
  if (close === undefined) throw new GoSyntaxError(found === undefined ? 'the tag is never closed' : 'a comment must end with */}}', start);
  const end = innerEnd + close.length;
  const isLineEnd = /^[ \t]*(?:\r?\n|$)/.test(text.slice(end));
  const isAlone = isLineEnd && /(?:^|\n)[ \t]*$/.test(text.slice(0, start));
  const tag = {start, end, trimLeft, trimRight: close.length > 2, isAlone, isLineEnd, isAfterTrim: false, isBeforeTrim: false};
  return {kind: 'action', tag, tokens, comment: found?.[1]};
}

const tokenPattern = new RegExp(
  [
    String.raw`(?<space>[ \t\r\n]+(?!-\}\}))`,
    String.raw`(?<field>\.[\p{L}_][\p{L}\p{Nd}_]*)`,
    String.raw`(?<variable>\$[\p{L}\p{Nd}_]*)`,
    String.raw`(?<word>[\p{L}_][\p{L}\p{Nd}_]*)`,
    '(?<string>"(?:\\\\.|[^"\\\\\\n])*"|`[^`]*`)',
    String.raw`(?<character>'(?:\\.|[^'\\\n])+')`,
    String.raw`(?<number>[-+]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?))`,
    String.raw`(?<dot>\.)`,
    '(?<punctuation>:=|[=|(),])',
  ].join('|'),
  'uy',
);

function* lexTokens(text: string, from: number, tagStart: number): Generator<GoToken> {
  let at = from;
  while (match(closing, text, at) === undefined) {
    if (at >= text.length) throw new GoSyntaxError('the tag is never closed', tagStart);
    tokenPattern.lastIndex = at;
    const found = tokenPattern.exec(text);
    const kind = kinds.find(name => found?.groups?.[name] !== undefined);
    if (found === null || kind === undefined) {
      throw new GoSyntaxError(`${JSON.stringify(text.charAt(at))} is not Go template syntax here`, at);
    }
    yield {kind, text: found[0], start: at};
    at += found[0].length;
  }
}

const kinds = ['space', 'field', 'variable', 'word', 'string', 'character', 'number', 'dot', 'punctuation'] as const;

function match(pattern: RegExp, text: string, at: number): string | undefined {
  return matchAll(pattern, text, at)?.[0];
}

function matchAll(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
