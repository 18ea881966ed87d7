import type {BirdConfig} from './bird-config/model.ts';
import {tokenize} from './bird-config/tokens.ts';

/** Filters, functions and constants that say something else than before, themselves or by what they use. */
export function changedNames(before: BirdConfig, after: BirdConfig): ReadonlySet<string> {
  const [was, is] = [definitionsOf(before), definitionsOf(after)];
  const changed = new Set([...was.keys(), ...is.keys()].filter(name => was.get(name) !== is.get(name)));
  const users = new Map<string, string[]>();
  for (const [name, text] of is) for (const used of namesIn(text)) users.set(used, [...(users.get(used) ?? []), name]);
  // A set that grows while it is walked is walked to its new end.
  for (const name of changed) for (const user of users.get(name) ?? []) changed.add(user);
  return changed;
}

/** Every name in a text of code, once. */
export function namesIn(text: string): string[] {
  const symbols = tokenize(text).flatMap(({kind, text: symbol}) => {
    if (kind === 'quoted') return [symbol.slice(1, -1)];
    return kind === 'word' ? [symbol] : [];
  });
  return [...new Set(symbols)];
}

function definitionsOf({filters, globals}: BirdConfig): Map<string, string> {
  const constants = [...globals].flatMap(([name, {text}]) => (name.startsWith('define ') ? [[name.slice(7), text] as const] : []));
  return new Map([...[...filters].map(([name, {text}]) => [name, text] as const), ...constants]);
}
