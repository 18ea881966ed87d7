import type {FastifyInstance} from 'fastify';
import {z} from 'zod';
import {messageOf} from '../core/errors.ts';
import {parseBody} from '../rest/body.ts';
import {problemOf} from '../rest/problem.ts';
import {parsePart} from '../rest/route.ts';
import {EndpointRecord} from './endpoint-records.ts';
import type {Endpoints} from './endpoints.ts';

const Params = z.strictObject({'*': z.string().min(1)});

/** Serves GET /endpoints, PUT and DELETE /endpoints/{name} on the local API; errors have the body that those of the daemon have. */
export async function serveEndpoints(
  server: FastifyInstance,
  {list, put, remove}: Pick<Endpoints, 'list' | 'put' | 'remove'>,
): Promise<void> {
  // In a scope of its own: the other paths of the socket answer as ever.
  await server.register(async scope => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', {parseAs: 'buffer'}, async (request: {headers: Record<string, unknown>}, body: Buffer) =>
      parseBody(String(request.headers['content-type'] ?? 'application/json'), body),
    );
    scope.setErrorHandler((error, _request, reply) => {
      // Whoever may ask here may know all.
      const known = problemOf(error);
      const problem = known.status_code === 500 ? {...known, details: messageOf(error)} : known;
      return reply.code(problem.status_code).type('application/json').send(JSON.stringify(problem));
    });
    const nameOf = (params: unknown) => parsePart(Params, 'path', params)['*'];
    scope.get('/endpoints', async () => list());
    // A name may have slashes in it.
    scope.put('/endpoints/*', async ({params, body}) => put(nameOf(params), parsePart(EndpointRecord, 'body', body)));
    scope.delete('/endpoints/*', async ({params}, reply) => {
      await remove(nameOf(params));
      return reply.type('application/json').send('null');
    });
  });
}
