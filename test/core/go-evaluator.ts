import type {GoNode, GoOperand, GoPipeline} from '../../src/core/convert/go-nodes.ts';
import {parseGoTemplate} from '../../src/core/convert/go-parse.ts';

// Go's text/template by its documentation, as far as the tests use it: what a template gave before it was converted.

export interface GoData {
  readonly [name: string]: unknown;
}

interface Scope {
  readonly root: unknown;
  readonly dot: unknown;
  readonly variables: ReadonlyMap<string, unknown>;
}

/** What Go writes for a template. */
export function evaluateGo(template: string, data: GoData): string {
  // A trim mark takes all white space beside its tag, whatever else stands in the template. A mark keeps "{" apart from "{{".
  const trimmed = template.replaceAll(/\s*\{\{-(?=\s)/g, `${mark}{{`).replaceAll(/\s-\}\}\s*/g, `}}${mark}`);
  return write(parseGoTemplate(trimmed), {root: data, dot: data, variables: new Map()}).replaceAll(mark, '');
}

const mark = '\u0001';

function write(nodes: readonly GoNode[], outer: Scope): string {
  let scope = outer;
  let text = '';
  for (const node of nodes) {
    if (node.kind === 'text') text += node.text;
    else if (node.kind === 'output') {
      const value = evaluate(node.pipeline, scope);
      const [name] = node.pipeline.variables;
      if (name === undefined) text += printed(value);
      else scope = {...scope, variables: new Map([...scope.variables, [name, value]])};
    } else if (node.kind === 'block') text += writeBlock(node, scope);
  }
  return text;
}

function writeBlock({word, pipeline, body, otherwise}: GoNode & {kind: 'block'}, scope: Scope): string {
  const value = evaluate(pipeline, scope);
  const [first, second] = pipeline.variables;
  const otherText = () => (otherwise === undefined ? '' : write(otherwise.body, scope));
  if (word === 'range') {
    const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0) return otherText();
    return entries
      .map(([key, item]) => {
        const variables = new Map(scope.variables);
        if (second === undefined) variables.set(first ?? '', item);
        else variables.set(first ?? '', key).set(second, item);
        return write(body, {...scope, dot: item, variables});
      })
      .join('');
  }
  if (!isTrue(value)) return otherText();
  const variables = new Map([...scope.variables, [first ?? '', value]]);
  return write(body, {...scope, dot: word === 'with' ? value : scope.dot, variables});
}

function evaluate({commands}: GoPipeline, scope: Scope): unknown {
  let last: unknown[] = [];
  for (const [first, ...others] of commands) {
    const args = [...others.map(operand => operandValue(operand, scope)), ...last];
    last = [first?.kind === 'function' ? call(first.name, args) : first === undefined ? undefined : operandValue(first, scope)];
  }
  return last[0];
}

function operandValue(operand: GoOperand, scope: Scope): unknown {
  if (operand.kind === 'literal') return operand.value;
  if (operand.kind === 'function') return call(operand.name, []);
  const {of, path} = operand;
  let value = typeof of !== 'string' ? evaluate(of, scope) : of === '.' ? scope.dot : of === '$' ? scope.root : scope.variables.get(of);
  for (const name of path) value = fieldOf(value, name);
  return value;
}

function fieldOf(value: unknown, name: unknown): unknown {
  if (typeof value !== 'object' || value === null || (typeof name !== 'string' && typeof name !== 'number'))
    throw new Error(`no field ${name}`);
  return Reflect.get(value, name);
}

function call(name: string, args: readonly unknown[]): unknown {
  const [first, ...others] = args;
  if (name === 'index') return others.reduce(fieldOf, first);
  if (name === 'eq') return others.some(other => other === first);
  if (name === 'ne') return others[0] !== first;
  if (name === 'not') return !isTrue(first);
  if (name === 'and') return args.find(value => !isTrue(value)) ?? args.at(-1);
  if (name === 'or') return args.find(isTrue) ?? args.at(-1);
  if (name === 'len') return Object.keys(first ?? {}).length;
  if (name === 'gt') return Number(first) > Number(others[0]);
  if (name === 'print') return args.map(printed).join('');
  if (name === 'printf') return others.reduce<string>((text, value) => text.replace(/%[svd]/, () => printed(value)), String(first));
  throw new Error(`no function ${name}`);
}

/** False are false, 0, nil, and empty text, lists and maps. */
function isTrue(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

function printed(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`${JSON.stringify(value)} is not written by these tests`);
}
