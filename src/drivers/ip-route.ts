import {z} from 'zod';
import {messageOf} from '../core/errors.ts';
import {type Address, type Family, familyOf, isAddress, overlaps, type Prefix, parseAddress, parsePrefix} from '../core/prefix.ts';
import {PartError} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {type FailedLine, runLines} from './ip-batch.ts';

/** A route as the kernel shows it. */
export interface KernelRoute {
  /** The number of its table; 254 is main. */
  readonly table: number;
  readonly to: Prefix;
  readonly type: string;
  readonly metric: number;
  readonly protocol: string;
  /** The type of service that it is for, where it is not for all (IPv4). */
  readonly tos?: string;
  /** What the host itself sends from along it, where that is set. */
  readonly source?: Address;
  /** It has an MTU or other metrics of its own, or puts packets into others. */
  readonly isTuned?: true;
  /** The device of the first next hop; '' where there is none. */
  readonly dev: string;
  /** Where it leads; empty for a route that does not lead to any device. */
  readonly hops: readonly KernelHop[];
}

/** A next hop; without `via` the destination is on the link itself. */
export interface KernelHop {
  readonly via: Address | undefined;
  readonly dev: string;
  readonly weight: number;
  readonly isDown: boolean;
}

export const mainTable = 254;

const families: readonly Family[] = ['ipv4', 'ipv6'];
const flag = {ipv4: '-4', ipv6: '-6'} as const;

const Via = z.object({host: z.string()});

const Hop = z.object({
  gateway: z.string().optional(),
  // A next hop of the other family, as IPv4 over an IPv6-only link has it.
  via: Via.optional(),
  dev: z.string().optional(),
  weight: z.number().default(1),
  flags: z.array(z.string()).default([]),
});

const Route = Hop.extend({
  table: z.coerce.number().default(mainTable),
  type: z.string().default('unicast'),
  dst: z.string(),
  nexthops: z.array(Hop).default([]),
  metric: z.number().default(0),
  protocol: z.string().default(''),
  tos: z.string().optional(),
  prefsrc: z.string().optional(),
  metrics: z.unknown().optional(),
  encap: z.unknown().optional(),
});

/** A line for `ip`, and the item that it makes true. */
export interface ItemLine<Item> {
  readonly family: Family;
  readonly item: Item;
  readonly line: string;
}

/** Runs lines of `ip` in one process per family; goes on after a failed line, then throws one PartError. */
export async function runBatch<Item>(run: Run, lines: readonly ItemLine<Item>[]): Promise<void> {
  const failures: string[] = [];
  const failedItems: Item[] = [];
  for (const family of families) {
    const own = lines.filter(line => line.family === family);
    try {
      const failed = await runLines(
        run,
        own.map(({line}) => line),
        {args: [flag[family]]},
      );
      if (failed.length > 0) failures.push(explain(failed));
      failedItems.push(...failed.flatMap(({index}) => own[index]?.item ?? []));
    } catch (error) {
      failures.push(messageOf(error));
      failedItems.push(...own.map(({item}) => item));
    }
  }
  if (failures.length > 0) throw new PartError(`cannot change routes: ${failures.join('; ')}`, failedItems);
}

/** A route to a prefix leads packets of another one, too, where they overlap. */
export function standsForRoute(old: {readonly to: Prefix}, failed: {readonly to: Prefix}): boolean {
  return overlaps(old.to, failed.to);
}

/** Parses `ip -json -details -N route show`. A route that says something unknown is left out. */
export function parseRoutes(text: string, family: Family): KernelRoute[] {
  const routes = z.array(z.unknown()).parse(JSON.parse(text.trim() || '[]'));
  return routes.flatMap(value => {
    const route = Route.safeParse(value);
    if (!route.success) return [];
    const {table, type, dst, metric, protocol, tos, prefsrc, metrics, encap, nexthops} = route.data;
    const hops = (nexthops.length > 0 ? nexthops : [route.data]).flatMap(parseHop);
    const source = prefsrc === undefined ? {} : {source: parseAddress(prefsrc)};
    const tuning = metrics === undefined && encap === undefined ? {} : {isTuned: true as const};
    const to = parseDestination(dst, family);
    return [
      {
        table,
        to,
        type: routeTypeOf(type),
        metric,
        protocol,
        ...(tos !== undefined && {tos}),
        ...source,
        ...tuning,
        dev: hops[0]?.dev ?? '',
        hops,
      },
    ];
  });
}

function parseHop({gateway, via, dev, weight, flags}: z.infer<typeof Hop>): KernelHop[] {
  if (dev === undefined) return [];
  const text = gateway ?? via?.host;
  const isDown = flags.includes('linkdown') || flags.includes('dead');
  return [{via: text === undefined ? undefined : parseAddress(text), dev, weight, isDown}];
}

/** The line for `ip` that removes exactly this route, and none beside it that differs only in where it leads. */
export function renderRemoval(route: KernelRoute): string {
  const {to, type, table, protocol, metric, tos} = route;
  const service = tos === undefined ? '' : ` tos ${tos}`;
  return `route del ${type} ${to} table ${table} proto ${protocol} metric ${metric}${service}${renderFoundHops(route)}`;
}

/**
 * What names the next hops so that the kernel takes no other route for this one. One that is named alone is any route's whose first it is, and one without
 * "via" is any on the device, so of IPv4 they are named as a list, and with their scope. IPv6 would take a list one by one, and tells nothing but one "via"
 * from the others on a device: there the first of them goes.
 */
function renderFoundHops({to, hops}: KernelRoute): string {
  const [first, ...others] = hops;
  if (first === undefined) return '';
  if (familyOf(to) === 'ipv6')
    return others.length > 0 || first.via === undefined ? ` dev ${first.dev}` : ` via ${first.via} dev ${first.dev}`;
  if (others.length === 0 && first.via === undefined) return ` dev ${first.dev} scope link`;
  return hops.map(({via, dev, weight}) => ` nexthop${via === undefined ? '' : renderVia(via)} dev ${dev} weight ${weight}`).join('');
}

function renderVia(via: Address): string {
  return ` via ${familyOf(via) === 'ipv4' ? '' : 'inet6 '}${via}`;
}

// With -N, iproute2 prints numbers for the types that it knows by name (rtnetlink.h).
const typeNames: Readonly<Record<string, string>> = {'1': 'unicast', '6': 'blackhole', '7': 'unreachable', '8': 'prohibit'};

/** The name of a route's type. */
export function routeTypeOf(number: string): string {
  return typeNames[number] ?? number;
}

/** The prefix of a route, "default" and single addresses too. */
export function parseDestination(text: string, family: Family): Prefix {
  if (text === 'default') return parsePrefix(family === 'ipv4' ? '0.0.0.0/0' : '::/0');
  return parsePrefix(isAddress(text) ? `${text}/${family === 'ipv4' ? 32 : 128}` : text);
}

/** Names the first lines that failed. */
function explain(failed: readonly FailedLine[]): string {
  const shown = failed.slice(0, 5).map(({line, reason}) => `ip ${line}: ${reason}`);
  return `${shown.join('; ')}${failed.length > 5 ? ` and ${failed.length - 5} more` : ''}`;
}
