import type {Option, ProtocolConfig, StaticRoute} from './model.ts';
import {nameLength} from './option-names.ts';
import {optionText} from './option-text.ts';
import type {RouteMemory} from './route-memory.ts';
import {parseRoute, readPlainRoutes} from './routes.ts';
import type {Source} from './source.ts';
import {readBlock, readStatement, type Statement} from './statements.ts';
import type {Token} from './tokens.ts';

/** What the body of a protocol or template says; a protocol begins with a copy of its template's. */
export interface Body {
  readonly options: Map<string, Option>;
  readonly channels: Map<string, Map<string, Option>>;
  readonly routes: StaticRoute[];
}

export function copyBody(body: Body | undefined): Body {
  const channels = [...(body?.channels ?? [])].map(([name, options]) => [name, new Map(options)] as const);
  return {options: new Map(body?.options), channels: new Map(channels), routes: [...(body?.routes ?? [])]};
}

export interface BodyReader {
  readonly source: Source;
  readonly kind: string;
  readonly memory: RouteMemory;
  /** Puts what was defined by name in the place of the name. */
  resolve(tokens: readonly Token[]): readonly Token[];
}

/** Reads a protocol's block, whose opening brace has been read, into the body. */
export function readBody(body: Body, reader: BodyReader): void {
  const inChannel = optionsInto(channelOf(body, ''), reader);
  const inProtocol = optionsInto(body.options, reader);
  const isStatic = reader.kind === 'static';
  for (;;) {
    if (isStatic) readPlainRoutes(reader.source, body.routes, reader.memory);
    const statement = readStatement(reader.source);
    const [first] = statement.tokens;
    const channel = optionText(statement.tokens);
    if (first?.text === 'route') readRoute(body.routes, statement, reader);
    else if (channelName.test(channel)) readChannel(channelOf(body, channel), statement, reader);
    else if (oldChannelOptions.has(nameOf(statement))) inChannel(statement);
    else inProtocol(statement);
    if (statement.end === '}' || statement.end === '') break;
  }
  if (body.channels.get('')?.size === 0) body.channels.delete('');
}

export function isDisabled(options: ProtocolConfig['options']): boolean {
  const text = options.get('disabled')?.text;
  return text !== undefined && ['', 'on', 'yes', 'true', '1'].includes(text);
}

const channelName = /^(?:(?:ipv[46]|vpn[46]|roa[46]|flow[46])(?: (?:multicast|mpls|sadr)|-mc|-mpls)?|mpls|aspa)$/;

/** Stand in the protocol itself in BIRD 1.6, and in pipes of BIRD 2. */
const oldChannelOptions = new Set([
  ...['import', 'export', 'import limit', 'receive limit', 'export limit', 'import keep filtered', 'route limit'],
  ...['table', 'preference', 'rpki reload'],
]);

function channelOf({channels}: Body, name: string): Map<string, Option> {
  const options = channels.get(name) ?? new Map<string, Option>();
  channels.set(name, options);
  return options;
}

function readChannel(options: Map<string, Option>, {end}: Statement, reader: BodyReader): void {
  if (end === '{') readOptions(optionsInto(options, reader), reader.source);
}

function readOptions(take: (statement: Statement) => void, source: Source): void {
  for (;;) {
    const statement = readStatement(source);
    take(statement);
    if (statement.end === '}' || statement.end === '') return;
  }
}

function readRoute(routes: StaticRoute[], {tokens, end}: Statement, {source, resolve}: BodyReader): void {
  const block = end === '{' ? readBlock(source) : [];
  const route = parseRoute([...resolve(tokens), ...block], source);
  if (route !== undefined) routes.push(route);
}

/** Takes statements as options of a map, and reads the blocks that follow some of them. */
function optionsInto(options: Map<string, Option>, reader: BodyReader, around: readonly string[] = []): (statement: Statement) => void {
  const own = new Set<string>();
  const keyOf = (name: string) => [...around, name].join(' ');

  const set = (name: string, text: string, {place}: Statement) => {
    const key = keyOf(name);
    const before = own.has(key) && lists.has(name) ? `${options.get(key)?.text}; ` : '';
    own.add(key);
    options.set(key, {...place, text: before + text});
  };

  const readNested = (header: string) => readOptions(optionsInto(options, reader, [...around, header]), reader.source);

  return statement => {
    const {tokens: written, end} = statement;
    if (written.length === 0) {
      if (end === '{') readBlock(reader.source);
      return;
    }
    const tokens = code.has(written[0]?.text ?? '') ? written : reader.resolve(written);
    const length = nameLength(tokens);
    const name = optionText(tokens.slice(0, length));
    const value = tokens.slice(length);
    const isNested = end === '{' && !code.has(name) && around.length < maxDepth;
    const parts = reader.kind === 'bgp' && around.length === 0 ? endsOfSession.get(name) : undefined;
    if (parts !== undefined) {
      for (const [part, text] of splitEnd(name, {value, words: parts})) set(part, text, statement);
    } else if (isItem(name, reader.kind) || (isNested && value.length > 0) || length === 0) set(optionText(tokens), '', statement);
    else set(name, optionText([...value, ...(end === '{' && !isNested ? readBlock(reader.source) : [])]), statement);
    if (isNested) readNested(optionText(tokens));
    else if (end === '{' && (parts !== undefined || isItem(name, reader.kind) || length === 0)) readBlock(reader.source);
  };
}

function nameOf({tokens}: Statement): string {
  return optionText(tokens.slice(0, nameLength(tokens)));
}

/** Nothing in it goes deeper; more is an attempt to exhaust the reader. */
const maxDepth = 10;

/** What holds filter code, sets of flags or secrets: names of definitions stay, and a block is text. */
const code = new Set(['import', 'export', 'filter', 'where', 'debug', 'mrtdump', 'password']);

/** Given again, these add to what was said before. */
const lists = new Set(['password']);

const items = new Set([
  'area',
  'interface',
  'stubnet',
  'virtual link',
  'prefix',
  'neighbor',
  'networks',
  'external',
  'neighbors',
  'rdnss',
  'dnssl',
  'ns',
  'domain',
]);

/** What there may be several of: the whole header is the name. */
function isItem(name: string, kind: string): boolean {
  return items.has(name) && kind !== 'bgp';
}

/** "local 10.0.0.1 as 65000" says three things, which may also stand in several statements. */
const endsOfSession: ReadonlyMap<string, readonly string[]> = new Map([
  ['local', ['as', 'port']],
  ['neighbor', ['as', 'port', 'range']],
]);

function splitEnd(name: string, {value, words}: {value: readonly Token[]; words: readonly string[]}): Array<[string, string]> {
  const parts: Array<[string, Token[]]> = [];
  for (const token of value) {
    const last = parts.at(-1);
    if (words.includes(token.text)) parts.push([`${name} ${token.text}`, []]);
    else if (token.text === 'internal' || token.text === 'external') parts.push([`${name} as`, [token]]);
    else if (last === undefined || isComplete(last, token)) parts.push([name, [token]]);
    else last[1].push(token);
  }
  return parts.map(([part, tokens]) => [part, optionText(tokens)]);
}

/** "as 65000 10.0.0.1": a number takes one token, an address may have an interface after it. */
function isComplete([, tokens]: readonly [string, Token[]], {kind}: Token): boolean {
  return tokens.length > 0 && (kind === 'address' || kind === 'prefix');
}
