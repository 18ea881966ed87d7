import type {FastifyInstance} from 'fastify';
import {z} from 'zod';
import {parsePart} from '../rest/route.ts';
import {EndpointRecord} from './endpoint-records.ts';
import type {Endpoints} from './endpoints.ts';

const Params = z.strictObject({'*': z.string().min(1)});

/** Serves GET /endpoints, PUT and DELETE /endpoints/{name} on the local API. */
export function serveEndpoints(server: FastifyInstance, {list, put, remove}: Pick<Endpoints, 'list' | 'put' | 'remove'>): void {
  const nameOf = (params: unknown) => parsePart(Params, 'path', params)['*'];
  server.get('/endpoints', async () => list());
  // A name may have slashes in it.
  server.put('/endpoints/*', async ({params, body}) => put(nameOf(params), parsePart(EndpointRecord, 'body', body)));
  server.delete('/endpoints/*', async ({params}, reply) => {
    await remove(nameOf(params));
    return reply.type('application/json').send('null');
  });
}
