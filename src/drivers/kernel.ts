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
export function createReadKernel(run: Run, parse = createParseKernel()): ReadKernel {
  let inFlight: Promise<Kernel> | undefined;
  const read = async () => parse(await run('sh', ['-c', script]));
  return () => {
    inFlight ??= read().finally(() => {
      inFlight = undefined;
    });
    return inFlight;
  };
}

/** Makes what is worked out from the kernel's routes be worked out once for each look at them, so that who asks again gets the very same. */
export function oncePerLook<Result extends object>(work: (routes: Kernel['routes']) => Result): (kernel: Pick<Kernel, 'routes'>) => Result {
  const known = new WeakMap<Kernel['routes'], Result>();
  return ({routes}) => {
    const result = known.get(routes) ?? work(routes);
    known.set(routes, result);
    return result;
  };
}

/** The next hops of the unicast routes of the main table, as what the desired-* functions decide from; ours are what is decided, whatever they are like. */
export const mainRoutesOf = oncePerLook(findMainRoutes);

/** The routes that carry our protocol number, of all tables. */
export const ownRoutes = oncePerLook(routes => routes.filter(({protocol}) => protocol === String(routeProtocol)));

function findMainRoutes(routes: Kernel['routes']): readonly MainRoute[] {
  return routes
    .filter(({table, type, protocol}) => table === mainTable && type === 'unicast' && protocol !== String(routeProtocol))
    .flatMap(({to, metric, hops}) =>
      hops.filter(({isDown}) => !isDown).map(({via, dev}) => ({to, dev, metric, ...(via !== undefined && {via})})),
    );
}

const questions = ['-4 route show table all', '-6 route show table all', '-4 rule show', '-6 rule show', 'address show'];
const separator = '\n---\n';
const script = questions.map(question => `ip -json -details -N ${question}`).join(` && printf '\\n---\\n' && `);

const Rules = z.array(z.object({priority: z.number(), table: z.coerce.number().optional(), protocol: z.string().default('')}));

/**
 * Creates the parser of the answers. There may be tens of thousands of routes, and nearly always they are the same: then the very same list is given,
 * and nobody has to work anything out again.
 */
export function createParseKernel(): (answers: string) => Kernel {
  const [routesOf4, routesOf6] = [ifNew(text => parseRoutes(text, 'ipv4')), ifNew(text => parseRoutes(text, 'ipv6'))];
  let last: {readonly of4: readonly KernelRoute[]; readonly of6: readonly KernelRoute[]; readonly all: readonly KernelRoute[]} | undefined;
  return answers => {
    const [routes4 = '', routes6 = '', rules4 = '', rules6 = '', addresses = ''] = answers.split(separator);
    const [of4, of6] = [routesOf4(routes4), routesOf6(routes6)];
    if (last?.of4 !== of4 || last.of6 !== of6) last = {of4, of6, all: [...of4, ...of6]};
    return {
      routes: last.all,
      rules: [...parseRules(rules4, 'ipv4'), ...parseRules(rules6, 'ipv6')],
      interfaces: parseInterfaces(addresses),
    };
  };
}

function ifNew<Result>(parse: (text: string) => Result): (text: string) => Result {
  let last: {readonly text: string; readonly result: Result} | undefined;
  return text => {
    if (last?.text !== text) last = {text, result: parse(text)};
    return last.result;
  };
}

function parseRules(text: string, family: Family): KernelRule[] {
  return Rules.parse(JSON.parse(text.trim() || '[]')).map(({priority, table, protocol}) => ({family, priority, table, protocol}));
}
