import {deepestNesting, tooManyBlocks} from '../template-nesting.ts';
import {type GoAction, GoSyntaxError, lexGoTemplate} from './go-lex.ts';
import type {GoBlock, GoElse, GoNode, GoText} from './go-nodes.ts';
import {parsePipeline, type TokenReader, tokenReader} from './go-pipeline.ts';

/** Parses a template of Go's text/template. Throws GoSyntaxError. */
export function parseGoTemplate(text: string): readonly GoNode[] {
  const parts = new PartReader(lexGoTemplate(text));
  const {nodes, end} = parseNodes(parts);
  if (end !== undefined) throw new GoSyntaxError(`{{${end.word}}} belongs to no block`, end.action.tag.start);
  return nodes;
}

class PartReader {
  readonly #parts: ReadonlyArray<GoText | GoAction>;
  #next = 0;
  #depth = 0;

  constructor(parts: ReadonlyArray<GoText | GoAction>) {
    this.#parts = parts;
  }

  read(): GoText | GoAction | undefined {
    this.#next += 1;
    return this.#parts[this.#next - 1];
  }

  /** Reads what is inside a block. */
  inside<Result>({start}: GoBlock['tag'], read: () => Result): Result {
    this.#depth += 1;
    if (this.#depth > deepestNesting) throw new GoSyntaxError(tooManyBlocks, start);
    const result = read();
    this.#depth -= 1;
    return result;
  }
}

interface Stop {
  readonly word: 'else' | 'end';
  readonly action: GoAction;
  /** What follows `else`. */
  readonly rest: TokenReader;
}

/** The nodes up to the `else` or `end` that belongs to the block around them. */
function parseNodes(parts: PartReader): {nodes: GoNode[]; end: Stop | undefined} {
  const nodes: GoNode[] = [];
  for (let part = parts.read(); part !== undefined; part = parts.read()) {
    if (part.kind === 'text') nodes.push(part);
    else if (part.comment !== undefined) nodes.push({kind: 'comment', text: part.comment, tag: part.tag});
    else {
      const tokens = tokenReader(part);
      const word = tokens.takeKeyword();
      if (word === 'else' || word === 'end') return {nodes, end: {word, action: part, rest: tokens}};
      nodes.push(parseAction(word, part, tokens, parts));
    }
  }
  return {nodes, end: undefined};
}

function parseAction(word: string | undefined, {tag}: GoAction, tokens: TokenReader, parts: PartReader): GoNode {
  if (word === 'if' || word === 'range' || word === 'with' || word === 'define' || word === 'block') {
    return parts.inside(tag, () => parseBlock(word, tag, tokens, parts));
  }
  if (word !== undefined) return {kind: 'unsupported', word, tag};
  return {kind: 'output', pipeline: parseWholePipeline(tokens), tag};
}

function parseBlock(word: GoBlock['word'], tag: GoBlock['tag'], tokens: TokenReader, parts: PartReader): GoBlock {
  const pipeline = word === 'block' ? parsePipeline(tokens) : parseWholePipeline(tokens);
  const {nodes: body, end} = parseNodes(parts);
  if (end === undefined) throw new GoSyntaxError(`{{${word} …}} is never closed by {{end}}`, tag.start);
  if (end.word === 'end') return {kind: 'block', word, pipeline, body, otherwise: undefined, tag, close: end.action.tag};
  const {otherwise, close} = parseElse(word, end, parts);
  return {kind: 'block', word, pipeline, body, otherwise, tag, close};
}

function parseElse(word: string, {action, rest}: Stop, parts: PartReader): {otherwise: GoElse; close: GoBlock['close']} {
  const {tag} = action;
  rest.skipSpace();
  const chained = rest.takeKeyword();
  if (chained === 'if' || chained === 'with') {
    // The {{end}} closes the whole chain, so the inner block takes it and the outer one has the same.
    const inner = parts.inside(tag, () => parseBlock(chained, tag, rest, parts));
    return {otherwise: {isChained: true, body: [inner], tag}, close: inner.close};
  }
  if (chained !== undefined || rest.peek() !== undefined) throw new GoSyntaxError('{{else}} stands alone or with if', tag.start);
  const {nodes, end} = parseNodes(parts);
  if (end === undefined) throw new GoSyntaxError(`the {{else}} of {{${word} …}} is never closed by {{end}}`, tag.start);
  if (end.word === 'else') throw new GoSyntaxError(`{{${word} …}} has a second {{else}}`, end.action.tag.start);
  return {otherwise: {isChained: false, body: nodes, tag}, close: end.action.tag};
}

function parseWholePipeline(tokens: TokenReader) {
  const pipeline = parsePipeline(tokens);
  const rest = tokens.peek();
  if (rest !== undefined) throw new GoSyntaxError(`"${rest.text}" is one too many`, rest.start);
  return pipeline;
}
