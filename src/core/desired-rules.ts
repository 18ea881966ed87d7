import type {NodeState} from './node-state.ts';
import type {Family} from './prefix.ts';

/** An ip rule that looks our table up before the main one. */
export interface LookupRule {
  readonly family: Family;
  readonly table: number;
}

/** One rule for each family. */
export function desiredRules({settings: {routes}}: NodeState): LookupRule[] {
  if (!routes.enabled) return [];
  return (['ipv4', 'ipv6'] as const).map(family => ({family, table: routes.table}));
}
