import {z} from 'zod';
import {type Route, route} from '../../rest/route.ts';
import {BlockListAnswer, NetworkAnswer} from '../answers.ts';
import {found} from '../faults.ts';
import type {Views} from '../views.ts';

const NetworkParams = z.object({name: z.string()});
const BlockFilter = z.strictObject({
  host: z.string().optional(),
  network: z.string().optional(),
  tenant: z.string().optional(),
  segment: z.string().optional(),
});
const refusals = {404: 'no such network'};

/** Networks, and the blocks that they are handed out in. */
export function networkRoutes(views: Views): Route[] {
  return [
    route({
      method: 'GET',
      path: '/networks',
      operation: 'listNetworks',
      summary: 'all networks',
      answer: z.array(NetworkAnswer),
      handle: () => views.networks(),
    }),
    route({
      method: 'GET',
      path: '/networks/{name}',
      operation: 'getNetwork',
      summary: 'one network',
      params: NetworkParams,
      answer: NetworkAnswer,
      refusals,
      handle: ({params: {name}}) => networkNamed(name),
    }),
    route({
      method: 'GET',
      path: '/networks/{name}/blocks',
      operation: 'listBlocksOfNetwork',
      summary: 'the blocks of a network',
      params: NetworkParams,
      answer: BlockListAnswer,
      refusals,
      handle: ({params: {name}}) => views.blocks({network: networkNamed(name).id}),
    }),
    route({
      method: 'GET',
      path: '/blocks',
      operation: 'listBlocks',
      summary: 'all blocks, or those of a host, network, tenant, segment',
      query: BlockFilter,
      answer: BlockListAnswer,
      handle: ({query}) => views.blocks(query),
    }),
  ];

  function networkNamed(name: string): NetworkAnswer {
    return found(
      views.networks().find(({id}) => id === name),
      'network',
      name,
    );
  }
}
