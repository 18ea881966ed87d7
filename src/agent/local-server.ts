import Fastify, {type FastifyInstance, type FastifyReply} from 'fastify';
import {messageOf} from '../core/errors.ts';
import {parseBody} from '../rest/body.ts';
import {answerBrokenRequest} from '../rest/broken-request.ts';
import {problemOf} from '../rest/problem.ts';
import {answerUnknownPaths} from '../rest/unknown-path.ts';

/** A server without routes yet, whose errors have the body that those of the daemon have. */
export function createLocalServer(): FastifyInstance {
  const server = Fastify({
    forceCloseConnections: true,
    // What the router refuses never comes to the error handler.
    frameworkErrors: (error, _request, reply) => answerError(error, reply),
    clientErrorHandler: answerBrokenRequest,
  }) as unknown as FastifyInstance;
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', {parseAs: 'buffer'}, async (request: {headers: Record<string, unknown>}, body: Buffer) =>
    parseBody(String(request.headers['content-type'] ?? 'application/json'), body),
  );
  server.setErrorHandler((error, _request, reply) => answerError(error, reply));
  answerUnknownPaths(server);
  return server;
}

function answerError(error: unknown, reply: Pick<FastifyReply, 'code'>): void {
  // Whoever may ask here may know all.
  const known = problemOf(error);
  const problem = known.status_code === 500 ? {...known, details: messageOf(error)} : known;
  void reply.code(problem.status_code).type('application/json').send(JSON.stringify(problem));
}
