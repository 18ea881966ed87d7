import http from 'node:http';
import {performance} from 'node:perf_hooks';

/** A client that keeps its connections, as light as Node has one: what it costs is taken from what is measured. */
export interface LoadClient {
  request(method: string, path: string, body?: unknown): Promise<{readonly status: number; readonly body: unknown}>;
  close(): void;
}

export function createLoadClient(url: string, connections: number): LoadClient {
  const {hostname, port} = new URL(url);
  const agent = new http.Agent({keepAlive: true, maxSockets: connections});
  return {
    request: (method, path, body) =>
      new Promise((resolve, reject) => {
        const payload = body === undefined ? undefined : JSON.stringify(body);
        const headers = payload === undefined ? {} : {'content-type': 'application/json', 'content-length': Buffer.byteLength(payload)};
        const request = http.request({agent, hostname, port, method, path, headers}, response => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () => resolve({status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text)}));
        });
        request.on('error', reject);
        request.end(payload);
      }),
    close: () => agent.destroy(),
  };
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
