import {tokenize} from '../bird-config/tokens.ts';
import type {Family} from '../prefix.ts';
import {lineStarts, positionAt} from '../template-tags.ts';
import {type Edit, edited} from './bird-edits.ts';
import {maskTags} from './bird-tags.ts';
import {globalEdits} from './bird1-globals.ts';
import {protocolEdit} from './bird1-protocol.ts';
import {findStatements, isBird2, type Source} from './bird1-source.ts';
import {noteNetworks, wordEdits} from './bird1-words.ts';
import type {Conversion, OffsetNote} from './conversion.ts';

/**
 * Translates a configuration of BIRD 1.6 to BIRD 2; template tags may stand anywhere in it. What is BIRD 2 already stays as it is. BIRD 1.6 had a
 * daemon for each family: where the family is not given, a file with IPv6 addresses or
 * variables becomes one for IPv6, any other one for IPv4.
 */
export function convertBird1(text: string, family?: Family): Conversion {
  const {text: converted, notes} = translateBird1(text, family);
  const starts = lineStarts(text);
  return {text: converted, notes: notes.map(({offset, reason, level}) => ({...positionAt(starts, offset), reason, level}))};
}

/** The same, with offsets instead of lines. */
export function translateBird1(text: string, family = familyOf(text)): {text: string; notes: OffsetNote[]} {
  const {masked, tags} = maskTags(text);
  const tokens = tokenize(masked);
  const source: Source = {text, masked, tokens, tags, family, isBird2: isBird2(tokens)};
  const notes: OffsetNote[] = [];
  const note = (offset: number, reason: string, level: OffsetNote['level'] = 'note') => notes.push({offset, reason, level});
  const statements = findStatements(tokens, note);
  const inner = wordEdits(source, statements, note);
  const protocols = statements.flatMap(statement => protocolEdit(source, statement, inner, note) ?? []);
  const isOneFamily = protocols.some(({isNewStatic}) => isNewStatic);
  if (isOneFamily) noteNetworks(source, note);
  const outer: Edit[] = [...protocols.flatMap(({edits}) => edits), ...globalEdits(source, statements, inner, note)];
  // What lies in a protocol that is written anew is put in there, so the names of tags come last, over the whole.
  const kept = inner.filter(({start}) => !outer.some(edit => start >= edit.start && start < edit.end));
  const whole = edited(text, [...outer, ...kept]);
  return {
    text: isOneFamily ? renameNetworks(whole, family) : whole,
    notes: notes.toSorted((a, b) => a.offset - b.offset),
  };
}

function familyOf(text: string): Family {
  const {masked, tags} = maskTags(text);
  const isIpv6 = tokenize(masked).some(({kind, text: token}) => (kind === 'address' || kind === 'prefix') && token.includes(':'));
  const names = tags.filter(({kind}) => kind !== 'comment').map(({start, end}) => text.slice(start, end));
  const has = (name: RegExp) => names.some(tag => name.test(tag));
  return isIpv6 || (has(/\b(?:Networks6|NodeIP6)\b/) && !has(/\b(?:Networks4|NodeIP4)\b/)) ? 'ipv6' : 'ipv4';
}

function renameNetworks(text: string, family: Source['family']): string {
  const {tags} = maskTags(text);
  const suffix = family === 'ipv4' ? '4' : '6';
  const edits = tags
    .filter(({kind}) => kind !== 'comment')
    .map(({start, end}) => ({start, end, text: text.slice(start, end).replaceAll(/(?<![\w"'])Networks(?!\w)/g, `Networks${suffix}`)}));
  return edited(text, edits);
}
