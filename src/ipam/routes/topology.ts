import {z} from 'zod';
import {type Route, route} from '../../rest/route.ts';
import type {Topologies} from '../topology.ts';
import type {Views} from '../views.ts';

export function topologyRoutes(views: Views, topologies: Topologies): Route[] {
  return [
    route({method: 'GET', path: '/topology', summary: 'the topology with its groups, CIDRs and hosts', handle: () => views.topology()}),
    route({
      method: 'POST',
      path: '/topology',
      summary: 'replaces the topology',
      body: z.unknown(),
      query: z.strictObject({dry_run: z.enum(['true', 'false']).optional()}),
      handle: async ({body, query}) => (query.dry_run === 'true' ? topologies.preview(body) : topologies.update(body)),
    }),
  ];
}
