import type {FastifyInstance} from 'fastify';
import type {Problem} from './problem.ts';

/** Answers 404, with the usual error body, for paths that a server does not have. */
export function answerUnknownPaths(app: Pick<FastifyInstance, 'setNotFoundHandler'>): void {
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?');
    const problem: Problem = {
      status_code: 404,
      details: `There is no ${request.method} ${path}.`,
      resource_type: 'URI',
      resource_id: path,
      see_also: '',
    };
    void reply.code(404).type('application/json').send(JSON.stringify(problem));
  });
}
