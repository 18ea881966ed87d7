import type {Position, TemplateFault} from './template-error.ts';
import {findTags, lineStarts, positionAt, type Tag} from './template-tags.ts';

/** Turns what Handlebars' parser throws into a place and a reason that an operator understands. */
export function syntaxFault(error: unknown, text: string): TemplateFault {
  const message = error instanceof Error ? error.message : String(error);
  const unbalanced = unbalancedTag(text);
  if (unbalanced !== undefined) return unbalanced;
  const [, line, excerpt = '', dashes = ''] = /^Parse error on line (\d+):\n(.*)\n(-*)\^/.exec(message) ?? [];
  if (line === undefined) {
    const [, reason = message, lineText = '1', column = '0'] = /^([\s\S]*) - (\d+):(\d+)$/.exec(message) ?? [];
    return {line: Number(lineText), column: Number(column) + 1, reason};
  }
  const position = locate(excerpt, dashes.length, text, Number(line));
  const tag = findTags(text).findLast(candidate => isBefore(candidate, position));
  return {...position, reason: tag?.line === position.line ? `syntax error in ${tag.tag.replaceAll(/\s+/g, ' ')}` : 'syntax error'};
}

/** A block that is never closed, or closed by another name: where it stands helps more than the end of the file. */
function unbalancedTag(text: string): TemplateFault | undefined {
  const open: Array<Tag & {name: string}> = [];
  for (const tag of findTags(text)) {
    const [, name] = /^[#^]\s*([^\s}]+)/.exec(tag.inner) ?? [];
    if (name !== undefined) open.push({...tag, name});
    if (!tag.inner.startsWith('/')) continue;
    const last = open.pop();
    const closed = tag.inner.slice(1).trim();
    if (last === undefined) return {...place(tag), reason: `${tag.tag} closes nothing`};
    if (last.name !== closed)
      return {...place(tag), reason: `${tag.tag} closes ${last.tag} of line ${last.line}, expected {{/${last.name}}}`};
  }
  const [first] = open;
  return first === undefined ? undefined : {...place(first), reason: `${first.tag} is never closed`};
}

/** The parser shows up to 20 characters on both sides of the place, line ends taken out; finds them again in the text. */
function locate(excerpt: string, offset: number, text: string, line: number): Position {
  const before = excerpt.slice(0, offset).replace(/^\.\.\./, '');
  const shown = before + excerpt.slice(offset).replace(/\.\.\.$/, '');
  const starts = lineStarts(text);
  const kept = [...text].flatMap((character, index) => (character === '\n' ? [] : [index]));
  const flat = text.replaceAll('\n', '');
  let best: Position = {line, column: 1};
  for (let at = flat.indexOf(shown); shown !== '' && at !== -1; at = flat.indexOf(shown, at + 1)) {
    const position = positionAt(starts, kept[at + before.length] ?? text.length);
    if (position.line <= line) best = position;
  }
  return best;
}

export function isBefore(tag: Position, place: Position): boolean {
  return tag.line < place.line || (tag.line === place.line && tag.column <= place.column);
}

function place({line, column}: Position): Position {
  return {line, column};
}
