import type {NodeState} from './node-state.ts';
import {comparePrefixes, joinPrefixes, type Prefix} from './prefix.ts';

/** Says "unreachable" for what no endpoint of an own block has; an endpoint's exact route wins by its length. */
export interface BlockRoute {
  readonly to: Prefix;
}

/** One unreachable route for each own block, so that a packet to an unused address is answered here and not sent back to the router. */
export function desiredBlockRoutes({self, settings, state}: NodeState): BlockRoute[] {
  if (!settings.routes.enabled) return [];
  const own = [...state.blocks.values()].filter(({host}) => host === self.name).map(({cidr}) => cidr);
  const prefixes = settings.routes.aggregate ? joinPrefixes(own) : own.sort(comparePrefixes);
  return prefixes.map(to => ({to}));
}
