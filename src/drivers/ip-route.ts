import {z} from 'zod';
import {messageOf} from '../core/errors.ts';
import {type Address, type Family, isAddress, type Prefix, parseAddress, parsePrefix} from '../core/prefix.ts';
import type {Run} from '../system/run.ts';

/** A route as the kernel shows it. */
export interface KernelRoute {
  /** The number of its table; 254 is main. */
  readonly table: number;
  readonly to: Prefix;
  readonly type: string;
  readonly metric: number;
  readonly protocol: string;
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
});

/** Runs lines of `ip` in one process per family; goes on after a failed line, then throws one error. */
export async function runBatch(run: Run, lines: readonly {readonly family: Family; readonly line: string}[]): Promise<void> {
  const failures: string[] = [];
  for (const family of families) {
    const own = lines.filter(line => line.family === family).map(({line}) => line);
    if (own.length === 0) continue;
    await run('ip', [flag[family], '-force', '-batch', '-'], {input: `${own.join('\n')}\n`}).catch(error =>
      failures.push(explain(error, own)),
    );
  }
  if (failures.length > 0) throw new Error(`cannot change routes: ${failures.join('; ')}`);
}

/** Parses `ip -json -details -N route show`. A route that says something unknown is left out. */
export function parseRoutes(text: string, family: Family): KernelRoute[] {
  const routes = z.array(z.unknown()).parse(JSON.parse(text.trim() || '[]'));
  return routes.flatMap(value => {
    const route = Route.safeParse(value);
    if (!route.success) return [];
    const {table, type, dst, metric, protocol, nexthops} = route.data;
    const hops = (nexthops.length > 0 ? nexthops : [route.data]).flatMap(parseHop);
    const name = typeNames[type] ?? type;
    return [{table, to: parseDestination(dst, family), type: name, metric, protocol, dev: hops[0]?.dev ?? '', hops}];
  });
}

function parseHop({gateway, via, dev, weight, flags}: z.infer<typeof Hop>): KernelHop[] {
  if (dev === undefined) return [];
  const text = gateway ?? via?.host;
  const isDown = flags.includes('linkdown') || flags.includes('dead');
  return [{via: text === undefined ? undefined : parseAddress(text), dev, weight, isDown}];
}

// With -N, iproute2 prints numbers for the types that it knows by name (rtnetlink.h).
const typeNames: Readonly<Record<string, string>> = {'1': 'unicast', '6': 'blackhole', '7': 'unreachable', '8': 'prohibit'};

function parseDestination(text: string, family: Family): Prefix {
  if (text === 'default') return parsePrefix(family === 'ipv4' ? '0.0.0.0/0' : '::/0');
  return parsePrefix(isAddress(text) ? `${text}/${family === 'ipv4' ? 32 : 128}` : text);
}

/** Names the first lines that failed: `ip` says "Command failed -:3" for the third. */
function explain(error: unknown, lines: readonly string[]): string {
  const reasons = stderrOf(error).trim().split('\n');
  const failed = reasons.flatMap((reason, index) => {
    const number = /^Command failed -:(\d+)/.exec(reason)?.[1];
    return number === undefined ? [] : [`ip ${lines[Number(number) - 1]}: ${reasons[index - 1] ?? reason}`];
  });
  const shown = failed.slice(0, 5).join('; ');
  return failed.length === 0 ? messageOf(error) : `${shown}${failed.length > 5 ? ` and ${failed.length - 5} more` : ''}`;
}

function stderrOf(error: unknown): string {
  return error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : '';
}
