import path from 'node:path';
import {InputError} from '../errors.ts';
import {lineStarts, positionAt} from '../template-tags.ts';
import type {Conversion, OffsetNote} from './conversion.ts';
import {GoSyntaxError} from './go-lex.ts';
import {parseGoTemplate} from './go-parse.ts';
import {translateNodes} from './go-translate.ts';
import {type PlacedText, writePieces} from './go-write.ts';

/**
 * Translates a template of Go's text/template into our Handlebars. What has no counterpart is kept in a comment, with a name after it that no
 * data has, so that the result parses and rendering refuses it there: nothing is lost in silence. Throws InputError for what is no Go template.
 */
export function convertGoTemplate(text: string, file: string): Conversion {
  const {text: converted, notes} = translateGoTemplate(text, file);
  const starts = lineStarts(text);
  return {text: converted, notes: notes.map(({offset, reason, level}) => ({...positionAt(starts, offset), reason, level}))};
}

/** The same, with what tells where each part of the result comes from. */
export function translateGoTemplate(text: string, file: string): PlacedText & {notes: OffsetNote[]} {
  try {
    const {pieces, notes} = translateNodes(parseGoTemplate(text), text);
    return {...writePieces(pieces, text), notes: notes.toSorted((a, b) => a.offset - b.offset)};
  } catch (error) {
    if (!(error instanceof GoSyntaxError)) throw error;
    const {line, column} = positionAt(lineStarts(text), error.offset);
    throw new InputError('ERR_TEMPLATE', `cannot convert ${path.basename(file)}: ${error.message} (${file}:${line}:${column})`, {
      cause: error,
    });
  }
}
