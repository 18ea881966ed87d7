import type {FastifyInstance} from 'fastify';
import {HttpError} from './problem.ts';

const allMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
type Method = (typeof allMethods)[number];

/** For each path of the router the methods that it has: the others get 405 with Allow, and OPTIONS tells which there are. */
export function answerOtherMethods(app: FastifyInstance, routes: ReadonlyArray<{readonly url: string; readonly method: Method}>): void {
  for (const [url, atUrl] of Map.groupBy(routes, route => route.url)) {
    const present = new Set<Method>(atUrl.map(({method}) => method));
    // The router answers HEAD wherever there is a GET.
    if (present.has('GET')) present.add('HEAD');
    present.add('OPTIONS');
    const allowed = allMethods.filter(method => present.has(method));
    const allow = allowed.join(', ');
    app.route({
      method: allMethods.filter(method => !present.has(method)),
      url,
      // Before the body is read: what is wrong with it does not matter.
      onRequest: async (request, reply) => {
        const [path] = request.url.split('?');
        void reply.header('Allow', allow);
        throw new HttpError(405, `There is no ${request.method} ${path}; it has ${allow}.`);
      },
      handler: () => undefined,
    });
    app.options(url, (_request, reply) => reply.code(204).header('Allow', allow).send());
  }
}
