import {createServer, type IncomingMessage} from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import type {ExecutionContext} from 'ava';
import {execa} from 'execa';

export interface Outcome {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RomanaOptions {
  /** The home folder, where .romana.yaml is looked for. */
  readonly home?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly program?: string;
}

/** Runs bin/romana to its end. */
export async function romana(
  args: readonly string[],
  {home = '/nonexistent', environment = {}, input = '', program = path.resolve('bin/romana')}: RomanaOptions = {},
): Promise<Outcome> {
  const {exitCode, stdout, stderr} = await execa(program, args, {
    env: {HOME: home, ...environment},
    input,
    reject: false,
    timeout: 60_000,
    stripFinalNewline: false,
  });
  return {status: exitCode, stdout, stderr};
}

export interface FakeDaemon {
  readonly url: string;
  readonly port: number;
  /** What was asked for: "POST /hosts {…}", with the token where one was sent. */
  readonly requests: string[];
}

/** A daemon that gives fixed answers: "GET /hosts" to a body, or to [status, body]. Everything else is a 404 as the daemon words it. */
export async function startFakeDaemon(t: ExecutionContext, answers: Readonly<Record<string, unknown>>): Promise<FakeDaemon> {
  const requests: string[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const what = `${request.method} ${request.url}`;
    const {authorization} = request.headers;
    requests.push([what, await text(request), authorization].filter(Boolean).join(' '));
    const answer = Object.hasOwn(answers, what) ? answers[what] : [404, {details: `unknown ${request.url}`}];
    const [status, body] = Array.isArray(answer) && typeof answer[0] === 'number' ? answer : [200, answer];
    response.writeHead(status, {'Content-Type': 'application/json', Connection: 'close'}).end(JSON.stringify(body));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => new Promise<void>(resolve => server.close(() => resolve())));
  const {port} = server.address() as AddressInfo;
  return {url: `http://127.0.0.1:${port}`, port, requests};
}
