import type {BirdConfig, Option, ProtocolConfig, StaticRoute} from '../bird-config/model.ts';
import {type Family, familyOf, type Prefix, parsePrefix} from '../prefix.ts';
import {createJudge, type Judge} from './filter-verdict.ts';

/** What a configuration may announce to its neighbours. "May": where an export filter cannot be judged, it is taken to let everything through. */
export interface AnnouncedRoutes {
  /** The protocols that hold sessions with neighbours and are not disabled. */
  readonly neighbours: readonly ProtocolConfig[];
  /** The enabled static protocols. */
  readonly statics: readonly ProtocolConfig[];
  /** The channels through which neighbours hear of routes. */
  readonly exits: readonly ChannelEnd[];
  /** Whether any neighbour may hear of a route of that protocol, with that prefix's family. */
  mayAnnounce(protocol: ProtocolConfig, prefix: Prefix): boolean;
  /** The same, with what filters say of the prefix itself. Slower: not for every route. */
  mayAnnounceExactly(protocol: ProtocolConfig, prefix: Prefix): boolean;
  /** Every static route that may be announced, in the order of the files. */
  routes(): readonly StaticRoute[];
  /** Their prefixes. */
  prefixes(): readonly Prefix[];
}

const neighbourKinds = new Set(['bgp', 'ospf', 'rip', 'babel']);

export function isNeighbourKind({kind}: ProtocolConfig): boolean {
  return neighbourKinds.has(kind);
}

/** Works out what a configuration may announce; once for each, since the one that is new now is soon the one before. */
export function announcedRoutes(config: BirdConfig): AnnouncedRoutes {
  const routes = known.get(config) ?? findAnnounced(config);
  known.set(config, routes);
  return routes;
}

const known = new WeakMap<BirdConfig, AnnouncedRoutes>();

function findAnnounced(config: BirdConfig): AnnouncedRoutes {
  const enabled = [...config.protocols.values()].filter(({isDisabled}) => !isDisabled);
  const neighbours = enabled.filter(isNeighbourKind);
  const statics = enabled.filter(({kind}) => kind === 'static');
  // A pipe carries routes from table to table: then it does not matter which one a protocol is tied to.
  const hasPipes = enabled.some(({kind}) => kind === 'pipe');
  const exits = neighbours.flatMap(protocol => channelEnds(protocol, 'export', config));
  const verdicts = {ipv4: new Map<ProtocolConfig, boolean>(), ipv6: new Map<ProtocolConfig, boolean>()};

  function judge(protocol: ProtocolConfig, prefix: Prefix, net?: Prefix): boolean {
    const family = familyOf(prefix);
    const source = sources.get(protocol.kind);
    const facts = {proto: protocol.name, ...(source && {source}), ...(net && {net})};
    return channelEnds(protocol, 'import', config).some(
      entry =>
        entry.families.includes(family) &&
        entry.judge(facts).mayAccept &&
        exits.some(
          exit =>
            exit.families.includes(family) && (hasPipes || tableOf(exit, family) === tableOf(entry, family)) && exit.judge(facts).mayAccept,
        ),
    );
  }

  function mayAnnounce(protocol: ProtocolConfig, prefix: Prefix): boolean {
    const results = verdicts[familyOf(prefix)];
    const before = results.get(protocol);
    if (before !== undefined) return before;
    const result = judge(protocol, prefix);
    results.set(protocol, result);
    return result;
  }

  // A host may have tens of thousands: what holds for both families needs no look at each.
  function announcedOf(protocol: ProtocolConfig): readonly StaticRoute[] {
    const heard = families.filter(family => mayAnnounce(protocol, anyOf[family]));
    if (heard.length === 0) return [];
    const isHeard = ({prefix}: StaticRoute) => heard.includes(familyOf(prefix));
    return heard.length === families.length || protocol.routes.every(isHeard) ? protocol.routes : protocol.routes.filter(isHeard);
  }

  let routes: readonly StaticRoute[] | undefined;
  let prefixes: readonly Prefix[] | undefined;
  const readRoutes = () => (routes ??= statics.flatMap(announcedOf));
  return {
    neighbours,
    statics,
    exits,
    mayAnnounce,
    mayAnnounceExactly: (protocol, prefix) => judge(protocol, prefix, prefix),
    routes: readRoutes,
    prefixes: () => (prefixes ??= readRoutes().map(({prefix}) => prefix)),
  };
}

/** One direction of a protocol's channel. */
export interface ChannelEnd extends Option {
  readonly protocol: ProtocolConfig;
  /** What the channel carries; '' where it has no name. */
  readonly channel: string;
  readonly families: readonly Family[];
  readonly table: string | undefined;
  /** The protocol says nothing about this direction. */
  readonly isImplied: boolean;
  readonly judge: Judge;
}

/** How filters call where a route comes from, by the kind of its protocol. */
const sources: ReadonlyMap<string, string> = new Map([
  ['static', 'RTS_STATIC'],
  ['direct', 'RTS_DEVICE'],
  ['kernel', 'RTS_INHERIT'],
]);

/**
 * One direction of every channel. Without a word about it, BIRD imports all and exports nothing. (Newer versions of BIRD 2 refuse an external BGP
 * session that says nothing.)
 */
export function channelEnds(protocol: ProtocolConfig, direction: 'import' | 'export', config: BirdConfig): ChannelEnd[] {
  return channelsOf(protocol, config).map(([name, options]) => {
    const option = options.get(direction);
    const {text, file, line} = option ?? {...protocol, text: direction === 'import' ? 'all' : 'none'};
    const table = (options.get('table') ?? protocol.options.get('table'))?.text;
    const judge = createJudge(text, config);
    return {protocol, channel: name, families: familiesOf(name, protocol), table, isImplied: option === undefined, text, file, line, judge};
  });
}

/** A protocol that names no channel still has one; but a BGP session has none in BIRD 2. */
function channelsOf({kind, channels}: ProtocolConfig, {protocols}: BirdConfig): Array<readonly [string, Channel]> {
  if (channels.size > 0) return [...channels];
  const isBird2 = [...protocols.values()].some(other => [...other.channels.keys()].some(name => name !== ''));
  return kind === 'bgp' && isBird2 ? [] : [['', new Map()]];
}

type Channel = ReadonlyMap<string, Option>;

function familiesOf(channel: string, {variant}: ProtocolConfig): Family[] {
  if (channel !== '') return families.filter(family => channel.startsWith(family));
  if (variant === '') return [...families];
  return variant === 'v2' ? ['ipv4'] : ['ipv6'];
}

const families = ['ipv4', 'ipv6'] as const;

const anyOf: Readonly<Record<Family, Prefix>> = {ipv4: parsePrefix('0.0.0.0/0'), ipv6: parsePrefix('::/0')};

function tableOf({table}: ChannelEnd, family: Family): string {
  return table ?? `master${family.slice(-1)}`;
}
