import {z} from 'zod';
import type {MainRoute} from '../core/node-state.ts';
import type {Family} from '../core/prefix.ts';
import {routeProtocol} from '../core/route-protocol.ts';
import type {Run} from '../system/run.ts';
import {type KernelInterface, parseInterfaces} from './ip-address.ts';
import {type KernelRoute, mainTable, parseRoutes} from './ip-route.ts';

/** The kernel's routes of all tables, its ip rules, of both families, and its interfaces. */
export interface Kernel {
  readonly routes: readonly KernelRoute[];
  readonly rules: readonly KernelRule[];
  readonly interfaces: readonly KernelInterface[];
}

/** An ip rule; without a table it drops, jumps, or asks the device. */
export interface KernelRule {
  readonly family: Family;
  readonly priority: number;
  readonly table: number | undefined;
  readonly protocol: string;
}

export type ReadKernel = () => Promise<Kernel>;

/**
 * Creates the reader that all drivers share. Everything comes from one process, because starting one is what takes the time, and those who
 * ask while it runs get the same answer: a pass looks once, before it changes anything.
 */
export function createReadKernel(run: Run): ReadKernel {
  let inFlight: Promise<Kernel> | undefined;
  return () => {
    inFlight ??= read(run).finally(() => {
      inFlight = undefined;
    });
    return inFlight;
  };
}

const knownMainRoutes = new WeakMap<Kernel['routes'], readonly MainRoute[]>();

/** The next hops of the unicast routes of the main table, as what the desired-* functions decide from. Worked out once for each look at the kernel. */
export function mainRoutesOf({routes}: Pick<Kernel, 'routes'>): readonly MainRoute[] {
  const known = knownMainRoutes.get(routes) ?? findMainRoutes(routes);
  knownMainRoutes.set(routes, known);
  return known;
}

function findMainRoutes(routes: Kernel['routes']): MainRoute[] {
  return routes
    .filter(({table, type}) => table === mainTable && type === 'unicast')
    .flatMap(({to, metric, hops}) =>
      hops.filter(({isDown}) => !isDown).map(({via, dev}) => ({to, dev, metric, ...(via !== undefined && {via})})),
    );
}

/** The routes that carry our protocol number, of all tables. */
export function ownRoutes({routes}: Kernel): KernelRoute[] {
  return routes.filter(({protocol}) => protocol === String(routeProtocol));
}

const questions = ['-4 route show table all', '-6 route show table all', '-4 rule show', '-6 rule show', 'address show'];
const separator = '\n---\n';
const script = questions.map(question => `ip -json -details -N ${question}`).join(` && printf '\\n---\\n' && `);

const Rules = z.array(z.object({priority: z.number(), table: z.coerce.number().optional(), protocol: z.string().default('')}));

async function read(run: Run): Promise<Kernel> {
  const [routes4 = '', routes6 = '', rules4 = '', rules6 = '', addresses = ''] = (await run('sh', ['-c', script])).split(separator);
  return {
    routes: [...parseRoutes(routes4, 'ipv4'), ...parseRoutes(routes6, 'ipv6')],
    rules: [...parseRules(rules4, 'ipv4'), ...parseRules(rules6, 'ipv6')],
    interfaces: parseInterfaces(addresses),
  };
}

function parseRules(text: string, family: Family): KernelRule[] {
  return Rules.parse(JSON.parse(text.trim() || '[]')).map(({priority, table, protocol}) => ({family, priority, table, protocol}));
}
