import type {NeighbourRoute} from '../core/desired-neighbour-routes.ts';
import {compareHops, type NextHop} from '../core/next-hops.ts';
import {familyOf, type Prefix} from '../core/prefix.ts';
import {routeProtocol} from '../core/route-protocol.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {type KernelRoute, mainTable, renderRemoval, runBatch, standsForRoute} from './ip-route.ts';
import {createReadKernel, oncePerLook, ownRoutes, type ReadKernel} from './kernel.ts';

/** A route of ours as it may be found: somebody may have given it another metric or type, and the setting may have named another table before. */
export interface OwnNeighbourRoute extends NeighbourRoute {
  readonly found?: KernelRoute;
}

// The kernel tells routes apart by metric too, so all of ours have the same.
const ownMetric = 64;

/** Direct routes to blocks of neighbours: everything with our protocol number outside the main table. */
export function createNeighbourRoutes(run: Run, table: number, readKernel: ReadKernel = createReadKernel(run)): Driver<OwnNeighbourRoute> {
  const suffix = (metric: number, inTable = table) => `table ${inTable} proto ${routeProtocol} metric ${metric}`;
  const found = oncePerLook(all =>
    ownRoutes({routes: all})
      .filter(route => route.table !== mainTable)
      .map(route => ({to: route.to, hops: hopsOf(route), found: route})),
  );
  return {
    name: 'neighbour-routes',
    keyOf: ({to, found}) =>
      found === undefined || (found.metric === ownMetric && found.table === table) ? to : `${to} ${found.metric} ${found.table}`,
    show: route => `${route.to}${renderHops(route)} ${suffix(route.found?.metric ?? ownMetric, route.found?.table)}`,
    isEqual: (a, b) =>
      a.hops === b.hops || (a.hops.length === b.hops.length && a.hops.every((hop, index) => isSameHop(hop, b.hops[index]))),
    read: async () => found(await readKernel()),
    standsFor: standsForRoute,
    apply: ({create, update, remove}) =>
      runBatch(run, [
        // Not "replace": a route that another program has put there under the same metric is refused, and stays.
        ...create.map(route => ({
          family: familyOf(route.to),
          item: route,
          line: `route add ${route.to} ${suffix(ownMetric)}${renderHops(route)}`,
        })),
        ...update.map(route => ({
          family: familyOf(route.to),
          item: route,
          line: `route replace ${route.to} ${suffix(ownMetric)}${renderHops(route)}`,
        })),
        ...remove.flatMap(item => (item.found === undefined ? [] : [{family: familyOf(item.to), item, line: renderRemoval(item.found)}])),
      ]),
  };
}

/** The next hops as we would have set them; none for what is not as ours ever are, so that it is put right. */
function hopsOf({type, tos, source, isTuned, hops}: KernelRoute): NextHop[] {
  if (type !== 'unicast' || tos !== undefined || source !== undefined || isTuned || hops.some(({weight}) => weight !== 1)) return [];
  return hops.flatMap(({via, dev}) => (via === undefined ? [] : [{via, dev}])).toSorted(compareHops);
}

// The dev is ours to name and on the link, so a next hop needs no route of its own (onlink).
function renderHops({to, hops}: {readonly to: Prefix; readonly hops: readonly NextHop[]}): string {
  const family = familyOf(to);
  const lines = hops.map(({via, dev}) => `via ${familyOf(via) === family ? '' : 'inet6 '}${via} dev ${dev} onlink`);
  return lines.length === 1 ? ` ${lines[0]}` : lines.map(line => ` nexthop ${line}`).join('');
}

function isSameHop(a: NextHop, b: NextHop | undefined): boolean {
  return a.via === b?.via && a.dev === b.dev;
}
