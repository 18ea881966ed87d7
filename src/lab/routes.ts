import {z} from 'zod';
import type {Run} from '../system/run.ts';
import type {LabNode} from './plan-types.ts';

/** A route of a node's kernel. A blackhole or unreachable route has no way out. */
export interface KernelRoute {
  readonly to: string;
  readonly type: string;
  readonly via: readonly string[];
  readonly devices: readonly string[];
  readonly protocol: string;
}

/** The kernel routes of a node, IPv4 then IPv6, of the main table unless another is named. */
export async function routesOf(run: Run, node: Pick<LabNode, 'namespace'>, table = 'main'): Promise<KernelRoute[]> {
  const outputs = await Promise.all(
    ['-4', '-6'].map(family =>
      run('ip', ['netns', 'exec', node.namespace, 'ip', '-json', '-details', family, 'route', 'show', 'table', table]),
    ),
  );
  return outputs.flatMap(parseRoutes);
}

/** Parses the output of `ip -json -details route show`. */
export function parseRoutes(output: string): KernelRoute[] {
  return Routes.parse(JSON.parse(output.trim() || '[]')).map(({dst, type, gateway, dev, nexthops, protocol}) => {
    const hops = nexthops ?? [{gateway, dev}];
    return {
      to: dst.includes('/') || dst === 'default' ? dst : `${dst}/${dst.includes(':') ? 128 : 32}`,
      type: type ?? 'unicast',
      via: hops.flatMap(hop => hop.gateway ?? []),
      devices: hops.flatMap(hop => hop.dev ?? []),
      protocol: protocol ?? '',
    };
  });
}

const Hop = z.object({gateway: z.string().optional(), dev: z.string().optional()});
const Routes = z.array(
  Hop.extend({dst: z.string(), type: z.string().optional(), protocol: z.string().optional(), nexthops: z.array(Hop).optional()}),
);
