import type {EndpointRoute} from '../core/desired-endpoint-routes.ts';
import {addressBits, familyOf, type Prefix, prefixLength} from '../core/prefix.ts';
import {routeProtocol} from '../core/route-protocol.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {createFailures} from './endpoint-batch.ts';
import {type KernelRoute, mainTable} from './ip-route.ts';
import {createReadKernel, ownRoutes, type ReadKernel} from './kernel.ts';

/** A route of ours as it may be found: somebody may have given it another metric. */
export interface OwnEndpointRoute extends EndpointRoute {
  readonly metric?: number;
}

// What the kernel gives to a route without one, so that another program's route for the same address is not put aside but in the way.
const ownMetrics = {ipv4: 0, ipv6: 1024} as const;

/** Exact routes to endpoints by their interfaces: what isEndpointRoute tells of the routes with our protocol number in the main table. */
export function createEndpointRoutes(run: Run, readKernel: ReadKernel = createReadKernel(run)): Driver<OwnEndpointRoute> {
  return {
    name: 'endpoint-routes',
    keyOf: ({to, metric = metricOf(to)}) => `${to} ${metric}`,
    isEqual: (a, b) => a.dev === b.dev && a.source === b.source,
    async read() {
      const routes = ownRoutes(await readKernel()).filter(isEndpointRoute);
      return routes.map(({to, dev, metric, source}) => ({to, dev, metric, ...(source !== undefined && {source})}));
    },
    async apply({create, update, remove}) {
      const failures = createFailures();
      await failures.batch(run, [
        // Not "replace": a route that another program has put there is refused, and stays.
        ...create.map(route => ({endpoint: ownerOf(route), line: `route add ${line(route)}`})),
        ...update.map(route => ({endpoint: ownerOf(route), line: `route replace ${line(route)}`})),
        ...remove.map(route => ({
          endpoint: ownerOf(route),
          line: `route del ${route.to} dev ${route.dev} table main proto ${routeProtocol} metric ${route.metric ?? metricOf(route.to)}`,
        })),
      ]);
      failures.throwIfAny();
    },
  };
}

/**
 * True for a route with our protocol number that leads to one address on an interface itself. All others in the main table are routes of own blocks
 * (drivers/block-routes.ts), or what somebody has made of them.
 */
export function isEndpointRoute({table, type, to, hops}: KernelRoute): boolean {
  const [hop, ...others] = hops;
  const isExact = prefixLength(to) === addressBits[familyOf(to)];
  return table === mainTable && type === 'unicast' && isExact && hop !== undefined && hop.via === undefined && others.length === 0;
}

function line({to, dev, source}: EndpointRoute): string {
  const from = source === undefined ? '' : ` src ${source}`;
  const scope = familyOf(to) === 'ipv4' ? ' scope link' : '';
  return `${to} dev ${dev}${from}${scope} table main proto ${routeProtocol} metric ${metricOf(to)}`;
}

function metricOf(to: Prefix): number {
  return ownMetrics[familyOf(to)];
}

function ownerOf({endpoint, to}: EndpointRoute): string {
  return endpoint ?? to;
}
