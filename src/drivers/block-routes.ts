import type {BlockRoute} from '../core/desired-block-routes.ts';
import {familyOf} from '../core/prefix.ts';
import {routeProtocol} from '../core/route-protocol.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {readRoutes, runBatch} from './ip-route.ts';

// Behind what an operator or BIRD may have put there for the same prefix.
const metric = 4096;

/**
 * Unreachable routes for own blocks: everything of that type with our protocol number in the main table. They stand there, and not in our
 * own table, because that one is looked up first: an endpoint's exact route in the main table would not be found any more.
 */
export function createBlockRoutes(run: Run): Driver<BlockRoute> {
  const suffix = `table main proto ${routeProtocol} metric ${metric}`;
  return {
    name: 'block-routes',
    keyOf: ({to}) => to,
    isEqual: () => true,
    async read() {
      const routes = await readRoutes(run, 'main', {isOwn: true});
      return routes.filter(({type}) => type === 'unreachable').map(({to}) => ({to}));
    },
    apply: ({create, update, remove}) =>
      runBatch(run, [
        ...[...create, ...update].map(({to}) => ({family: familyOf(to), line: `route replace unreachable ${to} ${suffix}`})),
        ...remove.map(({to}) => ({family: familyOf(to), line: `route del unreachable ${to} ${suffix}`})),
      ]),
  };
}
