import {z} from 'zod';
import {InputError} from '../../core/errors.ts';
import {type Address, isAddress, parseAddress} from '../../core/prefix.ts';
import {type Route, route} from '../../rest/route.ts';
import {ExplanationAnswer} from '../explain-answer.ts';

/** `explain` gives everything around one IP. */
export function explainRoutes(explain: (ip: Address) => ExplanationAnswer): Route[] {
  return [
    route({
      method: 'GET',
      path: '/explain/{ip}',
      operation: 'explainIp',
      summary: 'what an IP belongs to, whether it is in use or not, and what announces it',
      params: z.object({ip: z.string()}),
      answer: ExplanationAnswer,
      refusals: {422: 'not an IP'},
      handle: ({params: {ip}}) => {
        if (!isAddress(ip)) throw new InputError('ERR_INVALID', `Invalid IP ${JSON.stringify(ip)}, expected an IPv4 or IPv6 address.`);
        return explain(parseAddress(ip));
      },
    }),
  ];
}
