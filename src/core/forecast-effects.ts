/** What a changed option does: `import` and `export` pass routes through a channel again. */
export type Effect = 'restart' | 'import' | 'export' | 'none';

/** The effect of a protocol's option; undefined when it is not known. */
export function effectOfOption(kind: string, name: string): Effect | undefined {
  const own = protocols[kind];
  return everywhere.get(name) ?? own?.get(name) ?? own?.get(lastWords(name));
}

/** The effect of an option of a channel; undefined when it is not known. */
export function effectOfChannelOption(kind: string, name: string): Effect | undefined {
  return channels.get(name) ?? (kind === 'bgp' ? bgpChannels.get(name) : undefined);
}

/** The option of a block: what stands after the block's own name. */
function lastWords(name: string): string {
  return name.replace(/^(?:area \S+ )?(?:(?:interface|virtual link|neighbor|stubnet) (?:[^ ]*, )*\S+(?: instance \S+)? ?)?/, '… ').trim();
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
};
