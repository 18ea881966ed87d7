import {z} from 'zod';
import {type Route, route} from '../../rest/route.ts';
import {HostStatusAnswer} from '../status-answer.ts';

/** `status` gives the last report of every agent, or of that of one host. */
export function statusRoutes(status: (host?: string) => HostStatusAnswer[]): Route[] {
  return [
    route({
      method: 'GET',
      path: '/status',
      operation: 'getStatus',
      summary: 'every host with the last report of its agent, or one host',
      query: z.strictObject({host: z.string().optional()}),
      answer: z.array(HostStatusAnswer),
      refusals: {404: 'no such host'},
      handle: ({query: {host}}) => status(host),
    }),
  ];
}
