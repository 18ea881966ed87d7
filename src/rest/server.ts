import {timingSafeEqual} from 'node:crypto';
import Fastify, {type FastifyInstance, type FastifyReply, type FastifyRequest} from 'fastify';
import type {Logger} from '../system/log.ts';
import {HttpError, type Problem, problemOf} from './problem.ts';
import {parsePart, type Route} from './route.ts';

export interface ServerOptions {
  readonly routes: readonly Route[];
  readonly log: Logger;
  readonly tls?: {readonly cert: string; readonly key: string};
  /** Asked for as `Authorization: Bearer` everywhere but on the probes. */
  readonly token?: string;
  readonly isReady: () => boolean;
  readonly metrics: () => Promise<string>;
  /** Seconds for the header Romana-State-Age when what is read may be out of date. */
  readonly stateAgeSeconds: () => number;
  readonly version: string;
}

const bodyLimit = 1024 * 1024;
const openPaths = new Set(['/healthz', '/readyz']);
const jsonTypes = ['application/json', 'application/vnd.romana.v1+json', 'application/vnd.romana+json'];

/** The frame of every REST program: routes, error bodies, probes, metrics, token. Listens only when told to. */
export function createServer({routes, log, tls, token, isReady, metrics, stateAgeSeconds, version}: ServerOptions): FastifyInstance {
  const app = Fastify({
    // What the router refuses never comes to the error handler.
    frameworkErrors: (error, _request, reply) => answerError(error, reply),
    bodyLimit,
    routerOptions: {ignoreTrailingSlash: true, maxParamLength: 1024},
    forceCloseConnections: true,
    ...(tls && {https: {cert: tls.cert, key: tls.key}}),
  }) as unknown as FastifyInstance;

  app.removeAllContentTypeParsers();
  app.addContentTypeParser(jsonTypes, {parseAs: 'string'}, async (_request: FastifyRequest, body: string) => parseJsonBody(body));
  app.addHook('onRequest', async (request: FastifyRequest) => {
    const [path = ''] = request.url.split('?');
    if (token !== undefined && !openPaths.has(path)) checkToken(request.headers.authorization, token);
    checkAccept(request.headers.accept);
  });
  app.setErrorHandler((error, request, reply) => {
    const {status_code} = answerError(error, reply);
    if (status_code === 500) log.error({err: error, method: request.method, url: request.url}, 'request failed');
  });
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?');
    const problem = {
      status_code: 404,
      details: `There is no ${request.method} ${path}.`,
      resource_type: 'URI',
      resource_id: path,
      see_also: '',
    };
    void reply.code(404).type('application/json').send(JSON.stringify(problem));
  });

  const answer = (reply: FastifyReply, value: unknown) => reply.type('application/json').send(JSON.stringify(value ?? null));
  for (const {method, path, body, query, params, handle} of routes) {
    app.route({
      method,
      url: path,
      handler: async (request, reply) => {
        const value = await handle({
          body: parsePart(body, 'body', request.body),
          query: parsePart(query, 'query', request.query),
          params: parsePart(params, 'path', request.params),
        });
        const age = stateAgeSeconds();
        if (method === 'GET' && age > 0) void reply.header('Romana-State-Age', age.toFixed(1));
        return answer(reply, value);
      },
    });
  }
  app.get('/healthz', (_request, reply) => answer(reply, {status: 'ok'}));
  app.get('/readyz', (_request, reply) => answer(reply.code(isReady() ? 200 : 503), {status: isReady() ? 'ok' : 'store is not reachable'}));
  app.get('/version', (_request, reply) => answer(reply, {version}));
  app.get('/metrics', async (_request, reply) => reply.type('text/plain; version=0.0.4').send(await metrics()));
  return app;
}

function answerError(error: unknown, reply: FastifyReply): Problem {
  const problem = problemOf(error);
  if (problem.status_code === 503) void reply.header('Retry-After', '1');
  void reply.code(problem.status_code).type('application/json').send(JSON.stringify(problem));
  return problem;
}

function parseJsonBody(body: string): unknown {
  if (body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new HttpError(400, `The body is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function checkToken(header: string | undefined, token: string): void {
  const given = Buffer.from(/^Bearer +(.*)$/i.exec(header ?? '')?.[1] ?? '');
  const wanted = Buffer.from(token);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
    throw new HttpError(401, 'A valid token is needed: send the header "Authorization: Bearer …".');
  }
}

function checkAccept(accept: string | undefined): void {
  if (accept === undefined || accept.trim() === '') return;
  const isTaken = accept.split(',').some(range => {
    const [type = ''] = range.trim().toLowerCase().split(';');
    return ['*/*', 'application/*', 'text/*', 'text/plain', 'application/openmetrics-text', ...jsonTypes].includes(type.trim());
  });
  if (!isTaken) throw new HttpError(406, `None of ${accept} can be answered; accepted are ${jsonTypes.join(', ')}.`);
}
