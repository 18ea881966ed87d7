import {addressBits, type Family, familyOf, prefixLength} from '../core/prefix.ts';
import {type KernelRoute, mainTable} from './ip-route.ts';

/** The metric of routes for own blocks: behind what an operator or BIRD may have put there for the same prefix. */
export const blockMetric = 4096;

/** The metric of routes to endpoints: what a route has without one, so that another program's for the same address is in the way, and not put aside. */
export const endpointMetrics: Readonly<Record<Family, number>> = {ipv4: 0, ipv6: 1024};

/**
 * Tells which of the routes with our protocol number in the main table are endpoints': those to one address, but for a block of one address. All others are
 * own blocks'. It does not hang on what they are like, so that what somebody has made of a route is put right by whose it is.
 */
export function isEndpointRoute({table, to, metric}: Pick<KernelRoute, 'table' | 'to' | 'metric'>): boolean {
  return table === mainTable && prefixLength(to) === addressBits[familyOf(to)] && metric !== blockMetric;
}
