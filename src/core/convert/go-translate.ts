import type {OffsetNote} from './conversion.ts';
import {conditionText, type Place, valueText} from './go-expressions.ts';
import {BlockNames} from './go-names.ts';
import type {GoBlock, GoElse, GoNode, GoOutput, GoPipeline, GoTag} from './go-nodes.ts';
import {type OutputPart, outputParts} from './go-output.ts';
import {type DotBlock, type GoScope, type GoValue, goValue, knownFields, LostError, root} from './go-values.ts';

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

/** A value that no data has: rendering stops here until somebody has put the right thing in its place. */
export const placeholder = 'convertByHand';

/** Translates parsed Go nodes into pieces of a Handlebars template. `source` is the text that the nodes were read from. */
export function translateNodes(nodes: readonly GoNode[], source: string): {pieces: Piece[]; notes: OffsetNote[]} {
  const translator = new Translator(source);
  translator.run(nodes, {blocks: [], dot: root, variables: new Map()});
  return {pieces: translator.pieces, notes: translator.notes};
}

class Translator {
  readonly pieces: Piece[] = [];
  readonly notes: OffsetNote[] = [];
  readonly #names = new BlockNames();
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  run(nodes: readonly GoNode[], scope: GoScope): void {
    for (const node of nodes) {
      if (node.kind === 'text') this.pieces.push(node);
      else if (node.kind === 'comment') this.#add(node.tag, [{tag: `!--${node.text.replaceAll('--}', '-- }')}--`}], lineOf([node.tag]));
      else if (node.kind === 'output') this.#output(node, scope);
      else if (node.kind === 'block') this.#block(node, scope);
      else this.#add(node.tag, this.#lost(node.tag, `there is no counterpart of {{${node.word}}}`));
    }
  }

