import {isDeepStrictEqual} from 'node:util';
import type {Family} from '../core/prefix.ts';
import {routeProtocol} from '../core/route-protocol.ts';
import type {Run} from '../system/run.ts';
import {type KernelRoute, mainTable, parseDestination} from './ip-route.ts';
import {createParseKernel, createReadKernel, type Kernel, ownRoutes, type ReadKernel} from './kernel.ts';
import type {KernelListener} from './kernel-monitor.ts';

/** What the kernel holds, kept current by what it tells itself; read anew whenever that is not enough. */
export interface KernelView {
  /** Gives the view where it is current, else reads. */
  readonly read: ReadKernel;
  /** The runner for all that changes routes: what it changes is waited for, and is not taken for somebody else's doing. */
  readonly run: Run;
  readonly listener: KernelListener;
  /** The next read looks at the kernel, whatever is known. */
  distrust(): void;
}

export interface KernelViewOptions {
  readonly run: Run;
  /** Somebody else has changed something: one of our routes, the machine, or routes of others, of which there may be many. */
  onForeign(what: 'own-route' | 'machine' | 'routes'): void;
  onConnected?(): void;
  onDisconnected?(reason: string): void;
  /** In milliseconds, from any start. */
  now(): number;
  /** How long to wait for what our own change should have brought, in milliseconds. */
  readonly patienceMs?: number;
  /** A view that is older is read anew, should anything have been missed all the same. */
  readonly maxAgeMs?: number;
}

/** Creates the view. Before its listener is connected, every read looks at the kernel. */
export function createKernelView(options: KernelViewOptions): KernelView {
  const {run, onForeign, onConnected, onDisconnected, now, patienceMs = 1000, maxAgeMs = 60_000} = options;
  // Those who ask at the same time share a look, but not one that has begun before a change, ours or one that was heard of: it may not show that.
  const parse = createParseKernel();
  let readKernel = createReadKernel(run, parse);
  let heardBeforeLook = 0;
  let readAt = -Infinity;
  let isConnected = false;
  let others: Kernel | undefined;
  let own = new Map<string, KernelRoute>();
  let snapshot: Kernel | undefined;
  // Whatever is heard while the kernel is read may be in what was read, or not.
  let heard = 0;
  const expected = new Set<string>();
  let bell = Promise.withResolvers<void>();

  const doubt = () => {
    others = undefined;
    snapshot = undefined;
  };
  const isExpected = (key: string) => {
    const isOurs = expected.delete(key);
    if (isOurs && expected.size === 0) bell.resolve();
    return isOurs;
  };
  const forget = (keys: Iterable<string>) => {
    for (const key of [...keys]) expected.delete(key);
    bell.resolve();
    doubt();
  };

  /** What we changed ourselves is known once the kernel has told of it. */
  const settle = async () => {
    if (expected.size === 0) return;
    const isLate = Promise.withResolvers<void>();
    const timer = setTimeout(isLate.resolve, patienceMs);
    await Promise.race([bell.promise, isLate.promise]);
    clearTimeout(timer);
    if (expected.size > 0) forget(expected);
  };

  const readAnew = async (): Promise<Kernel> => {
    const before = heard;
    if (before !== heardBeforeLook) readKernel = createReadKernel(run, parse);
    heardBeforeLook = before;
    const start = now();
    const kernel = await readKernel();
    if (!isConnected || before !== heard) return kernel;
    const isAsKnown = others !== undefined && snapshot?.routes === kernel.routes;
    if (!isAsKnown) {
      const routes = ownRoutes(kernel);
      own = new Map(routes.map(route => [keyOf(route), route]));
      // Somebody has put another one beside a route of ours; which of them goes next, the kernel tells too vaguely.
      if (own.size < routes.length) return kernel;
    }
    const otherRoutes = isAsKnown ? (others?.routes ?? []) : kernel.routes.filter(({protocol}) => protocol !== String(routeProtocol));
    others = {...kernel, routes: otherRoutes};
    snapshot = kernel;
    readAt = start;
    return kernel;
  };

  return {
    async read() {
      await settle();
      if (!isConnected || others === undefined || now() - readAt > maxAgeMs) return readAnew();
      snapshot ??= {...others, routes: [...others.routes, ...own.values()]};
      return snapshot;
    },
    async run(command, args, options) {
      const keys = command === 'ip' && args.includes('-batch') ? changedKeys(args, options?.input ?? '') : [];
      if (isConnected && keys.length > 0) {
        if (expected.size === 0) bell = Promise.withResolvers();
        for (const key of keys) expected.add(key);
      }
      // Of second names of an interface that is switched off, for one, the kernel tells nobody.
      if (command === 'ip' && keys.length === 0) doubt();
      try {
        return await run(command, args, options);
      } catch (error) {
        if (keys.length > 0) forget(keys);
        throw error;
      } finally {
        if (command === 'ip') readKernel = createReadKernel(run, parse);
      }
    },
    distrust: doubt,
    listener: {
      onOwnRoute(route, isGone) {
        heard += 1;
        const key = keyOf(route);
        const known = own.get(key);
        const isOurs = isExpected(key);
        const isOther = known !== undefined && !isDeepStrictEqual(known, route);
        // One of several next hops may be gone, or one more be there: only a look tells.
        if (isOther && (isGone || !isOurs)) doubt();
        else if (isGone) own.delete(key);
        else own.set(key, route);
        snapshot = undefined;
        // One is gone of several that somebody has put beside each other, and it need not be the one that we meant.
        if (!isOurs || (isOther && isGone)) onForeign('own-route');
      },
      onOther(what) {
        heard += 1;
        doubt();
        onForeign(what);
      },
      onOwnAddress(address) {
        heard += 1;
        const isKnown = others?.interfaces.some(({addresses}) => addresses.some(known => known.address === address));
        if (isKnown !== true) doubt();
      },
      onConnected() {
        // Of what has changed before, during a look that still goes on, nobody will tell.
        heard += 1;
        isConnected = true;
        doubt();
        onConnected?.();
      },
      onDisconnected(reason) {
        isConnected = false;
        forget(expected);
        onDisconnected?.(reason);
      },
    },
  };
}

const changePattern = /^route (?:add|replace|del) (?:[a-z]+ )?([0-9a-f.:/]+) (.*)$/;

/** The keys of the routes that a batch changes; its lines are ours (ip-route.ts), so they name prefix and table. */
function changedKeys(args: readonly string[], input: string): string[] {
  const usualMetric = args.includes('-6') ? '1024' : '0';
  return input.split('\n').flatMap(line => {
    const [, to, rest = ''] = changePattern.exec(line) ?? [];
    const table = /\btable (\S+)/.exec(rest)?.[1] ?? 'main';
    const metric = /\bmetric (\d+)/.exec(rest)?.[1] ?? usualMetric;
    const number = table === 'main' ? mainTable : Number(table);
    return to === undefined ? [] : [keyOf({to: parseDestination(to, familyOfText(to)), table: number, metric: Number(metric)})];
  });
}

function familyOfText(text: string): Family {
  return text.includes(':') ? 'ipv6' : 'ipv4';
}

function keyOf({table, to, metric}: Pick<KernelRoute, 'table' | 'to' | 'metric'>): string {
  return `${to} ${table} ${metric}`;
}
