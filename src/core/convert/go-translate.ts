import type {OffsetNote} from './conversion.ts';
import {lostBlock, openBlock, placeholder} from './go-blocks.ts';
import type {Place} from './go-expressions.ts';
import {BlockNames} from './go-names.ts';
import type {GoBlock, GoElse, GoNode, GoOutput, GoPipeline, GoTag} from './go-nodes.ts';
import {type OutputPart, outputParts} from './go-output.ts';
import {blockTags, lineOf, type Piece, type TagLine} from './go-pieces.ts';
import {type GoScope, type GoValue, goValue, LostError, root} from './go-values.ts';

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
    const opened = this.#try(tag, () => {
      if (word === 'define' || word === 'block') throw new LostError(`there is no counterpart of {{${word} …}}`);
      return openBlock(word, pipeline, this.#value(pipeline, inner, tag), this.#place(inner, tag));
    });
    const {opens, closes, scope: bodyScope} = opened ?? lostBlock(word, pipeline, inner, this.#names);
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

  #value(pipeline: GoPipeline, scope: GoScope, tag: GoTag): GoValue {
    const value = goValue(pipeline, scope, reason => this.notes.push({offset: tag.start, reason, level: 'lost'}));
    if (sizeOf(value) > largestValue) throw new LostError(`with its variables written out, this has more than ${largestValue} parts`);
    return value;
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

/** A variable's value is written again wherever it stands: of such values, each made of the last, the next may be twice as long. */
const largestValue = 500;

function sizeOf(value: GoValue): number {
  return value.kind === 'call' ? value.args.reduce((size, part) => size + sizeOf(part), 1) : 1;
}
