import {z} from 'zod';
import {InputError} from '../core/errors.ts';
import type {LabParts} from './parts.ts';

export interface LabRequest {
  readonly method?: string;
  /** A whole URL, or a path of the Romana daemon. */
  readonly url: string;
  readonly body?: unknown;
  /** Repeats the request until it is answered with 2xx, for at most this long. */
  readonly untilOkMs?: number;
}

export interface LabResponse {
  readonly status: number;
  readonly body: unknown;
}

/** Makes HTTP requests one after the other from inside a namespace, usually to the daemon in the master's. A status 0 is no answer, its body the reason. */
export async function requestIn({run, node}: LabParts, namespace: string, requests: readonly LabRequest[]): Promise<LabResponse[]> {
  const limitMs = requests.reduce((sum, {untilOkMs = 10_000}) => sum + untilOkMs, 20_000);
  const output = await run('ip', ['netns', 'exec', namespace, node, '--input-type=module', '-e', program], {
    input: JSON.stringify(requests.map(request => ({...request, url: new URL(request.url, 'http://127.0.0.1:9600').href}))),
    timeoutMs: limitMs,
  });
  return Responses.parse(JSON.parse(output));
}

/** Throws a sentence unless the response has a 2xx status, or one of those allowed. */
export function expectOk(what: string, {status, body}: LabResponse, allowed: readonly number[] = []): unknown {
  if ((status >= 200 && status < 300) || allowed.includes(status)) return body;
  throw new InputError('ERR_LAB_REQUEST', `${what} failed: status ${status}: ${typeof body === 'string' ? body : JSON.stringify(body)}`);
}

const Responses = z.array(z.object({status: z.int(), body: z.unknown()}));

/** Runs in a Node of its own, since a process cannot enter a namespace for a while and come back. */
const program = `
import {text} from 'node:stream/consumers';
import {setTimeout} from 'node:timers/promises';
const send = async ({method = 'GET', url, body}) => {
  const json = body === undefined ? {} : {body: JSON.stringify(body), headers: {'content-type': 'application/json'}};
  try {
    const response = await fetch(url, {method, ...json, signal: AbortSignal.timeout(10000)});
    const answer = await response.text();
    try { return {status: response.status, body: JSON.parse(answer)}; } catch { return {status: response.status, body: answer}; }
  } catch (error) {
    return {status: 0, body: String(error.cause?.message ?? error.message)};
  }
};
const responses = [];
for (const request of JSON.parse(await text(process.stdin))) {
  const end = Date.now() + (request.untilOkMs ?? 0);
  let response = await send(request);
  while ((response.status < 200 || response.status > 299) && Date.now() < end) {
    await setTimeout(30);
    response = await send(request);
  }
  responses.push(response);
}
process.stdout.write(JSON.stringify(responses));
`;
