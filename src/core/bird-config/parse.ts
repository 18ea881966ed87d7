import type {BirdConfig, Option, ProtocolConfig} from './model.ts';
import {nameLength} from './option-names.ts';
import {optionText} from './option-text.ts';
import {type Body, copyBody, isDisabled, readBody} from './protocol.ts';
import {createRouteMemory, type KnownRuns, type RouteMemory} from './route-memory.ts';
import {createSource, type Source, type SourceFile} from './source.ts';
import {readBlock, readStatement, type Statement} from './statements.ts';
import type {Token} from './tokens.ts';

/**
 * Reads a BIRD configuration from its main file on, includes worked in. For text that BIRD takes; from any other it gets what it can. With the
 * configuration before, of which most is the same, that is quicker.
 */
export function parseBirdConfig(files: readonly SourceFile[], main: string, before?: BirdConfig): BirdConfig {
  const source = createSource(files, main);
  const config = {protocols: new Map<string, ProtocolConfig>(), filters: new Map<string, Option>(), globals: new Map<string, Option>()};
  const bodies = new Map<string, Body>();
  const {resolve, define} = createDefinitions();
  const memory = createRouteMemory(before && memories.get(before));
  memories.set(config, memory.runs);

  for (;;) {
    const statement = readStatement(source);
    const [first] = statement.tokens;
    if (first?.text === 'protocol' || first?.text === 'template') readProtocol(statement, {source, config, bodies, memory, resolve});
    else if (first?.text === 'filter' || first?.text === 'function') readFilter(statement, {source, config});
    else {
      if (first?.text === 'define') define(statement.tokens);
      readGlobal(statement, {source, config});
    }
    if (statement.end === '') return config;
  }
}

const memories = new WeakMap<BirdConfig, KnownRuns>();

interface Context {
  readonly source: Source;
  readonly config: {protocols: Map<string, ProtocolConfig>; filters: Map<string, Option>; globals: Map<string, Option>};
}

interface ProtocolContext extends Context {
  readonly bodies: Map<string, Body>;
  readonly memory: RouteMemory;
  readonly resolve: (tokens: readonly Token[]) => readonly Token[];
}

function readProtocol({tokens, place, end}: Statement, {source, config, bodies, memory, resolve}: ProtocolContext): void {
  if (end !== '{') return;
  const [what, {text: kind = ''} = {}, ...rest] = tokens;
  const words = rest.map(symbol);
  const variant = /^(?:v2|v3|ng)$/.test(words[0] ?? '') ? (words.shift() ?? '') : '';
  const from = words.lastIndexOf('from');
  const template = from === -1 ? undefined : words[from + 1];
  const name = from === 0 || words[0] === undefined ? freeName(kind, bodies) : words[0];
  const body = copyBody(template === undefined ? undefined : bodies.get(template));
  readBody(body, {source, kind, memory, resolve});
  bodies.set(name, body);
  if (what?.text === 'protocol') config.protocols.set(name, {name, kind, variant, isDisabled: isDisabled(body.options), ...body, ...place});
}

/** The name that BIRD gives to a protocol without one. */
function freeName(kind: string, taken: ReadonlyMap<string, unknown>): string {
  let number = 1;
  while (taken.has(`${kind}${number}`)) number += 1;
  return `${kind}${number}`;
}

function readFilter({tokens, place, end}: Statement, {source, config}: Context): void {
  const header = [...tokens];
  // In BIRD 1.6 variables may be declared before the block.
  for (let next = end; next === ';'; ) {
    const more = readStatement(source);
    header.push({kind: 'punctuation', text: ';', line: 0, column: 0, start: 0, end: 0}, ...more.tokens);
    next = more.end;
    if (next === '{') header.push(...readBlock(source));
  }
  if (end === '{') header.push(...readBlock(source));
  const [, name, ...text] = header;
  if (name !== undefined) config.filters.set(symbol(name), {...place, text: optionText(text)});
}

function readGlobal({tokens, place, end}: Statement, {source, config: {globals}}: Context): void {
  const block = end === '{' ? readBlock(source) : [];
  if (tokens.length === 0) return;
  const isDefinition = tokens[0]?.text === 'define';
  const length = isDefinition ? 2 : nameLength(tokens);
  const name = optionText(tokens.slice(0, length));
  const text = optionText([...tokens.slice(isDefinition ? 3 : length), ...block]);
  const before = globals.get(name);
  globals.set(name, {...place, text: before === undefined ? text : `${before.text}; ${text}`});
}

function createDefinitions() {
  const definitions = new Map<string, readonly Token[]>();
  const meaningOf = (token: Token) => (isSymbol(token) ? (definitions.get(symbol(token)) ?? token) : token);
  return {
    /** The first token is the keyword of a statement. */
    resolve: ([keyword, ...tokens]: readonly Token[]) => [...(keyword === undefined ? [] : [keyword]), ...tokens.flatMap(meaningOf)],
    define([, name, , ...value]: readonly Token[]) {
      const resolved = value.flatMap(meaningOf);
      if (name !== undefined && resolved.length <= longestDefinition) definitions.set(symbol(name), resolved);
    },
  };
}

/** A longer one is a set for filters; those look it up by its name. */
const longestDefinition = 100;

function isSymbol({kind}: Token): boolean {
  return kind === 'word' || kind === 'quoted';
}

function symbol({kind, text}: Token): string {
  return kind === 'quoted' ? text.slice(1, -1) : text;
}
