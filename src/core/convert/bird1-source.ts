import type {Token} from '../bird-config/tokens.ts';
import type {TemplateTag} from './bird-tags.ts';

export interface Source {
  readonly text: string;
  /** The text without tags, each character where it was. */
  readonly masked: string;
  readonly tokens: readonly Token[];
  readonly tags: readonly TemplateTag[];
  readonly family: 'ipv4' | 'ipv6';
  /** Somebody has written it for BIRD 2, or begun to. */
  readonly isBird2: boolean;
}

export type Note = (offset: number, reason: string, level?: 'note' | 'lost') => void;

/** A statement outside of every block: its tokens, and those around what it has in braces. */
export interface GlobalStatement {
  readonly tokens: readonly Token[];
  readonly open: Token | undefined;
  readonly close: Token | undefined;
}

/** Cuts the tokens into statements: up to a semicolon, or the end of the braces. */
export function findStatements(tokens: readonly Token[], note: Note): GlobalStatement[] {
  const statements: GlobalStatement[] = [];
  let current: Token[] = [];
  let depth = 0;
  let open: Token | undefined;
  for (const token of tokens) {
    current.push(token);
    if (token.text === '{') {
      depth += 1;
      if (depth === 1) open = token;
    }
    if (token.text === '}') depth -= 1;
    if (depth > 0 || (token.text !== '}' && token.text !== ';')) continue;
    statements.push({tokens: current, open, close: open === undefined ? undefined : token});
    current = [];
    open = undefined;
    depth = 0;
  }
  if (open !== undefined) note(open.start, 'these braces are not closed: what follows is left as it is', 'lost');
  return statements;
}

const channelWords = new Set(['ipv4', 'ipv6', 'vpn4', 'vpn6', 'roa4', 'roa6', 'flow4', 'flow6', 'mpls']);

/** Whether a statement of a protocol begins a channel of BIRD 2. */
export function isChannel([first]: readonly Token[]): boolean {
  return first !== undefined && channelWords.has(first.text);
}

/** Channels, tables with a type and versions of OSPF are new in BIRD 2. */
export function isBird2(tokens: readonly Token[]): boolean {
  return tokens.some(({text}, index) => {
    const next = tokens[index + 1]?.text ?? '';
    const previous = tokens[index - 1]?.text ?? '';
    if (channelWords.has(text)) return ['{', ';', '}', ''].includes(previous) && ['{', ';', 'table', 'multicast'].includes(next);
    return (text === 'ospf' && ['v2', 'v3'].includes(next)) || (previous === 'protocol' && text === 'rip' && next === 'ng');
  });
}
