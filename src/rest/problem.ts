import {z} from 'zod';
import {InputError, messageOf} from '../core/errors.ts';

/** The body of every error answer. `details` is always a sentence. */
export type Problem = Readonly<z.infer<typeof Problem>>;
export const Problem = z
  .object({
    status_code: z.int().describe('the same as the HTTP status'),
    details: z.string().describe('a sentence for people'),
    resource_type: z.string().describe('what kind of thing does not exist, in an answer 404; else empty'),
    resource_id: z.string(),
    see_also: z.string(),
  })
  .meta({id: 'Problem'});

/** An error that knows its own HTTP status: wrong content type, missing token. */
export class HttpError extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.name = 'HttpError';
    this.statusCode = statusCode;
  }
}

const statusOfCode: Readonly<Record<string, number>> = {
  ERR_MALFORMED: 400,
  ERR_NOT_FOUND: 404,
  ERR_EXISTS: 409,
  ERR_CONFLICT: 409,
  ERR_INVALID: 422,
  ERR_ADDRESS: 422,
  ERR_PREFIX: 422,
  ERR_STORE: 503,
  ERR_NO_ADDRESS: 507,
};

/** What the HTTP server refuses by itself, in our words. */
const sentenceOfCode: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'The path cannot be decoded.',
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is larger than 1 MiB.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as Content-Length says.',
  FST_ERR_MAX_PARAM_LENGTH: 'A name in the path is too long.',
};

/** The answer to an error that was thrown while a request was served. What nobody has foreseen is a 500 without inner details. */
export function problemOf(error: unknown): Problem {
  const status = statusOf(error);
  const [resource_type, resource_id] = resourceOf(error);
  const details = status === 500 ? 'An internal error happened; the log of the daemon says more.' : sentenceOf(error);
  return {status_code: status, details, resource_type, resource_id, see_also: ''};
}

function sentenceOf(error: unknown): string {
  return sentenceOfCode[String(codeOf(error))] ?? messageOf(error);
}

function statusOf(error: unknown): number {
  if (error instanceof HttpError) return error.statusCode;
  const code = codeOf(error);
  const statusCode = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  const known = typeof code === 'string' ? statusOfCode[code] : undefined;
  if (known !== undefined) return known;
  if (error instanceof InputError) return 422;
  return typeof statusCode === 'number' && statusCode < 500 ? statusCode : 500;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function resourceOf(error: unknown): [type: string, id: string] {
  if (error instanceof Error && 'resourceType' in error && 'resourceId' in error)
    return [String(error.resourceType), String(error.resourceId)];
  return ['', ''];
}
