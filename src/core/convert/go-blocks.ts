import {conditionText, type Place, valueText} from './go-expressions.ts';
import type {BlockNames} from './go-names.ts';
import type {GoBlock, GoPipeline} from './go-nodes.ts';
import {type DotBlock, type GoScope, type GoValue, knownFields, LostError, root} from './go-values.ts';

/** How a block begins and ends in Handlebars, and what its body sees. */
export interface OpenedBlock {
  /** What follows `#` or `else`; asked for last, when it is known whether the block needs names. */
  opens(): string;
  readonly closes: string;
  readonly scope: GoScope;
}

/** A value that no data has: rendering stops here until somebody has put the right thing in its place. */
export const placeholder = 'convertByHand';

/** Opens a block over a value. Variables are declared in the place's scope. Throws LostError. */
export function openBlock(word: GoBlock['word'], {variables, isAssignment}: GoPipeline, value: GoValue, place: Place): OpenedBlock {
  const {scope, names} = place;
  if (isAssignment) throw new LostError('a variable cannot be changed');
  if (word === 'if') {
    const [name] = variables;
    if (name !== undefined) scope.variables.set(name, value);
    const text = conditionText(value, place);
    return {opens: () => `if ${text}`, closes: 'if', scope};
  }
  if (word === 'with') return dotBlock('with', conditionOrValue(value, place), value, variables, scope, names);
  if (value.kind === 'literal' || (value.kind === 'path' && value.isOptional))
    throw new LostError('only lists and maps can be gone through');
  return dotBlock('range', valueText(value, place), value, variables, scope, names);
}

/** A block whose value is lost. Its body is translated all the same. */
export function lostBlock(word: GoBlock['word'], {variables}: GoPipeline, scope: GoScope, names: BlockNames): OpenedBlock {
  if (word !== 'range' && word !== 'with') return {opens: () => `if ${placeholder}`, closes: 'if', scope};
  return dotBlock(word, placeholder, {kind: 'literal', value: ''}, variables, scope, names);
}

function dotBlock(
  word: 'range' | 'with',
  text: string,
  value: GoValue,
  variables: readonly string[],
  scope: GoScope,
  names: BlockNames,
): OpenedBlock {
  const block: DotBlock = {word, fields: knownFields(word, value), name: undefined, keyName: undefined};
  const [first, second] = variables;
  const dot = declare(block, value, second ?? first, second === undefined ? undefined : first, scope, names);
  const closes = word === 'range' ? 'each' : 'with';
  return {opens: () => `${closes} ${text}${namesText(block)}`, closes, scope: {...scope, blocks: [...scope.blocks, block], dot}};
}

/** The current value inside a block; its variables stand for it. In `with .` and the like it is still the root. */
function declare(
  block: DotBlock,
  value: GoValue,
  item: string | undefined,
  key: string | undefined,
  scope: GoScope,
  names: BlockNames,
): GoValue {
  const part = {kind: 'path', of: block, path: [], isOptional: false} as const;
  const isRoot = block.word === 'with' && value.kind === 'path' && value.of === 'root' && value.path.length === 0;
  if (item !== undefined) {
    block.name = names.give(item);
    scope.variables.set(item, isRoot ? root : {...part, part: 'item', isNamed: true});
  }
  if (key !== undefined) {
    block.keyName = names.give(key);
    scope.variables.set(key, {...part, part: 'key', isNamed: true});
  }
  return isRoot ? root : {...part, part: 'item', isNamed: false};
}

/** What may be missing is false. */
function conditionOrValue(value: GoValue, place: Place): string {
  const isMaybeMissing = (value.kind === 'path' && value.isOptional) || (value.kind === 'call' && value.name === 'index');
  return isMaybeMissing ? conditionText(value, place) : valueText(value, place);
}

function namesText({name, keyName}: DotBlock): string {
  if (keyName !== undefined) return ` as |${name ?? 'item'} ${keyName}|`;
  return name === undefined ? '' : ` as |${name}|`;
}
