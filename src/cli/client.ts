import {z} from 'zod';
import {messageOf} from '../core/errors.ts';

/** Talks to the daemon. Rejects with RequestError: the daemon's own sentence, or why it could not be asked. */
export interface Client {
  request(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
}

/** A request that the daemon refused, or that did not reach it (then without a status). */
export class RequestError extends Error {
  readonly code = 'ERR_REQUEST';
  readonly status: number | undefined;

  constructor(message: string, status?: number, options: {cause?: unknown} = {}) {
    super(message, options);
    this.name = 'RequestError';
    this.status = status;
  }
}

const ErrorBody = z.object({details: z.string()});

/** `onStale` is told, once, when the daemon is out of touch with its store: how many seconds old the answer may be. */
export function createClient(url: string, token: string | undefined, onStale: (seconds: string) => void = () => undefined): Client {
  let isTold = false;
  return {
    async request(method, path, body) {
      const what = `${method} ${url}${path}`;
      const headers = {
        ...(body !== undefined && {'Content-Type': 'application/json'}),
        ...(token !== undefined && {Authorization: `Bearer ${token}`}),
      };
      let response: Response;
      try {
        response = await fetch(`${url}${path}`, {
          method,
          headers,
          ...(body !== undefined && {body: JSON.stringify(body)}),
          signal: AbortSignal.timeout(30_000),
        });
      } catch (error) {
        const cause = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
        throw new RequestError(`${what}: ${cause}`, undefined, {cause: error});
      }
      const age = response.headers.get('Romana-State-Age');
      if (age !== null && !isTold) onStale(age);
      isTold ||= age !== null;
      const answer = parseAnswer(await response.text());
      if (response.ok) return answer;
      const problem = ErrorBody.safeParse(answer);
      throw new RequestError(
        `${what}: ${problem.success ? problem.data.details : response.statusText} (${response.status})`,
        response.status,
      );
    },
  };
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
