import {messageOf} from '../core/errors.ts';
import {HttpError} from './problem.ts';

/** The content types that mean JSON. */
export const jsonTypes: readonly string[] = ['application/json', 'application/vnd.romana.v1+json', 'application/vnd.romana+json'];

/** Parses a body; without a type it is taken for JSON. Undefined when it is empty. Throws HttpError: 400, 415. */
export function parseBody(contentType: string | undefined, body: Buffer): unknown {
  if (body.length === 0) return undefined;
  const [type = ''] = (contentType ?? 'application/json').split(';');
  if (!jsonTypes.includes(type.trim().toLowerCase())) {
    throw new HttpError(415, `A body of type ${JSON.stringify(type.trim())} is not taken; send application/json.`);
  }
  try {
    const text = utf8.decode(body);
    return mayHoldPrototype(text) ? JSON.parse(text, refusePrototype) : JSON.parse(text);
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(400, `The body is not JSON: ${messageOf(error).replace(/\.$/, '')}.`);
  }
}

const utf8 = new TextDecoder('utf-8', {fatal: true});

// To look at every field costs more than to parse them, and hardly any body needs it.
function mayHoldPrototype(text: string): boolean {
  return text.includes('__proto__') || text.includes('\\u00');
}

/** A field of that name would be lost on the way, since no object keeps it as it does others. */
function refusePrototype(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new HttpError(400, 'The body has a field "__proto__", which no object can keep.');
  return value;
}
