/** What a changed option does: `import` and `export` pass routes through a channel again. */
export type Effect = 'restart' | 'import' | 'export' | 'none';

/** The effect of a protocol's option; undefined when it is not known. */
export function effectOfOption(kind: string, name: string, {isNew}: {isNew: boolean}): Effect | undefined {
  // One more link costs those that are there nothing; one less costs its neighbours.
  if (kind === 'ospf' && isNew && generalName(name) === 'interface') return 'none';
  const own = protocols[kind];
  return everywhere.get(name) ?? own?.get(name) ?? own?.get(generalName(name));
}

/** The effect of an option of a channel; undefined when it is not known. */
export function effectOfChannelOption(kind: string, name: string): Effect | undefined {
  const effect = channels.get(name) ?? (kind === 'bgp' ? bgpChannels.get(name) : undefined);
  // It has no way to take in its routes anew.
  return effect === 'import' && kind === 'direct' ? 'restart' : effect;
}

/** True for what both ends of a session must agree on: a change of one side alone loses the neighbour, be it a while later. */
export function isAgreement(kind: string, name: string): boolean {
  return kind === 'ospf' ? adjacencyAgreements.has(generalName(name)) : kind === 'bgp' && sessionAgreements.has(name);
}

/** The name without what it is about: `area 0 interface "eth0" cost` is "interface cost". Lists in an area stand for themselves. */
function generalName(name: string): string {
  return name
    .replace(/^area \S+/, 'area')
    .replace(/^(?:area )?(interface|virtual link) -?[^\s,]+(?:, -?[^\s,]+)*(?: instance \S+)?/, '$1')
    .replace(/^(?:area )?(stubnet|networks|external|neighbor)\b.*/, '$1');
}

function effects(lists: Readonly<Partial<Record<Effect, string>>>): ReadonlyMap<string, Effect> {
  const entries: Array<[string, Effect]> = [];
  for (const effect of ['restart', 'import', 'export', 'none'] as const) {
    for (const name of (lists[effect] ?? '').split(',')) entries.push([name.trim(), effect]);
  }
  return new Map(entries.filter(([name]) => name !== ''));
}

const everywhere = effects({restart: 'vrf, router id', none: 'description, disabled, debug, mrtdump'});

const channels = effects({
  import: 'import, preference',
  export: 'export',
  restart: 'table',
  none: 'mandatory, import limit, receive limit, export limit, import keep filtered, rpki reload, debug',
});

const bgpChannels = effects({
  import: 'cost',
  export: 'next hop self, next hop keep, next hop address, aigp',
  restart: `gateway, next hop prefer, next hop prefer global, next hop prefer local, missing lladdr, add paths, secondary, validate, igp table, base table,
    import table, export table, extended next hop, graceful restart, long lived graceful restart, long lived stale time`,
});

const protocols: Readonly<Record<string, ReadonlyMap<string, Effect>>> = {
  bgp: effects({
    restart: `local, local as, local port, local role, neighbor, neighbor as, neighbor port, neighbor range, interface, direct, multihop, source address,
      dynamic name, dynamic name digits, strict bind, free bind, check link, ttl security, password, setkey, passive, confederation,
      confederation member, rr client, rr cluster id, rs client, allow bgp_local_pref, allow bgp_med, allow local as, allow as sets, enforce first as,
      enable route refresh, graceful restart, graceful restart time, long lived graceful restart, long lived stale time, interpret communities,
      enable as4, enable extended messages, capabilities, advertise hostname, disable after error, disable after cease, hold time, min hold time,
      startup hold time, keepalive time, min keepalive time, connect delay time, connect retry time, error wait time, error forget time, path metric,
      med metric, deterministic med, igp metric, prefer older, default bgp_med, default bgp_local_pref, require roles`,
    none: 'bfd, bfd interval, bfd min rx interval, bfd min tx interval, bfd idle tx interval, bfd multiplier, bfd passive',
  }),
  static: effects({restart: 'igp table', none: 'check link'}),
  kernel: effects({restart: 'scan time, learn, metric, merge paths, kernel table', none: 'persist, graceful restart'}),
  device: effects({none: 'scan time'}),
  direct: effects({restart: 'interface, check link'}),
  pipe: effects({restart: 'peer table'}),
  bfd: effects({
    none: `interface, interface interval, interface min rx interval, interface min tx interval, interface idle tx interval, interface multiplier,
      interface passive, multihop, multihop interval, multihop min rx interval, multihop min tx interval, multihop idle tx interval,
      multihop multiplier, multihop passive, neighbor`,
    restart: 'accept',
  }),
  ospf: effects({
    restart: `rfc1583compat, instance id, area, area stub, area nssa, interface, virtual link, interface type, interface ttl security, interface tx priority,
      interface tx class, interface tx dscp, interface real broadcast, interface stub, interface hello, interface dead, interface dead count,
      interface authentication, interface password`,
    none: `stub router, tick, ecmp, merge external, graceful restart, graceful restart time, area summary, area default cost, stubnet, networks, external,
      interface cost, interface retransmit, interface transmit delay, interface priority, interface wait, interface poll, interface check link,
      interface bfd, interface ecmp weight, interface tx length, interface rx buffer, interface ptp netmask, interface ptp address`,
  }),
};

const sessionAgreements = new Set(['password', 'local as', 'neighbor as']);
const adjacencyAgreements = new Set([
  'interface hello',
  'interface dead',
  'interface dead count',
  'interface authentication',
  'interface password',
]);
