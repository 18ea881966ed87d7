import {z} from 'zod';
import {type Route, route} from '../../rest/route.ts';

/** `status` gives the last report of every agent, or of that of one host. */
export function statusRoutes(status: (host?: string) => object[]): Route[] {
  return [
    route({
      method: 'GET',
      path: '/status',
      summary: 'the last report of every agent, or of that of one host',
      query: z.strictObject({host: z.string().optional()}),
      handle: ({query: {host}}) => status(host),
    }),
  ];
}
