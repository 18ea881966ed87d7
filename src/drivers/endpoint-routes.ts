import type {EndpointRoute} from '../core/desired-endpoint-routes.ts';
import {familyOf, type Prefix} from '../core/prefix.ts';
import {routeProtocol} from '../core/route-protocol.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {createFailures} from './endpoint-batch.ts';
import {pairMarkOf} from './endpoint-mark.ts';
import {type KernelRoute, renderRemoval} from './ip-route.ts';
import {createReadKernel, ownRoutes, type ReadKernel} from './kernel.ts';
import {endpointMetrics, isEndpointRoute} from './main-routes.ts';

/** A route of ours as it may be found: somebody may have given it another metric. */
export interface OwnEndpointRoute extends EndpointRoute {
  readonly found?: KernelRoute;
}

/** Exact routes to endpoints by their interfaces: what isEndpointRoute (main-routes.ts) tells of the routes with our protocol number. */
export function createEndpointRoutes(run: Run, readKernel: ReadKernel = createReadKernel(run)): Driver<OwnEndpointRoute> {
  return {
    name: 'endpoint-routes',
    keyOf: ({to, found}) => `${to} ${found?.metric ?? metricOf(to)}`,
    show: line,
    isEqual: (a, b) => a.dev === b.dev && a.source === b.source && (a.mark ?? '') === (b.mark ?? ''),
    async read() {
      const kernel = await readKernel();
      const marks = new Map(kernel.interfaces.map(each => [each.name, pairMarkOf(each)]));
      return ownRoutes(kernel)
        .filter(isEndpointRoute)
        .map(found => {
          const dev = deviceOf(found);
          return {to: found.to, dev, mark: marks.get(dev) ?? '', source: found.source, found};
        });
    },
    async apply({create, update, remove}) {
      const failures = createFailures();
      await failures.batch(run, [
        // Not "replace": a route that another program has put there is refused, and stays.
        ...create.map(route => ({endpoint: ownerOf(route), line: `route add ${line(route)}`})),
        ...update.map(route => ({endpoint: ownerOf(route), line: `route replace ${line(route)}`})),
        ...remove.flatMap(route =>
          route.found === undefined ? [] : [{endpoint: ownerOf(route), mayBeGone: true, line: renderRemoval(route.found)}],
        ),
      ]);
      failures.throwIfAny();
    },
  };
}

/** Where a route leads that is as we make them; '' for any other. */
function deviceOf({type, tos, isTuned, hops}: KernelRoute): string {
  const [hop, ...others] = hops;
  return type === 'unicast' &&
    tos === undefined &&
    isTuned === undefined &&
    hop !== undefined &&
    hop.via === undefined &&
    others.length === 0
    ? hop.dev
    : '';
}

function line({to, dev, source}: EndpointRoute): string {
  const from = source === undefined ? '' : ` src ${source}`;
  const scope = familyOf(to) === 'ipv4' ? ' scope link' : '';
  return `${to} dev ${dev}${from}${scope} table main proto ${routeProtocol} metric ${metricOf(to)}`;
}

function metricOf(to: Prefix): number {
  return endpointMetrics[familyOf(to)];
}

function ownerOf({endpoint, to}: EndpointRoute): string {
  return endpoint ?? to;
}
