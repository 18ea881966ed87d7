import {z} from 'zod';
import {InputError} from '../core/errors.ts';

type Anything = z.ZodType;

/** One REST operation. The body and the query are parsed before the handler sees them; unknown fields are refused. */
export interface Route<
  Body extends Anything = Anything,
  Query extends Anything = Anything,
  Params extends Anything = Anything,
  Answer extends Anything = Anything,
> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `{name}` stands for one part of the path, `{+name}` for all the rest of it, slashes too. */
  readonly path: string;
  /** What the operation is called in the OpenAPI document. Clients are generated from it: it stays as it is. */
  readonly operation: string;
  readonly summary: string;
  readonly body?: Body;
  /** What the document says of a body that `handle` parses itself. */
  readonly bodyShape?: Anything;
  readonly query?: Query;
  readonly params?: Params;
  /** What is answered with status 200, for the document and the tests that hold real answers against it. It is not parsed while the daemon runs. */
  readonly answer: Answer;
  /** When a request is refused with one of these statuses. Those that every route may answer are not listed. */
  readonly refusals?: Readonly<Partial<Record<404 | 409 | 422 | 507, string>>>;
  /** Under which heading the document shows it. */
  readonly tag?: string;
  /** True for a request that only asks what it would change: the log does not tell of it as of a change. */
  isDryRun?(query: z.infer<Query>): boolean;
  handle(request: {
    body: z.infer<Body>;
    query: z.infer<Query>;
    params: z.infer<Params>;
  }): Promise<AnswerOf<z.infer<Answer>>> | AnswerOf<z.infer<Answer>>;
}

/** A handler that returns nothing answers null. */
// biome-ignore lint/suspicious/noConfusingVoidType: it stands for what a function returns
type AnswerOf<Value> = DeepReadonly<Value> | (null extends Value ? void : never);

type DeepReadonly<Value> = Value extends object ? {readonly [Key in keyof Value]: DeepReadonly<Value[Key]>} : Value;

/** The answer of an operation that has nothing to say but that it is done. */
export const Done = z.null();

/** Gives a route its types; the list of routes forgets them. */
export function route<Body extends Anything, Query extends Anything, Params extends Anything, Answer extends Anything>(
  definition: Route<Body, Query, Params, Answer>,
): Route {
  return definition as unknown as Route;
}

const nothing = z.strictObject({});

/** Parses a part of a request; throws InputError ERR_MALFORMED that names every field that is wrong. */
export function parsePart<Schema extends Anything>(schema: Schema | undefined, part: string, value: unknown): z.infer<Schema> {
  if (schema === undefined) return undefined as z.infer<Schema>;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InputError('ERR_MALFORMED', result.error.issues.flatMap(issue => describeIssue(issue, part)).join(' '));
}

/** Parses the query. A route without one takes none: a misspelt filter must not list everything, nor a dry run be a real one. */
export function parseQuery<Schema extends Anything>(schema: Schema | undefined, value: unknown): z.infer<Schema> {
  return parsePart<Anything>(schema ?? nothing, 'query', value) as z.infer<Schema>;
}

function describeIssue(issue: z.core.$ZodIssue, part: string): string[] {
  const place = issue.path.length === 0 ? `The ${part}` : `Field ${issue.path.join('.')}`;
  if (issue.code === 'unrecognized_keys') return issue.keys.map(key => `Unknown field ${JSON.stringify(key)} in the ${part}.`);
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  if (isMissing) return [`${place} is required.`];
  return [`${place}: ${issue.message.replace(/^Invalid input: /, '')}.`];
}
