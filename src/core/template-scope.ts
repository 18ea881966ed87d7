import {TemplateFaultError} from './template-error.ts';
import type {PathExpression} from './template-nodes.ts';

/** Where a name is looked up: the current value, those around it (`../`), the names after `as`, and the `@` values. */
export interface Scope {
  readonly value: unknown;
  readonly outer: Scope | undefined;
  readonly names: ReadonlyMap<string, unknown>;
  readonly data: DataFrame;
}

/** The `@` values of a block; those that it does not set itself are those around it. */
export interface DataFrame {
  readonly values: Readonly<Record<string, unknown>>;
  readonly outer: DataFrame | undefined;
}

export function rootScope(value: unknown): Scope {
  return {value, outer: undefined, names: new Map(), data: {values: {root: value}, outer: undefined}};
}

/** The scope inside a block over `value`. As in Handlebars, a block over the current value itself is no level for `../`. */
export function enter(scope: Scope, value: unknown, names: readonly string[], values: readonly unknown[], data = scope.data): Scope {
  const named = names.length === 0 ? scope.names : new Map([...scope.names, ...names.map((name, index) => [name, values[index]] as const)]);
  return {value, outer: value === scope.value ? scope.outer : scope, names: named, data};
}

/** The value that a path names; throws TemplateFaultError when it does not exist. Only own properties of maps and lists can be reached. */
export function resolvePath(path: PathExpression, scope: Scope): unknown {
  const [first = ''] = path.parts;
  if (scope.names.size > 0 && !path.isData && !path.isScoped && path.depth === 0 && scope.names.has(first))
    return descend(scope.names.get(first), path.parts.slice(1), path, scope);
  return descend(path.isData ? dataAt(path, scope) : scopeAt(path, scope).value, path.parts, path, scope);
}

function descend(start: unknown, parts: readonly string[], path: PathExpression, scope: Scope): unknown {
  let value = start;
  for (const part of parts) {
    const next: unknown = typeof value === 'object' && value !== null && Object.hasOwn(value, part) ? Reflect.get(value, part) : undefined;
    if (next === undefined || typeof next === 'function') {
      throw new TemplateFaultError(`"${path.text}" is not defined${hint(path, part, scope)}`, path.at);
    }
    value = next;
  }
  return value;
}

function scopeAt(path: PathExpression, scope: Scope): Scope {
  let found: Scope | undefined = scope;
  for (let depth = path.depth; depth > 0; depth -= 1) found = found?.outer;
  if (found === undefined) throw new TemplateFaultError(`"${path.text}" is not defined: there are not so many blocks around it`, path.at);
  return found;
}

function dataAt({parts: [name = ''], depth: levels}: PathExpression, {data}: Scope): unknown {
  let found: DataFrame | undefined = data;
  for (let depth = levels; depth > 0; depth -= 1) found = found?.outer;
  while (found?.outer !== undefined && !Object.hasOwn(found.values, name)) found = found.outer;
  return found?.values;
}

function hint({parts, text, depth, isData}: PathExpression, part: string, scope: Scope): string {
  const [first = ''] = parts;
  const root = rootOf(scope.data);
  if (isData || part !== first || depth > 0 || typeof root !== 'object' || root === null) {
    return parts[0] === 'Vars' && parts.length === 2 ? `: set it under publish.vars, or ask for it with (has Vars "${part}")` : '';
  }
  return scope.outer !== undefined && Object.hasOwn(root, first) ? ` inside this block, write @root.${text}` : '';
}

function rootOf({values, outer}: DataFrame): unknown {
  return outer === undefined ? values['root'] : rootOf(outer);
}
