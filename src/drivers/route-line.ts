import {parseAddress} from '../core/prefix.ts';
import {type KernelHop, type KernelRoute, mainTable, parseDestination, routeTypeOf} from './ip-route.ts';

/**
 * Parses a route as `ip -details -N -oneline monitor route` prints it: "1 10.1.0.0/29 via 192.168.20.31 dev eth0 table 10 proto 144 metric 64", several
 * next hops after backslashes. Undefined for what is not understood.
 */
export function parseRouteLine(line: string): KernelRoute | undefined {
  const [head = '', ...nexthops] = line.split('\\').map(part => part.trim().split(/\s+/));
  const [type = '', to = '', ...words] = head;
  if (!/^\d+$/.test(type) || to === '') return undefined;
  // Only routes of IPv6 have a preference (RFC 4191).
  const family = words.includes('pref') ? 'ipv6' : 'ipv4';
  try {
    const source = after(words, 'src');
    const tos = after(words, 'tos');
    const hops = (nexthops.length > 0 ? nexthops : [words]).flatMap(parseHop);
    return {
      table: Number(after(words, 'table') ?? mainTable),
      to: parseDestination(to, family),
      type: routeTypeOf(type),
      metric: Number(after(words, 'metric') ?? 0),
      protocol: after(words, 'proto') ?? '',
      ...(tos !== undefined && {tos}),
      ...(source !== undefined && {source: parseAddress(source)}),
      ...(words.some(word => tuningWords.has(word)) && {isTuned: true}),
      dev: hops[0]?.dev ?? '',
      hops,
    };
  } catch {
    return undefined;
  }
}

// What iproute2 calls a route's metrics ("mx_names" of its ip/iproute.c), and a tunnel of its own.
const tuningWords = new Set(
  'mtu window rtt rttvar ssthresh cwnd advmss reordering hoplimit initcwnd features rto_min initrwnd quickack congctl fastopen_no_cookie lock encap'.split(
    ' ',
  ),
);

function parseHop(words: readonly string[]): KernelHop[] {
  const dev = after(words, 'dev');
  if (dev === undefined) return [];
  const via = after(words, 'via');
  const gateway = via === 'inet' || via === 'inet6' ? after(words, via) : via;
  const isDown = words.includes('linkdown') || words.includes('dead');
  return [{via: gateway === undefined ? undefined : parseAddress(gateway), dev, weight: Number(after(words, 'weight') ?? 1), isDown}];
}

function after(words: readonly string[], name: string): string | undefined {
  const index = words.indexOf(name);
  return index === -1 ? undefined : words[index + 1];
}