  #output({pipeline, tag}: GoOutput, scope: GoScope): void {
    const parts = this.#try(tag, () => {
      const value = this.#value(pipeline, scope, tag);
      const [name = '', other] = pipeline.variables;
      if (name === '') return outputParts(value, this.#place(scope, tag));
      if (other !== undefined || pipeline.isAssignment) throw new LostError('a variable cannot be changed');
      // Handlebars has no variables: the value is written again wherever the variable stands.
      scope.variables.set(name, value);
      return [{tag: `!-- ${name} --`}];
    });
    this.#add(tag, parts ?? this.#lostParts(tag), pipeline.variables.length > 0 && parts !== undefined ? lineOf([tag]) : 'none');
  }

  #block(block: GoBlock, scope: GoScope, chain?: TagLine): void {
    const {word, pipeline, body, otherwise, tag, close} = block;
    const line = chain ?? lineOf(blockTags(block));
    const inner: GoScope = {...scope, variables: new Map(scope.variables)};
    const opened = this.#try(tag, () => this.#open(word, pipeline, inner, tag));
    const {opens, closes, scope: bodyScope} = opened ?? {...lostBlock(word), scope: this.#lostScope(word, pipeline, inner)};
    this.#addLater(tag, opened === undefined ? 'none' : line, () => {
      const start = {tag: chain !== undefined ? `else ${opens()}` : `#${opens()}`};
      return opened === undefined ? [start, this.#comment(tag)] : [start];
    });
    this.run(body, bodyScope);
    if (otherwise !== undefined) this.#otherwise(otherwise, inner, line);
    if (chain === undefined) this.#add(close, [{tag: `/${closes}`}], line === 'kept' && otherwise?.isChained === true ? 'guarded' : line);
  }

  #otherwise({isChained, body, tag}: GoElse, scope: GoScope, line: TagLine): void {
    const [block] = body;
    if (isChained && block?.kind === 'block') {
      this.#block(block, scope, line);
      return;
    }
    this.#add(tag, [{tag: 'else'}], line);
    this.run(body, {...scope, variables: new Map(scope.variables)});
  }

  /** How a block begins and ends, and what its body sees. */
  #open(word: GoBlock['word'], pipeline: GoPipeline, scope: GoScope, tag: GoTag) {
    if (word === 'define' || word === 'block') throw new LostError(`there is no counterpart of {{${word} …}}`);
    const value = this.#value(pipeline, scope, tag);
    const place = this.#place(scope, tag);
    const [first, second] = pipeline.variables;
    if (pipeline.isAssignment) throw new LostError('a variable cannot be changed');
    if (word === 'if') {
      if (first !== undefined) scope.variables.set(first, value);
      const text = conditionText(value, place);
      return {opens: () => `if ${text}`, closes: 'if', scope};
    }
    if (word === 'range' && (value.kind === 'literal' || (value.kind === 'path' && value.isOptional))) {
      throw new LostError('only lists and maps can be gone through');
    }
    const text = word === 'with' ? conditionOrValue(value, place) : valueText(value, place);
    const block: DotBlock = {word, fields: knownFields(word, value), name: undefined, keyName: undefined};
    const item = this.#declare(block, value, second ?? first, second === undefined ? undefined : first, scope);
    const body = {blocks: [...scope.blocks, block], dot: item, variables: scope.variables};
    return {
      opens: () => `${word === 'range' ? 'each' : 'with'} ${text}${namesText(block)}`,
      closes: word === 'range' ? 'each' : 'with',
      scope: body,
    };
  }

  /** The current value inside a block; its variables stand for it. In `with .` and the like it is still the root. */
  #declare(block: DotBlock, value: GoValue, item: string | undefined, key: string | undefined, scope: GoScope): GoValue {
    const part = {kind: 'path', of: block, path: [], isOptional: false} as const;
    const isRoot = block.word === 'with' && value.kind === 'path' && value.of === 'root' && value.path.length === 0;
    if (item !== undefined) {
      block.name = this.#names.give(item);
      scope.variables.set(item, isRoot ? root : {...part, part: 'item', isNamed: true});
    }
    if (key !== undefined) {
      block.keyName = this.#names.give(key);
      scope.variables.set(key, {...part, part: 'key', isNamed: true});
    }
    return isRoot ? root : {...part, part: 'item', isNamed: false};
  }

  /** What the body of a block sees whose value is lost. */
  #lostScope(word: GoBlock['word'], {variables: [first, second]}: GoPipeline, scope: GoScope): GoScope {
    if (word === 'if') return scope;
    const block: DotBlock = {word: 'with', fields: undefined, name: undefined, keyName: undefined};
    const dot = this.#declare(block, {kind: 'literal', value: ''}, second ?? first, second === undefined ? undefined : first, scope);
    return {...scope, blocks: [...scope.blocks, block], dot};
  }

  #value(pipeline: GoPipeline, scope: GoScope, tag: GoTag): GoValue {
    return goValue(pipeline, scope, reason => this.notes.push({offset: tag.start, reason, level: 'lost'}));
  }

  #place(scope: GoScope, {start}: GoTag): Place {
    const note = (reason: string) => {
      if (!this.notes.some(other => other.reason === reason)) this.notes.push({offset: start, reason, level: 'note'});
    };
    return {scope, names: this.#names, note};
  }

  /** What `translate` gives; when that is lost, a note, and undefined. */
  #try<Result>({start}: GoTag, translate: () => Result): Result | undefined {
    try {
      return translate();
    } catch (error) {
      if (!(error instanceof LostError)) throw error;
      this.notes.push({offset: start, reason: error.message, level: 'lost'});
      return undefined;
    }
  }

  #lost(tag: GoTag, reason: string): OutputPart[] {
    this.notes.push({offset: tag.start, reason, level: 'lost'});
    return this.#lostParts(tag);
  }

  #lostParts(tag: GoTag): OutputPart[] {
    return [this.#comment(tag), {tag: placeholder}];
  }

  #comment({start, end}: GoTag): OutputPart {
    return {tag: `!-- Go: ${this.#source.slice(start, end).replaceAll('--}', '-- }')} --`};
  }

  #add(tag: GoTag, parts: readonly OutputPart[], line: TagLine = 'none'): void {
    this.#addLater(tag, line, () => parts);
  }

  #addLater(tag: GoTag, line: TagLine, parts: () => readonly OutputPart[]): void {
    this.pieces.push({kind: 'tags', tag, line, parts});
  }
}

/**
 * Where every tag of a block has a line for itself, and they do not take one end of it here and the other there, Handlebars may take these
 * lines: whichever way is taken through the block, whole lines are left. Else text could be joined that was apart.
 */
function lineOf(tags: readonly GoTag[]): TagLine {
  const isApart = tags.every(({isAlone, isAfterTrim, isBeforeTrim}) => isAlone && !isAfterTrim && !isBeforeTrim);
  return isApart && !(tags.some(({trimLeft}) => trimLeft) && tags.some(({trimRight}) => trimRight)) ? 'taken' : 'kept';
}

function blockTags({tag, otherwise, close}: GoBlock): GoTag[] {
  const [chained] = otherwise?.isChained === true ? otherwise.body : [];
  if (chained?.kind === 'block') return [tag, ...blockTags(chained)];
  return [tag, ...(otherwise === undefined ? [] : [otherwise.tag]), close];
}

function conditionOrValue(value: GoValue, place: Place): string {
  const isMaybeMissing = (value.kind === 'path' && value.isOptional) || (value.kind === 'call' && value.name === 'index');
  return isMaybeMissing ? conditionText(value, place) : valueText(value, place);
}

function lostBlock(word: GoBlock['word']) {
  const block = word === 'range' ? 'each' : word === 'with' ? 'with' : 'if';
  return {opens: () => `${block} ${placeholder}`, closes: block};
}

function namesText({name, keyName}: DotBlock): string {
  if (keyName !== undefined) return ` as |${name ?? 'item'} ${keyName}|`;
  return name === undefined ? '' : ` as |${name}|`;
}
