import type {NodeState} from './node-state.ts';
import {routeProtocol} from './route-protocol.ts';

/** A drop-in file of iproute2 that gives a number of ours its name. */
export interface NameFile {
  readonly folder: 'rt_tables.d' | 'rt_protos.d';
  readonly text: string;
}

/** So that `ip route show table romana` works, and `proto romana` is shown. */
export function desiredNames({settings: {routes}}: NodeState): NameFile[] {
  if (!routes.enabled) return [];
  return [
    {folder: 'rt_tables.d', text: `${routes.table}\tromana\n`},
    {folder: 'rt_protos.d', text: `${routeProtocol}\tromana\n`},
  ];
}
