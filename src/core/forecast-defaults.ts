import type {ProtocolConfig} from './bird-config/model.ts';

/** What an option comes to: what is said, or what BIRD 2.0.12 takes when nothing is; undefined when that is not known. Switches are "on" or "off". */
export function effectiveValue(protocol: ProtocolConfig, name: string, {text, isChannel}: {text: string | undefined; isChannel: boolean}) {
  if (protocol.kind === 'bgp' && !isChannel && (name === 'direct' || name === 'multihop')) return hops(protocol);
  if (text !== undefined) return switchValue(text);
  if (protocol.kind !== 'bgp') return undefined;
  if (isChannel && /^(?:long lived )?graceful restart$/.test(name))
    return switchValue(protocol.options.get(name)?.text) === 'on' ? 'on' : 'off';
  if (!isChannel && name === 'check link') return hops(protocol) === 'direct' ? 'on' : 'off';
  return (isChannel ? channelDefaults : bgpDefaults).get(name);
}

function switchValue(text: string | undefined): string | undefined {
  if (text !== undefined && ['', 'on', 'yes', 'true'].includes(text)) return 'on';
  return text !== undefined && ['off', 'no', 'false'].includes(text) ? 'off' : text;
}

/** How far the neighbour may be: on a link, or some hops away, which internal sessions are by default. */
function hops({options}: ProtocolConfig): string {
  const multihop = options.get('multihop')?.text;
  if (multihop !== undefined) return multihop || maxHops;
  const remote = options.get('neighbor as')?.text;
  const isInternal = remote === 'internal' || (remote !== undefined && remote === options.get('local as')?.text);
  return isInternal && !options.has('direct') ? maxHops : 'direct';
}

const maxHops = '64';

const switches = (names: string, value: string) => names.split(',').map(name => [name.trim(), value] as const);

const bgpDefaults: ReadonlyMap<string, string> = new Map([
  ...switches('path metric, igp metric, interpret communities, enable as4, enable route refresh, setkey, allow as sets', 'on'),
  ...switches(
    `med metric, prefer older, deterministic med, passive, ttl security, strict bind, free bind, rs client, rr client, disable after error,
    advertise hostname, enable extended messages, enforce first as, allow bgp_local_pref, bfd, disabled`,
    'off',
  ),
  ...switches('graceful restart, long lived graceful restart', 'aware'),
  ['hold time', '240'],
  ['startup hold time', '240'],
  ['min hold time', '0'],
  ['connect retry time', '120'],
  ['connect delay time', '5'],
  ['error wait time', '60, 300'],
  ['error forget time', '300'],
  ['graceful restart time', '120'],
  ['long lived stale time', '3600'],
  ['default bgp_med', '0'],
  ['default bgp_local_pref', '100'],
  ['local port', '179'],
  ['neighbor port', '179'],
]);

const channelDefaults: ReadonlyMap<string, string> = new Map([
  ...switches(
    `add paths, import table, export table, extended next hop, next hop self, next hop keep, aigp, mandatory, secondary, import keep filtered,
    import limit, export limit, receive limit`,
    'off',
  ),
  ['next hop prefer global', 'on'],
  ['gateway', 'direct'],
  ['preference', '100'],
]);
