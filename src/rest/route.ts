import type {z} from 'zod';
import {InputError} from '../core/errors.ts';

/** One REST operation. The body and the query are parsed before the handler sees them; unknown fields are refused. */
export interface Route<Body extends z.ZodType = z.ZodType, Query extends z.ZodType = z.ZodType, Params extends z.ZodType = z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  readonly body?: Body;
  readonly query?: Query;
  readonly params?: Params;
  /** What is answered as JSON with status 200. */
  handle(request: {body: z.infer<Body>; query: z.infer<Query>; params: z.infer<Params>}): Promise<unknown> | unknown;
}

/** Gives a route its types; the list of routes forgets them. */
export function route<Body extends z.ZodType, Query extends z.ZodType, Params extends z.ZodType>(
  definition: Route<Body, Query, Params>,
): Route {
  return definition as unknown as Route;
}

/** Parses a part of a request; throws InputError ERR_MALFORMED that names every field that is wrong. */
export function parsePart<Schema extends z.ZodType>(schema: Schema | undefined, part: string, value: unknown): z.infer<Schema> {
  if (schema === undefined) return undefined as z.infer<Schema>;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InputError('ERR_MALFORMED', result.error.issues.flatMap(issue => describeIssue(issue, part)).join(' '));
}

function describeIssue(issue: z.core.$ZodIssue, part: string): string[] {
  const place = issue.path.length === 0 ? `The ${part}` : `Field ${issue.path.join('.')}`;
  if (issue.code === 'unrecognized_keys') return issue.keys.map(key => `Unknown field ${JSON.stringify(key)} in the ${part}.`);
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  if (isMissing) return [`${place} is required.`];
  return [`${place}: ${issue.message.replace(/^Invalid input: /, '')}.`];
}
