import type {BirdConfig} from '../bird-config/model.ts';
import {calledNames, parseBody, parseTerm, type Statement, symbolOf, type Term} from './filter-syntax.ts';
import {comparedProtocols, compareValues, type RouteFacts} from './filter-values.ts';

/** What a filter may do with routes of which some facts are known. Both may be true: it depends on what is not known, or was not understood. */
export interface Verdict {
  readonly mayAccept: boolean;
  readonly mayReject: boolean;
}

/** Says what the filter of one import or export option does with a route. */
export type Judge = (facts: RouteFacts) => Verdict;

/** Reads an import or export option ("all", "none", "where …", "filter NAME", "filter { … }"). Of a text that is not understood anything may come. */
export function createJudge(text: string, config: BirdConfig): Judge {
  if (text === 'all') return () => accepted;
  if (text === 'none') return () => rejected;
  const [, kind, rest = ''] = /^(where|filter)\b\s*([\s\S]*)$/.exec(text) ?? [];
  if (kind === undefined) return () => unclear;
  const body = kind === 'where' ? whereBody(rest) : parseBody(filterText(rest, config));
  if (body === undefined || callsVerdict(filterText(rest, config), config)) return () => unclear;
  return facts => {
    const outcomes = runAll(body, {facts, config, depth: 0});
    // BIRD refuses a route on which a filter does not decide.
    return {mayAccept: outcomes.has('accept'), mayReject: outcomes.size > (outcomes.has('accept') ? 1 : 0)};
  };
}

/** The names and patterns of protocols that an option asks for, its functions included. */
export function askedProtocols(text: string, config: BirdConfig, seen = new Set<string>()): string[] {
  const filter = filterText(text.replace(/^filter\s+/, ''), config);
  const called = calledNames(filter).flatMap(name => {
    const body = config.filters.get(name);
    if (body === undefined || seen.has(name)) return [];
    seen.add(name);
    return askedProtocols(body.text, config, seen);
  });
  return [...new Set([...comparedProtocols(filter, config), ...called])];
}

const accepted: Verdict = {mayAccept: true, mayReject: false};
const rejected: Verdict = {mayAccept: false, mayReject: true};
const unclear: Verdict = {mayAccept: true, mayReject: true};

function whereBody(text: string): readonly Statement[] | undefined {
  const condition = parseTerm(text);
  return condition && [{kind: 'if', condition, whenTrue: [{kind: 'accept'}], whenFalse: []}];
}

/** The text of a filter that is named, or the text itself. */
function filterText(text: string, {filters}: BirdConfig): string {
  return /^['\w]/.test(text) ? (filters.get(text.replaceAll("'", ''))?.text ?? text) : text;
}

/** Whether a function that the text calls, or one that this calls, decides by itself. */
function callsVerdict(text: string, config: BirdConfig, seen = new Set<string>()): boolean {
  return calledNames(text).some(name => {
    const called = config.filters.get(name);
    if (called === undefined || seen.has(name)) return false;
    seen.add(name);
    return /\b(?:accept|reject|error)\b/.test(called.text) || callsVerdict(called.text, config, seen);
  });
}

/** How a list of statements may end: by a decision, by a return, or at its end. */
type Outcome = 'accept' | 'reject' | 'true' | 'false' | 'end';

interface Scope {
  readonly facts: RouteFacts;
  readonly config: BirdConfig;
  /** How many functions deep. */
  readonly depth: number;
}

const anything: ReadonlySet<Outcome> = new Set(['accept', 'reject', 'true', 'false', 'end']);

function runAll(statements: readonly Statement[], scope: Scope): ReadonlySet<Outcome> {
  const outcomes = new Set<Outcome>();
  for (const statement of statements) {
    const result = run(statement, scope);
    for (const outcome of result) if (outcome !== 'end') outcomes.add(outcome);
    if (!result.has('end')) return outcomes;
  }
  return outcomes.add('end');
}

function run(statement: Statement, scope: Scope): ReadonlySet<Outcome> {
  if (statement.kind === 'unclear') return anything;
  if (statement.kind === 'return') return new Set(choices(truthOf(statement.value, scope), 'true', 'false'));
  if (statement.kind !== 'if') return new Set([statement.kind]);
  const branches = choices(truthOf(statement.condition, scope), statement.whenTrue, statement.whenFalse);
  return new Set(branches.flatMap(branch => [...runAll(branch, scope)]));
}

function choices<Choice>(value: boolean | undefined, yes: Choice, no: Choice): Choice[] {
  if (value === undefined) return [yes, no];
  return [value ? yes : no];
}

/** Undefined where it cannot be known. */
function truthOf(term: Term, scope: Scope): boolean | undefined {
  if (term.kind === 'not') return negated(truthOf(term.term, scope));
  if (term.kind === 'comparison') return compareValues(term, scope.facts, scope.config);
  if (term.kind === 'value') return truthOfValue(term, scope);
  const [left, right] = [truthOf(term.left, scope), truthOf(term.right, scope)];
  const decisive = term.kind === 'or';
  if (left === decisive || right === decisive) return decisive;
  return left === undefined || right === undefined ? undefined : !decisive;
}

function negated(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

const deepest = 4;

function truthOfValue({tokens}: Term & {readonly kind: 'value'}, {facts, config, depth}: Scope): boolean | undefined {
  const [first] = tokens;
  if (first === undefined || depth === deepest) return undefined;
  if (tokens.length === 1 && (first.text === 'true' || first.text === 'false')) return first.text === 'true';
  const constant = tokens.length === 1 ? config.globals.get(`define ${symbolOf(first)}`) : undefined;
  if (constant !== undefined) {
    const term = parseTerm(constant.text.replace(/^=\s*/, ''));
    return term && truthOf(term, {facts, config, depth: depth + 1});
  }
  const called = tokens[1]?.text === '(' ? config.filters.get(symbolOf(first)) : undefined;
  const body = called && parseBody(called.text);
  if (body === undefined) return undefined;
  const outcomes = runAll(body, {facts, config, depth: depth + 1});
  if (outcomes.size !== 1) return undefined;
  if (outcomes.has('true')) return true;
  return outcomes.has('false') ? false : undefined;
}
