import type {BlockNames} from './go-names.ts';
import {pathText} from './go-names.ts';
import {type GoScope, type GoValue, LostError, type PathValue} from './go-values.ts';

/** Where an expression is written: how it is scoped, and which names are taken. */
export interface Place {
  readonly scope: GoScope;
  readonly names: BlockNames;
  /** Says what differs a little. */
  note(reason: string): void;
}

/** An expression whose truth is asked for: what is missing is false, as in Go. Throws LostError. */
export function conditionText(value: GoValue, place: Place): string {
  if (value.kind === 'path' && value.isOptional) return optionalText(value, place, 'false');
  if (value.kind === 'call' && value.name === 'index') return indexText(value, place, 'false');
  if (value.kind !== 'call' || value.path.length > 0) return valueText(value, place);
  const {name, args} = value;
  const length = lengthCondition(name, args, place);
  if (length !== undefined) return length;
  const terms = () => args.map(argument => conditionText(argument, place));
  if (name === 'and' || name === 'or') return args.length === 1 ? terms().join('') : `(${name} ${terms().join(' ')})`;
  if (name === 'not') return `(not ${terms().join(' ')})`;
  return valueText(value, place);
}

/** An expression whose value is asked for. Throws LostError. */
export function valueText(value: GoValue, place: Place): string {
  if (value.kind === 'literal') return literalText(value.value);
  if (value.kind === 'path') return value.isOptional ? optionalText(value, place, '""') : pathText(value, place.scope, place.names);
  const {name, args, path} = value;
  if (name === 'index') return indexText(value, place);
  if (path.length > 0) throw new LostError(`the result of ${name} has no fields`);
  if (name === 'eq' || name === 'ne') return comparisonText(name, args, place);
  if (name === 'not') return conditionText(value, place);
  throw new LostError(lostReasons[name] ?? `there is no function "${name}"`);
}

const lostReasons: Readonly<Record<string, string>> = {
  and: 'and gives one of its arguments in Go, here only true or false',
  or: 'or gives one of its arguments in Go, here only true or false',
  len: 'there is no counterpart of len but for asking whether a list is empty',
  ...Object.fromEntries(['lt', 'le', 'gt', 'ge'].map(name => [name, `there is no counterpart of ${name}`])),
  ...Object.fromEntries(['print', 'printf', 'println'].map(name => [name, `${name} can only write, its text cannot be used further`])),
};

/** `(lookup (lookup m "a") "b")`; with a fallback the last step may find nothing. */
function indexText({args, path}: GoValue & {kind: 'call'}, place: Place, fallback?: string): string {
  const [map, ...keys] = args;
  if (map === undefined || keys.length === 0) throw new LostError('index needs a map or list and a key');
  const steps = [...keys.map(key => valueText(key, place)), ...path.map(name => literalText(name))];
  return steps.reduce(
    (text, key, index) => {
      const isLast = index === steps.length - 1;
      return isLast && fallback !== undefined ? `(default ${text} ${key} ${fallback})` : `(lookup ${text} ${key})`;
    },
    valueText(map, place),
  );
}

/** In Go, eq with more arguments asks whether the first equals any of them. */
function comparisonText(name: 'eq' | 'ne', args: readonly GoValue[], place: Place): string {
  const [first, ...others] = args;
  if (first === undefined || others.length === 0) throw new LostError(`${name} needs two values`);
  if (name === 'ne' && others.length > 1) throw new LostError('ne compares two values');
  const comparisons = others.map(other => {
    const [left, right] = sameKind(first, other, place);
    return `(${name} ${comparedText(left, place)} ${comparedText(right, place)})`;
  });
  return comparisons.length === 1 ? comparisons.join('') : `(or ${comparisons.join(' ')})`;
}

/** A missing value equals the empty one. */
function comparedText(value: GoValue, place: Place): string {
  return value.kind === 'call' && value.name === 'index' ? indexText(value, place, '""') : valueText(value, place);
}

/** AS numbers were text in the original's data and are numbers in ours: `eq .LocalAS "65000"`. */
function sameKind(left: GoValue, right: GoValue, place: Place): readonly [GoValue, GoValue] {
  if (isNumber(left) && right.kind === 'literal') return [left, asNumber(right, place)];
  if (isNumber(right) && left.kind === 'literal') return [asNumber(left, place), right];
  return [left, right];
}

function isNumber(value: GoValue): boolean {
  return value.kind === 'path' && value.of === 'root' && (value.path[0] === 'LocalAS' || value.path[1] === 'neighborAs');
}

function asNumber(literal: GoValue & {kind: 'literal'}, place: Place): GoValue {
  if (typeof literal.value !== 'string' || !/^\d+$/.test(literal.value)) return literal;
  place.note(`compared with the number ${literal.value}: AS numbers are numbers here, also in publish.vars`);
  return {...literal, value: Number(literal.value)};
}

/** `gt (len X) 0` and its like ask whether something is there. */
function lengthCondition(name: string, args: readonly GoValue[], place: Place): string | undefined {
  const [first, second] = args;
  if (name === 'len' && first !== undefined && second === undefined) return conditionText(first, place);
  const list = first?.kind === 'call' && first.name === 'len' && first.path.length === 0 ? first.args[0] : undefined;
  if (list === undefined || second?.kind !== 'literal' || args.length !== 2) return undefined;
  const asked = `${name} ${second.value}`;
  if (['gt 0', 'ne 0', 'ge 1'].includes(asked)) return conditionText(list, place);
  return ['eq 0', 'le 0', 'lt 1'].includes(asked) ? `(not ${conditionText(list, place)})` : undefined;
}

/** `default Vars "neighbor" ""`, without parentheses. */
export function defaultText(value: PathValue, {scope, names}: Place, fallback: string): string {
  const [vars = 'Vars', name = ''] = value.path;
  return `default ${pathText({...value, path: [vars]}, scope, names)} ${literalText(name)} ${fallback}`;
}

function optionalText(value: PathValue, place: Place, fallback: string): string {
  return `(${defaultText(value, place, fallback)})`;
}

export function literalText(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  // Handlebars knows one escape, a quote after a backslash, and no way to write a backslash before a quote.
  if (/\\(?:"|$)/.test(value)) throw new LostError('text with a backslash before its end or a quote cannot be written');
  return `"${value.replaceAll('"', '\\"')}"`;
}
