import type {GoBlock, GoTag} from './go-nodes.ts';
import type {OutputPart} from './go-output.ts';

/** A piece of the result: text, or the tags that came out of one tag of Go. Tags are written last, when all names are given. */
export type Piece = {readonly kind: 'text'; readonly text: string; readonly start: number} | TagPiece;

/** `guarded`: kept even where Handlebars, at the end of a chain of else if, is mistaken about what stands before the tag. */
export type TagLine = 'taken' | 'kept' | 'guarded' | 'none';

export interface TagPiece {
  readonly kind: 'tags';
  readonly tag: GoTag;
  /** Whether the line that a tag has for itself goes with it, as Handlebars has it for blocks, else and comments, or has to stay. */
  readonly line: TagLine;
  parts(): readonly OutputPart[];
}

/**
 * Where every tag of a block has a line for itself, and they do not take one end of it here and the other there, Handlebars may take these
 * lines: whichever way is taken through the block, whole lines are left. Else text could be joined that was apart.
 */
export function lineOf(tags: readonly GoTag[]): TagLine {
  const isApart = tags.every(({isAlone, isAfterTrim, isBeforeTrim}) => isAlone && !isAfterTrim && !isBeforeTrim);
  return isApart && !(tags.some(({trimLeft}) => trimLeft) && tags.some(({trimRight}) => trimRight)) ? 'taken' : 'kept';
}

/** The tags of a block, those of its chain of else if included. */
export function blockTags({tag, otherwise, close}: GoBlock): GoTag[] {
  const [chained] = otherwise?.isChained === true ? otherwise.body : [];
  if (chained?.kind === 'block') return [tag, ...blockTags(chained)];
  return [tag, ...(otherwise === undefined ? [] : [otherwise.tag]), close];
}
