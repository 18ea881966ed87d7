import type {Token} from './tokens.ts';

/** How many of the leading tokens name an option or a global; the rest is what it is set to. */
export function nameLength(tokens: readonly Token[]): number {
  const words = leadingWords(tokens);
  for (let length = Math.min(words.length, longest); length > 0; length -= 1) {
    if (names.has(words.slice(0, length).join(' '))) return length;
  }
  const value = words.findIndex((word, index) => index > 0 && values.has(word));
  return value === -1 ? words.length : value;
}

function leadingWords(tokens: readonly Token[]): string[] {
  const end = tokens.findIndex(({kind}) => kind !== 'word');
  return (end === -1 ? tokens : tokens.slice(0, end)).map(({text}) => text);
}

/** What an option that is not listed may be set to. */
const values = new Set(['on', 'off', 'yes', 'no', 'all', 'none']);

// From the manuals of BIRD 1.6 and 2.0. Listed, because a value may be a word, too: a table, or a number that has a name.
const lists: readonly string[] = [
  // Globals.
  'router id, log, debug protocols, debug channels, debug commands, debug latency, debug latency limit, watchdog warning, watchdog timeout',
  'mrtdump, mrtdump protocols, hostname, graceful restart wait, timeformat route, timeformat protocol, timeformat base, timeformat log, eval, listen bgp',
  // Every protocol and channel.
  'disabled, debug, description, vrf, interface, tx class, tx dscp, tx priority, password, passwords, authentication',
  'import, export, filter, where, table, preference, import limit, receive limit, export limit, import keep filtered, rpki reload, channel',
  // BGP.
  'local, local role, neighbor, direct, multihop, source address, dynamic name, dynamic name digits, strict bind, free bind, check link, bfd',
  'ttl security, setkey, passive, confederation, confederation member, rr client, rr cluster id, rs client, allow bgp_local_pref, allow bgp_med',
  'allow local as, allow as sets, enforce first as, enable route refresh, enable as4, enable extended messages, graceful restart, graceful restart time',
  'min graceful restart time, max graceful restart time, require graceful restart, long lived graceful restart, long lived stale time',
  'interpret communities, capabilities, advertise hostname, disable after error, disable after cease, hold time, min hold time, startup hold time',
  'keepalive time, min keepalive time, send hold time, connect delay time, connect retry time, error wait time, error forget time, path metric',
  'med metric, deterministic med, igp metric, prefer older, default bgp_med, default bgp_local_pref, require roles, next hop keep, next hop self',
  'next hop address, next hop prefer global, next hop prefer local, next hop prefer, missing lladdr, gateway, igp table, import table, export table',
  'secondary, validate, base table, extended next hop, require extended next hop, add paths, require add paths, aigp, cost, mandatory, route limit',
  'start delay time, route refresh, tx size warning, export settle time, enhanced route refresh, require route refresh, require enhanced route refresh',
  // BFD.
  'accept, interval, min rx interval, min tx interval, idle tx interval, multiplier, passive, port',
  // Device, direct, kernel, static, pipe, MRT, perf.
  'scan time, preferred, primary, persist, learn, kernel table, metric, merge paths, netlink rx buffer, device routes, peer table, mode, max generation',
  'filename, period, always add path, repeat, exp from, exp to, threshold min, threshold max, route',
  // OSPF.
  'rfc1583compat, rfc5838, instance id, stub router, tick, ecmp, ecmp weight, merge external, area, stub, nssa, summary, default nssa, default cost',
  'default cost2, translator, translator stability, networks, external, stubnet, virtual link, hello, poll, retransmit, transmit delay, priority, wait',
  'dead count, dead, rx buffer, tx length, type, link lsa suppression, strict nonbroadcast, real broadcast, ptp netmask, ptp address, neighbors, hidden, tag',
  // RIP and Babel.
  'infinity, address, version, version only, split horizon, poison reverse, demand circuit, check zero, update time, timeout time, garbage time',
  'randomize router id, rxcost, limit, hello interval, update interval, next hop ipv4, next hop ipv6, rtt cost, rtt min, rtt max, rtt decay, send timestamps',
  // Router advertisements and RPKI.
  'prefix, rdnss, dnssl, trigger, propagate routes, max ra interval, min ra interval, min delay, solicited ra unicast, managed, other config, link mtu',
  'reachable time, retrans timer, current hop limit, default lifetime, default preference, route lifetime, route preference, prefix linger time',
  'route linger time, rdnss local, dnssl local, skip, onlink, autonomous, valid lifetime, preferred lifetime, ns, domain, lifetime',
  'remote, retry, retry keep, refresh, refresh keep, expire, expire keep, transport, ignore max length, min version, max version',
];

const names = new Set(lists.join(', ').split(', '));
const longest = Math.max(...[...names].map(name => name.split(' ').length));
