import {z} from 'zod';
import {parsePrefix} from '../../core/prefix.ts';
import {Done, type Route, route} from '../../rest/route.ts';
import {BlackoutAnswer} from '../answers.ts';
import type {Blackouts} from '../blackouts.ts';
import {naming} from '../faults.ts';
import type {Views} from '../views.ts';

const Cidr = z.strictObject({cidr: z.string().min(1)});

/** Ranges of which no address is given out. */
export function blackoutRoutes(views: Views, blackouts: Blackouts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/blackouts',
      operation: 'listBlackouts',
      summary: 'all ranges of which no address is given out',
      answer: z.array(BlackoutAnswer),
      handle: () => views.blackouts(),
    }),
    route({
      method: 'POST',
      path: '/blackouts',
      operation: 'addBlackout',
      summary: 'lets no address of a range be given out',
      body: Cidr,
      answer: Done,
      refusals: {409: 'addresses of it are in use, or it lies in no network', 422: 'a CIDR that is none, or a whole network'},
      handle: ({body: {cidr}}) => blackouts.add(parsePrefix(cidr)),
    }),
    route({
      method: 'DELETE',
      path: '/blackouts',
      operation: 'removeBlackout',
      summary: 'lets the addresses of a range be given out again',
      query: Cidr,
      answer: Done,
      refusals: {404: 'no such range', 422: 'a CIDR that is none'},
      handle: ({query: {cidr}}) => blackouts.remove(parsePrefix(cidr)).catch(naming('blackout', cidr)),
    }),
  ];
}
