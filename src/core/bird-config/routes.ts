import {InputError} from '../errors.ts';
import {type Prefix, parsePrefix} from '../prefix.ts';
import type {StaticRoute} from './model.ts';
import {optionText} from './option-text.ts';
import type {RouteMemory} from './route-memory.ts';
import {placeOf, type Source} from './source.ts';
import type {Token} from './tokens.ts';

/** Takes all plain route lines that stand here, as a publisher writes them by the thousands. */
export function readPlainRoutes(source: Source, routes: StaticRoute[], memory: RouteMemory): void {
  const run = memory.begin(source);
  for (;;) {
    run?.takeKnown(routes);
    const taken = source.take(plainRoute);
    if (taken === undefined) break;
    const [, text = '', target = ''] = taken.match;
    const prefix = parseRoutePrefix(text);
    const route = prefix && {prefix, target, file: source.file, line: taken.line};
    if (route !== undefined) routes.push(route);
    run?.note(route);
  }
}

const plainRoute =
  /[ \t\r\n]*route ([\da-f.:]{2,64}\/\d{1,3}) (reject|blackhole|unreachable|prohibit|via [\d.]{7,15}|via "[^"\n]{1,64}");/y;

/** The route of a statement `route PREFIX …`; undefined when it has no prefix (flowspec, VPN). */
export function parseRoute([first, ...tokens]: readonly Token[], source: Source): StaticRoute | undefined {
  const [address, slash, length] = tokens;
  if (first === undefined || address === undefined) return undefined;
  const isSplit = address.kind === 'address' && slash?.text === '/';
  const prefix = parseRoutePrefix(isSplit ? `${address.text}/${length?.text}` : address.text);
  return prefix === undefined ? undefined : {prefix, target: optionText(tokens.slice(isSplit ? 3 : 1)), ...placeOf(source, first)};
}

function parseRoutePrefix(text: string): Prefix | undefined {
  if (isCanonical4(text) || isCanonical6(text)) return text as Prefix;
  try {
    return parsePrefix(text);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

// Both tests are there for their speed: parsePrefix takes fifty times as long. They may say no to what is canonical, never yes to what is not.

function isCanonical4(text: string): boolean {
  const slash = text.indexOf('/');
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let at = 0; at < slash; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 46) {
      if (octet === -1) return false;
      value = value * 256 + octet;
      octet = -1;
      dots += 1;
    } else if (code < 48 || code > 57 || octet === 0) return false;
    else octet = (octet === -1 ? 0 : octet) * 10 + code - 48;
    if (octet > 255) return false;
  }
  const length = lengthOf(text, slash);
  return dots === 3 && octet !== -1 && length <= 32 && (value * 256 + octet) % 2 ** (32 - length) === 0;
}

/** The length after the slash; Infinity when it is none that is written the short way. */
function lengthOf(text: string, slash: number): number {
  const digits = text.slice(slash + 1);
  const length = Number(digits);
  return slash !== -1 && String(length) === digits ? length : Number.POSITIVE_INFINITY;
}

/** True for what has a run of at least two zeros written as "::", no other zero, and nothing set beyond its length. */
function isCanonical6(text: string): boolean {
  if (!shortened.test(text)) return false;
  const slash = text.indexOf('/');
  const length = lengthOf(text, slash);
  const gap = text.indexOf('::');
  const head = gap === 0 ? 0 : countColons(text, gap) + 1;
  if (gap + 2 === slash) return head <= 6 && length <= 128 && length >= 16 * head;
  const tail = countColons(text, slash) - countColons(text, gap + 2) + 1;
  if (head + tail > 6 || length > 128 || length < 112) return false;
  const last = Number.parseInt(text.slice(text.lastIndexOf(':') + 1, slash), 16);
  return last % 2 ** (128 - length) === 0;
}

const shortened = /^(?:[1-9a-f][\da-f]{0,3}(?::[1-9a-f][\da-f]{0,3})*)?::(?:[1-9a-f][\da-f]{0,3}(?::[1-9a-f][\da-f]{0,3})*)?\/\d{1,3}$/;

function countColons(text: string, end: number): number {
  let count = 0;
  for (let at = 0; at < end; at += 1) if (text.charCodeAt(at) === 58) count += 1;
  return count;
}
