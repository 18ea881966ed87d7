import {z} from 'zod';
import {TopologyShape} from '../../core/topology-shape.ts';
import {Done, type Route, route} from '../../rest/route.ts';
import {TopologyAnswer, TopologyPreviewAnswer} from '../answers.ts';
import type {Topologies} from '../topology.ts';
import type {Views} from '../views.ts';

const DryRun = z.strictObject({dry_run: z.enum(['true', 'false']).optional().describe('true: nothing is changed')});
const isDryRun = ({dry_run}: z.infer<typeof DryRun>): boolean => dry_run === 'true';

export function topologyRoutes(views: Views, topologies: Topologies): Route[] {
  return [
    route({
      method: 'GET',
      path: '/topology',
      operation: 'getTopology',
      summary: 'the topology with its groups, CIDRs and hosts',
      answer: TopologyAnswer,
      handle: () => views.topology(),
    }),
    route({
      method: 'POST',
      path: '/topology',
      operation: 'replaceTopology',
      summary: 'replaces the topology, or says what that would change',
      // The document has a parser of its own, which tells all that is wrong with it at once, and where.
      body: z.unknown(),
      bodyShape: TopologyShape,
      query: DryRun,
      answer: z.union([Done, TopologyPreviewAnswer]).describe('null, and what would change for a dry run'),
      refusals: {
        409: 'an address would not fit, or no group takes a host that the document lists',
        422: 'a CIDR, a mask, a name or an IP that is none, networks that overlap, groups smaller than a block',
      },
      isDryRun,
      handle: async ({body, query}) => (isDryRun(query) ? topologies.preview(body) : topologies.update(body)),
    }),
  ];
}
