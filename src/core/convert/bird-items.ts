import type {Token} from '../bird-config/tokens.ts';
import type {TemplateTag} from './bird-tags.ts';

/** What a protocol's braces hold, in order: together the items are the whole text between the braces. */
export type BirdItem = Statement | TagBlock;

export interface Statement {
  readonly kind: 'statement';
  /** With the space and comments before, and the rest of the line when nothing else stands there. */
  readonly start: number;
  readonly end: number;
  readonly tokens: readonly Token[];
}

/** A {{#block}} around whole statements. */
export interface TagBlock {
  readonly kind: 'block';
  readonly start: number;
  readonly end: number;
  /** Each begins with its {{#…}} or {{else}}. */
  readonly branches: ReadonlyArray<{readonly start: number; readonly end: number; readonly items: readonly BirdItem[]}>;
  /** Where the part with {{/…}} begins. */
  readonly closeStart: number;
}

/** Thrown where tags and statements of BIRD overlap, so that neither can be moved. */
export class OverlapError extends Error {
  readonly offset: number;

  constructor(offset: number) {
    super('a template tag begins or ends inside a statement of BIRD');
    this.name = 'OverlapError';
    this.offset = offset;
  }
}

type Mark = (Token | TemplateTag) & {readonly start: number; readonly end: number};

/** The items between two offsets. Throws OverlapError. */
export function parseItems(text: string, from: number, to: number, tokens: readonly Token[], tags: readonly TemplateTag[]): BirdItem[] {
  const inside = ({start, end}: {start: number; end: number}) => start >= from && end <= to;
  const structure = tags.filter(
    tag =>
      tag.kind !== 'value' &&
      tag.kind !== 'comment' &&
      inside(tag) &&
      !tokens.some(token => token.start < tag.start && token.end > tag.end),
  );
  const marks: Mark[] = [...tokens.filter(inside), ...structure].toSorted((a, b) => a.start - b.start);
  return new ItemReader(text, marks, from, to).readAll();
}

class ItemReader {
  readonly #text: string;
  readonly #marks: readonly Mark[];
  readonly #to: number;
  #next = 0;
  /** Where the next item begins. */
  #at: number;

  constructor(text: string, marks: readonly Mark[], from: number, to: number) {
    this.#text = text;
    this.#marks = marks;
    this.#to = to;
    this.#at = this.#lineEnd(from);
  }

  readAll(): BirdItem[] {
    const items = this.#readItems();
    const left = this.#marks[this.#next];
    if (left !== undefined) throw new OverlapError(left.start);
    return items;
  }

  #readItems(): BirdItem[] {
    const items: BirdItem[] = [];
    for (let mark = this.#marks[this.#next]; mark !== undefined; mark = this.#marks[this.#next]) {
      if (mark.kind === 'else' || mark.kind === 'close') break;
      items.push(mark.kind === 'open' ? this.#readBlock() : this.#readStatement());
    }
    return items;
  }

  #readBlock(): TagBlock {
    const start = this.#at;
    const branches: Array<TagBlock['branches'][number]> = [];
    for (;;) {
      const mark = this.#take();
      const branchStart = this.#at;
      this.#at = this.#lineEnd(mark.end);
      if (mark.kind === 'close') return {kind: 'block', start, end: this.#at, branches, closeStart: branchStart};
      const items = this.#readItems();
      branches.push({start: branchStart, end: this.#at, items});
    }
  }

  #readStatement(): Statement {
    const start = this.#at;
    const tokens: Token[] = [];
    let depth = 0;
    let blocks = 0;
    for (;;) {
      const mark = this.#take();
      if (!('text' in mark)) {
        blocks += mark.kind === 'open' ? 1 : mark.kind === 'close' ? -1 : 0;
        if (blocks < 0 || (blocks === 0 && mark.kind === 'else')) throw new OverlapError(mark.start);
        continue;
      }
      tokens.push(mark);
      depth += mark.text === '{' ? 1 : mark.text === '}' ? -1 : 0;
      if (mark.text !== ';' || depth > 0) continue;
      if (blocks > 0) throw new OverlapError(mark.start);
      this.#at = this.#lineEnd(mark.end);
      return {kind: 'statement', start, end: this.#at, tokens};
    }
  }

  #take(): Mark {
    const mark = this.#marks[this.#next];
    if (mark === undefined) throw new OverlapError(this.#marks.at(-1)?.start ?? this.#to);
    this.#next += 1;
    return mark;
  }

  /** The end of the line when only space and a comment are left in it, else the place itself. */
  #lineEnd(from: number): number {
    const end = this.#text.indexOf('\n', from) + 1;
    const next = this.#marks.find(({start}) => start >= from)?.start ?? this.#to;
    if (end === 0 || end > next) return from;
    const rest = this.#text.slice(from, end);
    return rest.lastIndexOf('/*') > rest.lastIndexOf('*/') ? from : end;
  }
}
