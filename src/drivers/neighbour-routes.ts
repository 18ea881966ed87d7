import type {NeighbourRoute} from '../core/desired-neighbour-routes.ts';
import {familyOf} from '../core/prefix.ts';
import {routeProtocol} from '../core/route-protocol.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {readRoutes, runBatch} from './ip-route.ts';

// The kernel tells routes apart by metric too, so all of ours have the same.
const metric = 64;

/** Direct routes to blocks of neighbours: everything with our protocol number in our table. */
export function createNeighbourRoutes(run: Run, table: number): Driver<NeighbourRoute> {
  const suffix = `table ${table} proto ${routeProtocol} metric ${metric}`;
  return {
    name: 'neighbour-routes',
    keyOf: ({to}) => to,
    isEqual: (a, b) => a.via === b.via && a.dev === b.dev,
    async read() {
      const routes = await readRoutes(run, table, {isOwn: true});
      return routes.flatMap(({to, via, dev, type}) => (type === 'unicast' && via !== undefined ? [{to, via, dev}] : []));
    },
    apply: ({create, update, remove}) =>
      runBatch(run, [
        // The dev is ours to name and on the link, so a next hop needs no route of its own (onlink).
        ...[...create, ...update].map(({to, via, dev}) => ({
          family: familyOf(to),
          line: `route replace ${to} via ${via} dev ${dev} onlink ${suffix}`,
        })),
        ...remove.map(({to}) => ({family: familyOf(to), line: `route del ${to} ${suffix}`})),
      ]),
  };
}
