import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import type {ExecutionContext} from 'ava';
import {waitFor} from './wait.ts';

const romana = fileURLToPath(new URL('../../bin/romana', import.meta.url));

export interface TestDaemon {
  readonly url: string;
  readonly pid: number;
  /** What it has logged so far, one object a line. */
  readonly log: readonly Record<string, unknown>[];
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  delete(path: string): Promise<Answer>;
  /** Gives an endpoint an address on a host, and the answer's body. */
  allocate(name: string, host: string, more?: Record<string, unknown>): Promise<unknown>;
  /** Ends it by SIGTERM; gives its exit status. */
  stop(): Promise<number | null>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare it with what they expect
  readonly body: any;
}

/** A process of the test's own, with what it wrote; it ends with the test. */
export interface TestProcess {
  readonly pid: number;
  readonly stderr: string;
  readonly log: readonly Record<string, unknown>[];
  readonly exitCode: Promise<number | null>;
  readonly hasEnded: boolean;
  kill(signal: NodeJS.Signals): void;
}

export function startRomana(t: ExecutionContext, args: readonly string[]): TestProcess {
  const child = spawn(romana, args, {stdio: ['ignore', 'pipe', 'pipe'], env: {...process.env, ROMANA_CONFIG: undefined}});
  let stderr = '';
  const log: Record<string, unknown>[] = [];
  child.stderr.on('data', chunk => {
    stderr += String(chunk);
  });
  createInterface({input: child.stdout}).on('line', line => log.push(line.startsWith('{') ? JSON.parse(line) : {line}));
  const exitCode = once(child, 'close').then(() => child.exitCode);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  t.teardown(async () => {
    if (!hasEnded()) child.kill('SIGKILL');
    await exitCode;
  });
  return {
    pid: child.pid ?? 0,
    get stderr() {
      return stderr;
    },
    log,
    exitCode,
    get hasEnded() {
      return hasEnded();
    },
    kill: signal => void child.kill(signal),
  };
}

/** Starts the real program on a free port and waits until it is ready (or, without `isReady`, until it listens). */
export async function startDaemon(
  t: ExecutionContext,
  args: readonly string[],
  {isReady = true, scheme = 'http'}: {isReady?: boolean; scheme?: string} = {},
): Promise<TestDaemon> {
  const program = startRomana(t, ['daemon', '--listen', '127.0.0.1:0', ...args]);
  const listen = await waitFor('the daemon listens', () => {
    if (program.hasEnded) throw new Error(`the daemon has ended: ${program.stderr} ${JSON.stringify(program.log)}`);
    return program.log.find(({msg}) => msg === 'daemon is listening')?.['listen'];
  });
  const url = `${scheme}://${listen}`;
  const client = createClient(url);
  if (isReady) await waitFor('the daemon is ready', async () => (await client.get('/readyz')).status === 200);
  return {
    url,
    pid: program.pid,
    log: program.log,
    ...client,
    async stop() {
      program.kill('SIGTERM');
      return program.exitCode;
    },
    async kill() {
      program.kill('SIGKILL');
      await program.exitCode;
    },
  };
}

function createClient(url: string): Pick<TestDaemon, 'request' | 'get' | 'post' | 'delete' | 'allocate'> {
  const request: TestDaemon['request'] = async (method, path, body, headers = {}) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {...(body !== undefined && {'content-type': 'application/json'}), ...headers},
      ...(body !== undefined && {body: typeof body === 'string' ? body : JSON.stringify(body)}),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
    return {status: answer.status, headers: answer.headers, body: isJson && text !== '' ? JSON.parse(text) : text};
  };
  return {
    request,
    get: path => request('GET', path),
    post: (path, body) => request('POST', path, body),
    delete: path => request('DELETE', path),
    allocate: async (name, host, more = {}) => (await request('POST', '/address', {name, host, tenant: 't1', segment: '', ...more})).body,
  };
}
