import {templateHelpers} from '../template-helpers.ts';
import type {DotBlock, GoScope, PathValue} from './go-values.ts';

/** Words that cannot be the name of a value in Handlebars without `this.` before them. */
const reserved = new Set([
  ...templateHelpers.keys(),
  'if',
  'unless',
  'each',
  'with',
  'else',
  'as',
  'this',
  'true',
  'false',
  'null',
  'undefined',
]);

/** The names after `as` in one template: each is given once, so that none hides another. */
export class BlockNames {
  readonly #taken = new Set(reserved);

  /** A name like the wanted one, which is written `$name` in Go. */
  give(wanted: string): string {
    const base = wanted.replace(/^\$/, '');
    let name = base;
    for (let number = 2; this.#taken.has(name); number += 1) name = `${base}${number}`;
    this.#taken.add(name);
    return name;
  }
}

/** A path as Handlebars has it at this place: `LocalAS`, `@root.LocalAS`, `this`, `group.CIDR`. */
export function pathText({of, part, isNamed, path}: PathValue, {blocks}: GoScope, names: BlockNames): string {
  const innermost = blocks.at(-1);
  if (part === 'key' && of !== 'root') {
    of.keyName ??= names.give('key');
    return join([of.keyName, ...path]);
  }
  if (of !== innermost && (of !== 'root' || innermost !== undefined)) {
    return join([of === 'root' ? '@root' : itemName(of, names), ...path]);
  }
  if (of !== 'root' && isNamed) return join([itemName(of, names), ...path]);
  const [first] = path;
  if (first === undefined) return 'this';
  const isHidden = reserved.has(first) || blocks.some(({name, keyName}) => name === first || keyName === first);
  return join(isHidden ? ['this', ...path] : path);
}

function itemName(block: DotBlock, names: BlockNames): string {
  block.name ??= names.give('item');
  return block.name;
}

function join(path: readonly string[]): string {
  return path.join('.');
}
