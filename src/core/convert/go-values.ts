import type {GoOperand, GoPipeline} from './go-nodes.ts';
import {fieldsOfItems, rootName} from './go-variables.ts';

/** What an expression means, apart from how it is written. */
export type GoValue =
  | {readonly kind: 'literal'; readonly value: string | number | boolean}
  | PathValue
  | {readonly kind: 'call'; readonly name: string; readonly args: readonly GoValue[]; readonly path: readonly string[]};

export interface PathValue {
  readonly kind: 'path';
  /** The data as a whole, or what a block is about. */
  readonly of: 'root' | DotBlock;
  /** 'item' for a range's or with's value, 'key' for the place of it in its list or map. */
  readonly part: 'item' | 'key';
  /** Written by a variable's name in the Go template. */
  readonly isNamed: boolean;
  readonly path: readonly string[];
  /** It may be missing in our data, where Go had an empty value. */
  readonly isOptional: boolean;
}

/** A block that changes the current value. Its names, as in `as |group name|`, are given when something needs them. */
export interface DotBlock {
  readonly word: 'range' | 'with';
  /** What its value has, where that is known. */
  readonly fields: readonly string[] | undefined;
  name: string | undefined;
  keyName: string | undefined;
}

export interface GoScope {
  /** From outside to inside. */
  readonly blocks: readonly DotBlock[];
  readonly dot: GoValue;
  readonly variables: Map<string, GoValue>;
}

/** Thrown for what has no counterpart; it is reported and left to the reader. */
export class LostError extends Error {}

export const root: PathValue = {kind: 'path', of: 'root', part: 'item', isNamed: false, path: [], isOptional: false};

/** The value of a pipeline. `warn` hears of names that our data does not have. Throws LostError. */
export function goValue({commands}: GoPipeline, scope: GoScope, warn: (reason: string) => void): GoValue {
  let value: GoValue | undefined;
  for (const command of commands) value = commandValue(command, value, scope, warn);
  if (value === undefined) throw new LostError('a value is missing');
  return value;
}

function commandValue(operands: readonly GoOperand[], last: GoValue | undefined, scope: GoScope, warn: (reason: string) => void): GoValue {
  const [first, ...others] = operands;
  const args = [...others.map(operand => operandValue(operand, scope, warn)), ...(last === undefined ? [] : [last])];
  if (first === undefined) throw new LostError('a value is missing');
  if (first.kind === 'function') return {kind: 'call', name: first.name, args, path: []};
  if (args.length > 0) throw new LostError('methods with arguments cannot be called');
  return operandValue(first, scope, warn);
}

function operandValue(operand: GoOperand, scope: GoScope, warn: (reason: string) => void): GoValue {
  if (operand.kind === 'function') return {kind: 'call', name: operand.name, args: [], path: []};
  if (operand.kind === 'literal') {
    if (operand.value === null) throw new LostError('there is no nil');
    return {kind: 'literal', value: operand.value};
  }
  return fieldOf(startOf(operand.of, scope, warn), operand.path, warn);
}

function startOf(of: string | GoPipeline, scope: GoScope, warn: (reason: string) => void): GoValue {
  if (typeof of !== 'string') return goValue(of, scope, warn);
  if (of === '.') return scope.dot;
  if (of === '$') return root;
  const value = scope.variables.get(of);
  if (value === undefined) throw new LostError(`the variable ${of} has no value here`);
  return value;
}

function fieldOf(value: GoValue, path: readonly string[], warn: (reason: string) => void): GoValue {
  if (path.length === 0) return value;
  if (value.kind === 'literal') throw new LostError('text and numbers have no fields');
  if (value.kind === 'call') return {...value, path: [...value.path, ...path]};
  const whole = [...value.path, ...path];
  if (value.of !== 'root') {
    const [name = ''] = whole;
    if (value.of.fields?.includes(name) === false) warn(`"${name}" is not defined here: ${itemsAre(value.of.fields)}`);
    return {...value, path: whole};
  }
  const {path: renamed, isOptional, problem} = rootName(whole);
  if (problem !== undefined) warn(problem);
  return {...value, path: renamed, isOptional};
}

function itemsAre(fields: readonly string[]): string {
  return fields.length === 0 ? 'these are plain CIDRs' : `these have ${fields.join(', ')}`;
}

/** What the items of a list or map have, or a single one of them that index gives, where it is known. */
export function knownFields(word: 'range' | 'with', value: GoValue): readonly string[] | undefined {
  const [list] = value.kind === 'call' && value.name === 'index' && value.args.length === 2 ? value.args : [value];
  if (list?.kind !== 'path' || list.of !== 'root' || list.path.length !== 1 || (list === value) !== (word === 'range')) return undefined;
  return fieldsOfItems(list.path[0] ?? '');
}
