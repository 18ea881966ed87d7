import type {OutputPart} from './go-output.ts';
import type {Piece, TagPiece} from './go-pieces.ts';

export interface PlacedText {
  readonly text: string;
  /** The offset in the text that was converted, for an offset of the result. */
  sourceOffset(offset: number): number;
}

/** Writes the pieces of a Handlebars template. Every line of the result stays the line that it was. */
export function writePieces(pieces: readonly Piece[], source: string): PlacedText {
  const places: Array<{out: number; source: number; isText: boolean}> = [];
  const writer = new TemplateWriter();
  for (const piece of pieces) {
    const isText = piece.kind === 'text';
    places.push({out: writer.text.length, source: isText ? piece.start : piece.tag.start, isText});
    if (isText) writer.addText(piece.text);
    else writeTags(piece, source, writer);
  }
  return {
    text: writer.text,
    sourceOffset(offset) {
      const place = places.findLast(({out}) => out <= offset);
      return place === undefined ? offset : place.source + (place.isText ? offset - place.out : 0);
    },
  };
}

/** Puts text and tags beside each other so that Handlebars reads each as what it is. */
class TemplateWriter {
  text = '';
  #endsInTag = false;

  addText(text: string): void {
    if (text === '') return;
    // "}}}" would close another kind of tag.
    if (this.#endsInTag && text.startsWith('}')) this.text += '{{!}}';
    this.text += text.replaceAll('{{', '\\{{');
    this.#endsInTag = false;
  }

  addTag(inner: string, left: string, right: string): void {
    // A backslash before a tag makes text of it, unless there are two; "{{{" would open another kind of tag.
    if (!this.#endsInTag && this.text.endsWith('\\')) this.text += '\\';
    const isBrace = !this.#endsInTag && this.text.endsWith('{');
    this.text += `${isBrace ? ' ' : ''}{{${isBrace ? '~' : left}${inner}${right}}}`;
    this.#endsInTag = true;
  }
}

function writeTags(piece: TagPiece, source: string, writer: TemplateWriter): void {
  const {tag} = piece;
  const start = writer.text.length;
  const [left, right] = marks(piece);
  const parts = piece.parts();
  if (left !== '' && isText(parts[0])) writer.addTag('!', '~', '');
  for (const [index, part] of parts.entries()) {
    if ('text' in part) writer.addText(part.text);
    else writer.addTag(part.tag, index === 0 ? left : '', index === parts.length - 1 ? right : '');
  }
  if (right !== '' && isText(parts.at(-1))) writer.addTag('!', '', '~');
  // Beside another tag, no tag has its line for itself.
  const isTaken = (piece.line === 'kept' && tag.isAlone) || (piece.line === 'guarded' && tag.isLineEnd);
  if (isTaken && right === '') writer.addTag('!', '', '');
  // A tag over more lines than its translation: the rest of its lines, in a comment.
  const missing = lineEnds(source.slice(tag.start, tag.end)) - lineEnds(writer.text.slice(start));
  if (missing > 0) writer.addTag(`!${'\n'.repeat(missing)}`, '', right);
}

function isText(part: OutputPart | undefined): boolean {
  return part === undefined || 'text' in part;
}

/**
 * Go's trim marks as Handlebars has them. Where Handlebars takes the line of the tag away, a mark on the left alone would take both of the
 * line's ends; Go leaves one, and without the mark so does Handlebars.
 */
function marks({tag: {trimLeft, trimRight, isAlone}, line}: TagPiece): readonly [left: string, right: string] {
  const isLeftTaken = line === 'taken' && isAlone && !trimRight;
  return [trimLeft && !isLeftTaken ? '~' : '', trimRight ? '~' : ''];
}

function lineEnds(text: string): number {
  return text.split('\n').length - 1;
}
