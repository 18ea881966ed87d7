import type {NeighbourRoute} from '../core/desired-neighbour-routes.ts';
import {type Address, familyOf} from '../core/prefix.ts';
import {routeProtocol} from '../core/route-protocol.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {mainTable, runBatch} from './ip-route.ts';
import {createReadKernel, ownRoutes, type ReadKernel} from './kernel.ts';

/** A route of ours as it may be found: somebody may have given it another metric or more next hops (then `via` says nothing). */
export interface OwnNeighbourRoute extends Omit<NeighbourRoute, 'via'> {
  readonly via: Address | undefined;
  readonly metric?: number;
  /** Only of what is found: the setting may have named another table before. */
  readonly table?: number;
}

// The kernel tells routes apart by metric too, so all of ours have the same.
const ownMetric = 64;

/** Direct routes to blocks of neighbours: everything with our protocol number outside the main table. */
export function createNeighbourRoutes(run: Run, table: number, readKernel: ReadKernel = createReadKernel(run)): Driver<OwnNeighbourRoute> {
  const suffix = (metric: number, inTable = table) => `table ${inTable} proto ${routeProtocol} metric ${metric}`;
  // The dev is ours to name and on the link, so a next hop needs no route of its own (onlink).
  const line = ({to, via, dev}: OwnNeighbourRoute) => `${to} via ${via} dev ${dev} onlink ${suffix(ownMetric)}`;
  return {
    name: 'neighbour-routes',
    keyOf: ({to, metric = ownMetric, table: inTable = table}) => `${to} ${metric} ${inTable}`,
    isEqual: (a, b) => a.via === b.via && a.dev === b.dev,
    async read() {
      const routes = ownRoutes(await readKernel()).filter(route => route.table !== mainTable);
      return routes.map(({to, type, via, dev, metric, table: inTable, hasOneHop}) => ({
        to,
        dev,
        metric,
        table: inTable,
        via: type === 'unicast' && hasOneHop ? via : undefined,
      }));
    },
    apply: ({create, update, remove}) =>
      runBatch(run, [
        // Not "replace": a route that another program has put there under the same metric is refused, and stays.
        ...create.map(route => ({family: familyOf(route.to), line: `route add ${line(route)}`})),
        ...update.map(route => ({family: familyOf(route.to), line: `route replace ${line(route)}`})),
        ...remove.map(({to, metric = ownMetric, table: inTable}) => ({
          family: familyOf(to),
          line: `route del ${to} ${suffix(metric, inTable)}`,
        })),
      ]),
  };
}
