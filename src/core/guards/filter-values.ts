import type {BirdConfig} from '../bird-config/model.ts';
import {type Token, tokenize} from '../bird-config/tokens.ts';
import {addressBits, contains, familyOf, isAddress, type Prefix, parseAddress, parsePrefix, prefixLength} from '../prefix.ts';
import {symbolOf, type Term} from './filter-syntax.ts';

/** What is known of a route. What is undefined is not known. */
export interface RouteFacts {
  /** The name of the protocol that it comes from. */
  readonly proto?: string;
  /** As BIRD's filters call it: "RTS_STATIC". */
  readonly source?: string;
  readonly net?: Prefix;
}

/** What a comparison of a filter gives; undefined where it cannot be known. */
export function compareValues({left, operator, right}: Term & {readonly kind: 'comparison'}, facts: RouteFacts, config: BirdConfig) {
  const negative = operator.startsWith('!');
  const result = comparePositive(
    resolve(left, config),
    negative ? (operator === '!=' ? '=' : '~') : operator,
    resolve(right, config),
    facts,
  );
  return result === undefined || !negative ? result : !result;
}

/** What a text compares `proto` with by = or ~. */
export function comparedProtocols(text: string, config: BirdConfig): string[] {
  const tokens = tokenize(text);
  return tokens.flatMap((token, index) => {
    const operator = tokens[index + 1]?.text;
    if (token.text !== 'proto' || (operator !== '=' && operator !== '~')) return [];
    const [value] = resolve(tokens.slice(index + 2, index + 3), config);
    return value?.kind === 'string' ? [value.text.slice(1, -1)] : [];
  });
}

type Tokens = readonly Token[];

const deepest = 8;

/** Puts in what a constant stands for. */
function resolve(tokens: Tokens, config: BirdConfig, depth = 0): Tokens {
  const [first] = tokens;
  if (first === undefined || tokens.length !== 1 || depth === deepest) return tokens;
  const constant = config.globals.get(`define ${symbolOf(first)}`);
  return constant === undefined ? tokens : resolve(tokenize(constant.text.replace(/^=\s*/, '')), config, depth + 1);
}

function comparePositive(left: Tokens, operator: string, right: Tokens, facts: RouteFacts): boolean | undefined {
  const name = textOf(left);
  if (operator === '=' && !attributes.has(name) && attributes.has(textOf(right))) return comparePositive(right, '=', left, facts);
  if (name === 'proto' && facts.proto !== undefined) return compareText(facts.proto, operator, right);
  if (name === 'source' && facts.source !== undefined) return compareSource(facts.source, operator, right);
  if (name === 'net' && facts.net !== undefined) return compareNet(facts.net, operator, right);
  if (name === 'net.len' && facts.net !== undefined) return compareNumber(prefixLength(facts.net), operator, right);
  return undefined;
}

const attributes = new Set(['proto', 'source', 'net', 'net.len']);

function textOf(tokens: Tokens): string {
  return tokens.map(({text}) => text).join('');
}

function compareText(value: string, operator: string, [token, ...more]: Tokens): boolean | undefined {
  if (token?.kind !== 'string' || more.length > 0) return undefined;
  const text = token.text.slice(1, -1);
  if (operator === '=') return value === text;
  return operator === '~' ? matchesPattern(value, text) : undefined;
}

/** As BIRD matches text with a pattern: `*` is any text, `?` any character. */
export function matchesPattern(value: string, pattern: string): boolean {
  const parts = [...pattern].map(character => wildcards.get(character) ?? character.replace(/\W/, String.raw`\$&`));
  return new RegExp(`^${parts.join('')}$`, 'su').test(value);
}

const wildcards: ReadonlyMap<string, string> = new Map([
  ['*', '.*'],
  ['?', '.'],
]);

function compareSource(value: string, operator: string, tokens: Tokens): boolean | undefined {
  if (operator === '=' && tokens.length === 1) return isSourceName(tokens[0]) ? tokens[0]?.text === value : undefined;
  const items = operator === '~' ? setItems(tokens) : undefined;
  if (items?.every(item => item.length === 1 && isSourceName(item[0])) !== true) return undefined;
  return items.some(([token]) => token?.text === value);
}

function isSourceName(token: Token | undefined): boolean {
  return token?.text.startsWith('RTS_') === true;
}

function compareNumber(value: number, operator: string, [token, ...more]: Tokens): boolean | undefined {
  if (token?.kind !== 'number' || more.length > 0) return undefined;
  const other = Number(token.text);
  return numberComparisons.get(operator)?.(value, other);
}

const numberComparisons: ReadonlyMap<string, (a: number, b: number) => boolean> = new Map([
  ['=', (a, b) => a === b],
  ['<', (a, b) => a < b],
  ['<=', (a, b) => a <= b],
  ['>', (a, b) => a > b],
  ['>=', (a, b) => a >= b],
]);

function compareNet(net: Prefix, operator: string, tokens: Tokens): boolean | undefined {
  if (operator === '=') return tokens.length === 1 && tokens[0]?.kind === 'prefix' ? isInPattern(net, tokens) : undefined;
  if (operator !== '~') return undefined;
  const results = setItems(tokens)?.map(item => isInPattern(net, item));
  if (results === undefined) return undefined;
  if (results.includes(true)) return true;
  return results.includes(undefined) ? undefined : false;
}

/** Whether a prefix is one of those that a pattern of a prefix set means: 10.0.0.0/8, with "+" and all inside, "-" and all around, or {shortest, longest}. */
function isInPattern(net: Prefix, [base, ...rest]: Tokens): boolean | undefined {
  if (base?.kind !== 'prefix' || !isPrefix(base.text)) return undefined;
  const prefix = parsePrefix(base.text);
  const length = prefixLength(prefix);
  const suffix = textOf(rest);
  const [, low, high] = /^\{(\d+),(\d+)\}$/.exec(suffix) ?? [];
  if (suffix === '') return net === prefix;
  if (suffix === '+') return isOnPath(net, prefix, length, addressBits[familyOf(prefix)]);
  if (suffix === '-') return isOnPath(net, prefix, 0, length);
  return low === undefined ? undefined : isOnPath(net, prefix, Number(low), Number(high));
}

/** BIRD's own check says more about one that is none; the guards only must not stumble over it. */
function isPrefix(text: string): boolean {
  const [address = '', length = ''] = text.split('/');
  return isAddress(address) && Number(length) <= addressBits[familyOf(parseAddress(address))];
}

function isOnPath(net: Prefix, base: Prefix, low: number, high: number): boolean {
  const length = prefixLength(net);
  return length >= low && length <= high && (contains(base, net) || contains(net, base));
}

/** The tokens between the commas of a set in brackets; undefined for anything else. */
function setItems(tokens: Tokens): Tokens[] | undefined {
  if (tokens[0]?.text !== '[' || tokens.at(-1)?.text !== ']') return undefined;
  const items: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(1, -1)) {
    if (token.text === '{') depth += 1;
    if (token.text === '}') depth -= 1;
    if (token.text === ',' && depth === 0) items.push([]);
    else items.at(-1)?.push(token);
  }
  return items;
}
