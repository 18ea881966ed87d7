import {z} from 'zod';

/** A path that tells of the program itself. It answers at any time, also before the store was read. */
export interface Probe {
  readonly path: string;
  readonly operation: string;
  readonly summary: string;
  /** Answers without a token too. */
  readonly isOpen?: boolean;
  readonly contentType?: string;
  /** What is answered, by status. */
  readonly answers: Readonly<Record<number, {readonly when: string; readonly schema: z.ZodType}>>;
  handle(): Promise<ProbeAnswer> | ProbeAnswer;
}

export interface ProbeAnswer {
  readonly status?: number;
  readonly body: unknown;
}

export interface ProbesOptions {
  /** Why the program cannot do its work; undefined when it can. */
  whyNotReady(): string | undefined;
  metrics(): Promise<string>;
  readonly version: string;
  /** The OpenAPI document. */
  describe(): unknown;
}

const State = z.object({status: z.string()});

export function createProbes({whyNotReady, metrics, version, describe}: ProbesOptions): Probe[] {
  return [
    {
      path: '/healthz',
      operation: 'getHealth',
      summary: 'whether the program runs',
      isOpen: true,
      answers: {200: {when: 'it runs', schema: State}},
      handle: () => ({body: {status: 'ok'}}),
    },
    {
      path: '/readyz',
      operation: 'getReadiness',
      summary: 'whether the program can do its work',
      isOpen: true,
      answers: {
        200: {when: 'it can', schema: State},
        503: {when: 'the store is not reachable, or what it holds cannot be read', schema: State},
      },
      handle: () => {
        const reason = whyNotReady();
        return reason === undefined ? {body: {status: 'ok'}} : {status: 503, body: {status: reason}};
      },
    },
    {
      path: '/version',
      operation: 'getVersion',
      summary: 'the version of the program',
      answers: {200: {when: 'always', schema: z.object({version: z.string()})}},
      handle: () => ({body: {version}}),
    },
    {
      path: '/metrics',
      operation: 'getMetrics',
      summary: 'metrics for Prometheus',
      contentType: 'text/plain; version=0.0.4',
      answers: {200: {when: 'always', schema: z.string()}},
      handle: async () => ({body: await metrics()}),
    },
    {
      path: '/openapi.json',
      operation: 'getOpenApi',
      summary: 'this document',
      answers: {200: {when: 'always', schema: z.record(z.string(), z.unknown())}},
      handle: () => ({body: describe()}),
    },
  ];
}
