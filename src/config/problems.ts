import type {z} from 'zod';
import {hideCredentials} from './print.ts';

/** What is wrong with a document, a line for each: path, value, and what was expected. */
export function describeProblem(issue: z.core.$ZodIssue, document: unknown): string[] {
  const path = issue.path.join('.') || 'the whole';
  if (issue.code === 'unrecognized_keys') return issue.keys.map(key => `${[...issue.path, key].join('.')}: unknown key`);
  const input = valueAt(document, issue.path);
  const value = input === undefined ? 'nothing' : hideCredentials(JSON.stringify(input));
  const expected = issue.message.replace(/^(Invalid \w+|Too \w+): /, '').replace(/, received .*$/, '');
  return [`${path}: got ${value}: ${expected}`];
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined), value);
}
