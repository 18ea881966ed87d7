import type {BlockRoute} from '../core/desired-block-routes.ts';
import {familyOf} from '../core/prefix.ts';
import {routeProtocol} from '../core/route-protocol.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {type KernelRoute, mainTable, renderRemoval, runBatch, standsForRoute} from './ip-route.ts';
import {createReadKernel, oncePerLook, ownRoutes, type ReadKernel} from './kernel.ts';
import {blockMetric, isEndpointRoute} from './main-routes.ts';

/** A route of ours as it may be found: somebody may have given it another type or metric. */
export interface OwnBlockRoute extends BlockRoute {
  readonly found?: KernelRoute;
}

const ownType = 'unreachable';

/**
 * Unreachable routes for own blocks: everything with our protocol number in the main table but endpoints' exact routes (main-routes.ts). They stand there,
 * and not in our own table, because that one is looked up first: an endpoint's exact route in the main table would not be found any more.
 */
export function createBlockRoutes(run: Run, readKernel: ReadKernel = createReadKernel(run)): Driver<OwnBlockRoute> {
  const suffix = (metric: number) => `table main proto ${routeProtocol} metric ${metric}`;
  const line = ({to}: OwnBlockRoute) => `${ownType} ${to} ${suffix(blockMetric)}`;
  const found = oncePerLook(all =>
    ownRoutes({routes: all})
      .filter(route => route.table === mainTable && !isEndpointRoute(route))
      .map(route => ({to: route.to, found: route})),
  );
  return {
    name: 'block-routes',
    keyOf: ({to, found}) => `${to} ${found?.metric ?? blockMetric}`,
    show: ({to, found}) => `${found?.type ?? ownType} ${to} ${suffix(found?.metric ?? blockMetric)}`,
    isEqual: (a, b) => isAsWanted(a) && isAsWanted(b),
    read: async () => found(await readKernel()),
    standsFor: standsForRoute,
    apply: ({create, update, remove}) =>
      runBatch(run, [
        // Not "replace": a route that another program has put there under the same metric is refused, and stays.
        ...create.map(route => ({family: familyOf(route.to), item: route, line: `route add ${line(route)}`})),
        ...update.map(route => ({family: familyOf(route.to), item: route, line: `route replace ${line(route)}`})),
        ...remove.flatMap(item => (item.found === undefined ? [] : [{family: familyOf(item.to), item, line: renderRemoval(item.found)}])),
      ]),
  };
}

function isAsWanted({found}: OwnBlockRoute): boolean {
  return found === undefined || (found.type === ownType && found.tos === undefined);
}
