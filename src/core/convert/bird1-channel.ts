import {type Edit, edited} from './bird-edits.ts';
import type {BirdItem, Statement} from './bird-items.ts';

export interface ChannelSource {
  readonly text: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly items: readonly BirdItem[];
  /** Changes within the items. */
  readonly edits: readonly Edit[];
  isMoved(statement: Statement): boolean;
  /** Options that the channel gets beside those that move. */
  readonly defaults: readonly string[];
  readonly open: {readonly end: number};
  readonly close: {readonly start: number};
}

/** Writes what a protocol has in its braces anew: the options of the channel stand together, at the place of the first one; the rest stays. */
export function channelEdits(source: ChannelSource): Edit[] {
  const {items, open, close} = source;
  const first = items.findIndex(item => parts(item).some(statement => source.isMoved(statement)));
  const moved = items.map(item => project(source, item, true)).join('');
  const kept = (from: number, to?: number) =>
    items
      .slice(from, to)
      .map(item => project(source, item, false))
      .join('');
  const start = items[0]?.start ?? close.start;
  const head = source.text.slice(open.end, start);
  const tail = edited(source.text, source.edits, items.at(-1)?.end ?? start, close.start);
  const at = Math.max(first, 0);
  const before = head + kept(0, at);
  const after = kept(at) + tail;
  return [{start: open.end, end: close.start, text: before + channelText(source, moved, before, after) + after}];
}

function parts(item: BirdItem): Statement[] {
  return item.kind === 'statement' ? [item] : item.branches.flatMap(branch => branch.items.flatMap(parts));
}

/** The part of an item that moves, or the one that stays. A block around both stands around each of them. */
function project(source: ChannelSource, item: BirdItem, isMoved: boolean): string {
  const statements = parts(item);
  const wanted = statements.filter(statement => source.isMoved(statement) === isMoved);
  // A block without any statement stays where it is.
  if (wanted.length === statements.length && (wanted.length > 0 || !isMoved))
    return edited(source.text, source.edits, item.start, item.end);
  if (wanted.length === 0 || item.kind === 'statement') return '';
  const branches = item.branches.map(({start, end, items}) => {
    const opening = source.text.slice(start, items[0]?.start ?? end);
    return opening + items.map(inner => project(source, inner, isMoved)).join('');
  });
  return branches.join('') + source.text.slice(item.closeStart, item.end);
}

function channelText(source: ChannelSource, moved: string, before: string, after: string): string {
  return moved.includes('\n') || before.endsWith('\n')
    ? channelLines(source, moved, before, after)
    : channelInLine(source, moved, before, after);
}

function channelInLine({family, defaults}: ChannelSource, moved: string, before: string, after: string): string {
  const options = [moved.trim(), ...defaults].filter(Boolean).join(' ');
  return `${/\s$/.test(before) ? '' : ' '}${family}${options === '' ? '' : ` { ${options} }`};${after === '' || !/^\s/.test(after) ? ' ' : ''}`;
}

function channelLines({family, defaults, text, items}: ChannelSource, moved: string, before: string, after: string): string {
  const indent = indentOf(text, items);
  const [, blankLines = '', options = ''] = /^((?:[ \t]*\n)*)([\s\S]*)$/.exec(moved) ?? [];
  const lines = [...options.trimEnd().split('\n'), ...defaults.map(option => indent + option)].filter(line => line !== '');
  const start = before.endsWith('\n') ? blankLines : '\n';
  const end = after.startsWith('\n') ? '' : '\n';
  if (lines.length === 0) return `${start}${indent}${family};${end}`;
  const inside = lines.map(line => `  ${/^\s/.test(line) ? '' : indent}${line}\n`).join('');
  return `${start}${indent}${family} {\n${inside}${indent}};${end}`;
}

/** What the first line of the items that says something begins with. */
function indentOf(text: string, [item]: readonly BirdItem[]): string {
  const line = text
    .slice(item?.start, item?.end)
    .split('\n')
    .find(content => content.trim() !== '');
  return /^[ \t]+/.exec(line ?? '')?.[0] ?? '  ';
}
