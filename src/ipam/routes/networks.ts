import {z} from 'zod';
import {type Route, route} from '../../rest/route.ts';
import {found} from '../faults.ts';
import type {Views} from '../views.ts';

const NetworkParams = z.object({name: z.string()});
const BlockFilter = z.strictObject({
  host: z.string().optional(),
  network: z.string().optional(),
  tenant: z.string().optional(),
  segment: z.string().optional(),
});

/** Networks, and the blocks that they are handed out in. */
export function networkRoutes(views: Views): Route[] {
  return [
    route({method: 'GET', path: '/networks', summary: 'all networks', handle: () => views.networks()}),
    route({
      method: 'GET',
      path: '/networks/:name',
      summary: 'one network',
      params: NetworkParams,
      handle: ({params: {name}}) => networkNamed(name),
    }),
    route({
      method: 'GET',
      path: '/networks/:name/blocks',
      summary: 'the blocks of a network',
      params: NetworkParams,
      handle: ({params: {name}}) => networkNamed(name) && views.blocks({network: name}),
    }),
    route({
      method: 'GET',
      path: '/blocks',
      summary: 'all blocks, or those of a host, network, tenant, segment',
      query: BlockFilter,
      handle: ({query}) => views.blocks(query),
    }),
  ];

  function networkNamed(name: string): object {
    return found(
      views.networks().find(network => 'id' in network && network.id === name),
      'network',
      name,
    );
  }
}
