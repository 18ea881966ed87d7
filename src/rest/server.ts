import {timingSafeEqual} from 'node:crypto';
import Fastify, {type FastifyInstance, type FastifyReply, type FastifyRequest} from 'fastify';
import type {Logger} from '../system/log.ts';
import {jsonTypes, parseBody} from './body.ts';
import {answerBrokenRequest} from './broken-request.ts';
import {openApiDocument} from './openapi.ts';
import {answerOtherMethods} from './other-methods.ts';
import {namedParams, routerPath} from './paths.ts';
import {createProbes, type Probe} from './probes.ts';
import {HttpError, type Problem, problemOf} from './problem.ts';
import {parsePart, parseQuery, type Route} from './route.ts';
import {answerUnknownPaths} from './unknown-path.ts';

export interface ServerOptions {
  readonly routes: readonly Route[];
  readonly log: Logger;
  readonly tls?: {readonly cert: string; readonly key: string};
  /** Asked for as `Authorization: Bearer` everywhere but on the probes. */
  readonly token?: string;
  /** Why the program cannot do its work; undefined when it can. */
  readonly whyNotReady: () => string | undefined;
  readonly metrics: () => Promise<string>;
  /** Seconds for the header Romana-State-Age when what is read may be out of date. */
  readonly stateAgeSeconds: () => number;
  readonly version: string;
}

const bodyLimit = 1024 * 1024;
// Of a name of 253 characters, each may be written with nine.
const maxParamLength = 4096;

/** The frame of every REST program: routes, error bodies, probes, metrics, token. Listens only when told to. */
export function createServer({routes, log, tls, token, whyNotReady, metrics, stateAgeSeconds, version}: ServerOptions): FastifyInstance {
  const app = Fastify({
    // What the router refuses never comes to the error handler.
    frameworkErrors: (error, _request, reply) => answerError(error, reply),
    clientErrorHandler: answerBrokenRequest,
    bodyLimit,
    routerOptions: {ignoreTrailingSlash: true, maxParamLength},
    forceCloseConnections: true,
    ...(tls && {https: {cert: tls.cert, key: tls.key}}),
  }) as unknown as FastifyInstance;
  const hasToken = token !== undefined;
  // Made when it is first asked for: to start must not take longer for it.
  let document: unknown;
  const probes: readonly Probe[] = createProbes({
    whyNotReady,
    metrics,
    version,
    describe: () => {
      document ??= openApiDocument({version, routes, probes, hasToken});
      return document;
    },
  });
  const openPaths = new Set(probes.filter(({isOpen}) => isOpen).map(({path}) => path));

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', {parseAs: 'buffer'}, async (request: FastifyRequest, body: Buffer) =>
    parseBody(request.headers['content-type'], body),
  );
  app.addHook('onRequest', async (request: FastifyRequest) => {
    const [path = ''] = request.url.split('?');
    if (token !== undefined && !openPaths.has(path)) checkToken(request.headers.authorization, token);
    checkAccept(request.headers.accept);
  });
  app.setErrorHandler((error, request, reply) => {
    const {status_code} = answerError(error, reply);
    if (status_code === 500) log.error({err: error, method: request.method, url: request.url}, 'request failed');
  });
  answerUnknownPaths(app);

  const answer = (reply: FastifyReply, value: unknown) => reply.type('application/json').send(JSON.stringify(value ?? null));
  for (const route of routes) {
    const {method, path, body, query, params, handle, isDryRun} = route;
    app.route({
      method,
      url: routerPath(path),
      handler: async (request, reply) => {
        const given = {
          body: parsePart(body, 'body', request.body),
          query: parseQuery(query, request.query),
          params: parsePart(params, 'path', namedParams(path, request.params)),
        };
        const value = await handle(given);
        const fields = {method, url: request.url, from: request.ip};
        if (isDryRun?.(given.query)) log.debug(fields, 'tried');
        // Addresses come and go too often to be told of one by one.
        else if (method !== 'GET') log[path === '/address' ? 'debug' : 'info'](fields, 'changed');
        const age = stateAgeSeconds();
        if (method === 'GET' && age > 0) void reply.header('Romana-State-Age', age.toFixed(1));
        return answer(reply, value);
      },
    });
  }
  for (const {path, contentType, handle} of probes) {
    app.get(path, async (_request, reply) => {
      const {status = 200, body} = await handle();
      void reply.code(status);
      return contentType === undefined ? answer(reply, body) : reply.type(contentType).send(body);
    });
  }
  answerOtherMethods(app, [
    ...routes.map(({path, method}) => ({url: routerPath(path), method})),
    ...probes.map(({path}) => ({url: path, method: 'GET' as const})),
  ]);
  return app;
}

function answerError(error: unknown, reply: FastifyReply): Problem {
  const problem = problemOf(error);
  if (problem.status_code === 503) void reply.header('Retry-After', '1');
  if (problem.status_code === 401) void reply.header('WWW-Authenticate', 'Bearer');
  void reply.code(problem.status_code).type('application/json').send(JSON.stringify(problem));
  return problem;
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
    const [type = '', ...parameters] = range.toLowerCase().replaceAll(' ', '').split(';');
    if (parameters.some(parameter => /^q=0(\.0*)?$/.test(parameter))) return false;
    return ['*/*', 'application/*', 'text/*', 'text/plain', 'application/openmetrics-text', ...jsonTypes].includes(type);
  });
  if (!isTaken) throw new HttpError(406, `None of ${accept} can be answered; accepted are ${jsonTypes.join(', ')}.`);
}
