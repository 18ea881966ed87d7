import {deepestNesting} from '../template-nesting.ts';
import {type GoAction, GoSyntaxError, type GoToken} from './go-lex.ts';
import {goCharacter, goNumber, goString} from './go-literals.ts';
import type {GoOperand, GoPipeline} from './go-nodes.ts';

export interface TokenReader {
  readonly end: number;
  /** Goes one step deeper into a value; throws GoSyntaxError for one too many in the whole tag. */
  deepen(start: number): void;
  peek(ahead?: number): GoToken | undefined;
  read(): GoToken | undefined;
  skipSpace(): void;
  /** The next token, when it is a keyword of actions. */
  takeKeyword(): string | undefined;
}

const keywords = new Set(['if', 'else', 'end', 'range', 'with', 'define', 'block', 'template', 'break', 'continue']);

export function tokenReader({tokens, tag}: GoAction): TokenReader {
  let next = 0;
  let steps = 0;
  const reader: TokenReader = {
    end: tag.end,
    peek: (ahead = 0) => tokens[next + ahead],
    read: () => {
      next += 1;
      return tokens[next - 1];
    },
    deepen: start => {
      steps += 1;
      if (steps > deepestNesting) throw new GoSyntaxError(`more than ${deepestNesting} parentheses and | in one tag`, start);
    },
    skipSpace: () => {
      while (tokens[next]?.kind === 'space') next += 1;
    },
    takeKeyword: () => {
      reader.skipSpace();
      const token = tokens[next];
      if (token?.kind !== 'word' || !keywords.has(token.text)) return undefined;
      next += 1;
      return token.text;
    },
  };
  return reader;
}

/** `$i, $x := .A | f 1`. Throws GoSyntaxError. */
export function parsePipeline(tokens: TokenReader): GoPipeline {
  tokens.skipSpace();
  const start = tokens.peek()?.start ?? tokens.end;
  const {variables, isAssignment} = parseDeclaration(tokens);
  const commands: GoOperand[][] = [];
  do commands.push(parseCommand(tokens));
  while (takePipe(tokens));
  return {variables, isAssignment, commands, start};
}

/** The variables before := or =; leaves the reader where it was when there are none. */
function parseDeclaration(tokens: TokenReader): {variables: string[]; isAssignment: boolean} {
  const variables: string[] = [];
  let ahead = 0;
  const skip = () => {
    while (tokens.peek(ahead)?.kind === 'space') ahead += 1;
  };
  for (;;) {
    skip();
    const variable = tokens.peek(ahead);
    if (variable?.kind !== 'variable') return {variables: [], isAssignment: false};
    variables.push(variable.text);
    ahead += 1;
    skip();
    const mark = tokens.peek(ahead)?.text;
    ahead += 1;
    if (mark === ',') continue;
    if (mark !== ':=' && mark !== '=') return {variables: [], isAssignment: false};
    for (; ahead > 0; ahead -= 1) tokens.read();
    return {variables, isAssignment: mark === '='};
  }
}

function parseCommand(tokens: TokenReader): GoOperand[] {
  const operands: GoOperand[] = [];
  for (;;) {
    tokens.skipSpace();
    const token = tokens.peek();
    if (token === undefined || token.text === '|' || token.text === ')') break;
    operands.push(parseOperand(tokens));
    const following = tokens.peek();
    // `block "name" .` has no mark between the name and its argument, so a space is all that separates operands.
    if (following !== undefined && following.kind !== 'space' && following.text !== '|' && following.text !== ')') {
      throw new GoSyntaxError(`unexpected "${following.text}"`, following.start);
    }
  }
  if (operands.length === 0) throw new GoSyntaxError('a value is missing', tokens.peek()?.start ?? tokens.end - 2);
  return operands;
}

function parseOperand(tokens: TokenReader): GoOperand {
  const token = tokens.read();
  if (token === undefined) throw new GoSyntaxError('a value is missing', tokens.end - 2);
  const {kind, text, start} = token;
  if (kind === 'string') return {kind: 'literal', value: goString(text, start), start};
  if (kind === 'character') return {kind: 'literal', value: goCharacter(text, start), start};
  if (kind === 'number') return {kind: 'literal', value: goNumber(text, start), start};
  if (kind === 'word') {
    const constant = constants.get(text);
    return constant === undefined ? {kind: 'function', name: text, start} : {kind: 'literal', value: constant, start};
  }
  if (kind === 'dot') return {kind: 'field', of: '.', path: [], start};
  if (kind === 'field') return {kind: 'field', of: '.', path: [text.slice(1), ...parseFields(tokens)], start};
  if (kind === 'variable') return {kind: 'field', of: text, path: parseFields(tokens), start};
  if (text !== '(') throw new GoSyntaxError(`unexpected "${text}"`, start);
  tokens.deepen(start);
  const inner = parsePipeline(tokens);
  if (!take(tokens, ')')) throw new GoSyntaxError('a closing parenthesis is missing', start);
  return {kind: 'field', of: inner, path: parseFields(tokens), start};
}

const constants: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ['true', true],
  ['false', false],
  ['nil', null],
]);

function parseFields(tokens: TokenReader): string[] {
  const path: string[] = [];
  while (tokens.peek()?.kind === 'field') path.push(tokens.read()?.text.slice(1) ?? '');
  return path;
}

/** Each command has what is before it inside. */
function takePipe(tokens: TokenReader): boolean {
  tokens.skipSpace();
  const start = tokens.peek()?.start ?? tokens.end;
  if (!take(tokens, '|')) return false;
  tokens.deepen(start);
  return true;
}

function take(tokens: TokenReader, text: string): boolean {
  tokens.skipSpace();
  if (tokens.peek()?.text !== text) return false;
  tokens.read();
  return true;
}
