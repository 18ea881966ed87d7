import net from 'node:net';
import {performance} from 'node:perf_hooks';

/** A client as light as can be, so that the daemon is measured and not the client: what Node's own costs is more than what the daemon does. */
export interface LoadClient {
  request(method: string, path: string, body?: unknown): Promise<LoadAnswer>;
  close(): void;
}

export interface LoadAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** So many connections, each with one request at a time; what comes when all are busy waits. Answers must have a Content-Length. */
export function createLoadClient(url: string, connections: number): LoadClient {
  const {hostname, port} = new URL(url);
  const idle = Array.from({length: connections}, () => createConnection(hostname, Number(port)));
  const all = [...idle];
  const waiting: ((connection: Connection) => void)[] = [];
  return {
    async request(method, path, body) {
      const connection = idle.pop() ?? (await new Promise<Connection>(resolve => waiting.push(resolve)));
      try {
        return await connection.ask(method, path, body === undefined ? '' : JSON.stringify(body));
      } finally {
        const next = waiting.shift();
        if (next === undefined) idle.push(connection);
        else next(connection);
      }
    },
    close() {
      for (const connection of all) connection.close();
    },
  };
}

interface Connection {
  ask(method: string, path: string, body: string): Promise<LoadAnswer>;
  close(): void;
}

function createConnection(hostname: string, port: number): Connection {
  let socket: net.Socket | undefined;
  let received = Buffer.alloc(0);
  let pending = Promise.withResolvers<LoadAnswer>();

  const open = () => {
    const opened = net.connect(port, hostname).setNoDelay(true);
    opened.on('data', chunk => {
      received = received.length === 0 ? Buffer.from(chunk) : Buffer.concat([received, chunk]);
      const answer = parseAnswer(received);
      if (answer === undefined) return;
      received = Buffer.alloc(0);
      pending.resolve(answer);
    });
    opened.on('error', error => pending.reject(error));
    opened.on('close', () => {
      socket = undefined;
      pending.reject(new Error('the daemon has hung up'));
    });
    return opened;
  };

  return {
    ask(method, path, body) {
      pending = Promise.withResolvers<LoadAnswer>();
      socket ??= open();
      const head = [`${method} ${path} HTTP/1.1`, `Host: ${hostname}`];
      if (body !== '') head.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`);
      socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
      return pending.promise;
    },
    close: () => socket?.destroy(),
  };
}

const headEnd = Buffer.from('\r\n\r\n');

/** Undefined as long as the answer is not whole. */
function parseAnswer(received: Buffer): LoadAnswer | undefined {
  const end = received.indexOf(headEnd);
  if (end === -1) return undefined;
  const head = received.toString('latin1', 0, end);
  const start = end + headEnd.length;
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Number.NaN);
  if (Number.isNaN(length)) throw new Error(`an answer without Content-Length: ${head}`);
  if (received.length < start + length) return undefined;
  const text = received.toString('utf8', start, start + length);
  return {status: Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)), body: text === '' ? undefined : JSON.parse(text)};
}

export interface Load {
  /** How long each took, in milliseconds. */
  readonly samples: number[];
  readonly perSecond: number;
}

/** Does the work as often as told, so many at a time. */
export async function load(times: number, inFlight: number, work: (index: number) => Promise<unknown>): Promise<Load> {
  const samples: number[] = [];
  let next = 0;
  const start = performance.now();
  const worker = async () => {
    while (next < times) {
      const index = next++;
      const begun = performance.now();
      await work(index);
      samples.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({length: inFlight}, worker));
  return {samples, perSecond: (times / (performance.now() - start)) * 1000};
}
