import {findGoSyntax} from '../go-template-syntax.ts';
import type {Family} from '../prefix.ts';
import {lineStarts, positionAt} from '../template-tags.ts';
import {translateBird1} from './bird1.ts';
import type {Conversion} from './conversion.ts';
import {translateGoTemplate} from './go-template.ts';

export interface ConversionOptions {
  readonly to?: 'bird2' | undefined;
  /** What the file was for; BIRD 1.6 had a daemon for each family. Found out from its addresses when it is not given. */
  readonly family?: Family | undefined;
}

/**
 * Brings a file of an older publisher up to date: Go's text/template becomes Handlebars, and with `to: 'bird2'` BIRD 1.6 becomes BIRD 2. What is
 * Handlebars or BIRD 2 already stays as it is. Places in the notes are those of the text that is given. Throws InputError for a broken Go template.
 */
export function convertTemplate(text: string, file: string, {to, family}: ConversionOptions = {}): Conversion {
  const template =
    findGoSyntax(text) === undefined ? {text, notes: [], sourceOffset: (offset: number) => offset} : translateGoTemplate(text, file);
  const config = to === 'bird2' ? translateBird1(template.text, family) : {text: template.text, notes: []};
  const starts = lineStarts(text);
  const notes = [...template.notes, ...config.notes.map(note => ({...note, offset: template.sourceOffset(note.offset)}))];
  return {
    text: config.text,
    notes: notes.toSorted((a, b) => a.offset - b.offset).map(({offset, reason, level}) => ({...positionAt(starts, offset), reason, level})),
  };
}
