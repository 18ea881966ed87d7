import type {BirdConfig, ProtocolConfig, StaticRoute} from '../bird-config/model.ts';
import {type Family, familyOf, type Prefix} from '../prefix.ts';
import {createJudge, type Judge} from './filter-verdict.ts';

/** What a configuration may announce to its neighbours. "May": where an export filter cannot be judged, it is taken to let everything through. */
export interface AnnouncedRoutes {
  /** The protocols that hold sessions with neighbours and are not disabled. */
  readonly neighbours: readonly ProtocolConfig[];
  /** The enabled static protocols. */
  readonly statics: readonly ProtocolConfig[];
  /** Whether any neighbour may hear of a route of that static protocol. */
  mayAnnounce(protocol: ProtocolConfig, prefix: Prefix): boolean;
  /** The same, with what filters say of the prefix itself. Slower: not for every route. */
  mayAnnounceExactly(protocol: ProtocolConfig, prefix: Prefix): boolean;
  /** Every static route that may be announced, in the order of the files. */
  routes(): StaticRoute[];
}

const neighbourKinds = new Set(['bgp', 'ospf', 'rip', 'babel']);

export function isNeighbourKind({kind}: ProtocolConfig): boolean {
  return neighbourKinds.has(kind);
}

export function announcedRoutes(config: BirdConfig): AnnouncedRoutes {
  const enabled = [...config.protocols.values()].filter(({isDisabled}) => !isDisabled);
  const neighbours = enabled.filter(isNeighbourKind);
  const statics = enabled.filter(({kind}) => kind === 'static');
  // A pipe carries routes from table to table: then it does not matter which one a protocol is tied to.
  const hasPipes = enabled.some(({kind}) => kind === 'pipe');
  const exits = neighbours.flatMap(protocol => channelEnds(protocol, 'export', 'none', config));
  const known = {ipv4: new Map<ProtocolConfig, boolean>(), ipv6: new Map<ProtocolConfig, boolean>()};

  function judge(protocol: ProtocolConfig, prefix: Prefix, net?: Prefix): boolean {
    const family = familyOf(prefix);
    const facts = {proto: protocol.name, source: 'RTS_STATIC', ...(net && {net})};
    return channelEnds(protocol, 'import', 'all', config).some(
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
    const results = known[familyOf(prefix)];
    const before = results.get(protocol);
    if (before !== undefined) return before;
    const result = judge(protocol, prefix);
    results.set(protocol, result);
    return result;
  }

  return {
    neighbours,
    statics,
    mayAnnounce,
    mayAnnounceExactly: (protocol, prefix) => judge(protocol, prefix, prefix),
    routes: () => statics.flatMap(protocol => protocol.routes.filter(({prefix}) => mayAnnounce(protocol, prefix))),
  };
}

/** One direction of a protocol's channel. */
interface ChannelEnd {
  readonly families: readonly Family[];
  readonly table: string | undefined;
  readonly judge: Judge;
}

/** Without a channel that is written out, a static protocol of BIRD 1.6 still has one. */
function channelEnds(protocol: ProtocolConfig, direction: 'import' | 'export', byDefault: string, config: BirdConfig): ChannelEnd[] {
  const channels = protocol.channels.size === 0 ? [['', new Map()] as const] : [...protocol.channels];
  return channels.map(([name, options]) => ({
    families: familiesOf(name),
    table: (options.get('table') ?? protocol.options.get('table'))?.text,
    judge: createJudge(options.get(direction)?.text ?? byDefault, config),
  }));
}

function familiesOf(channel: string): Family[] {
  if (channel === '') return ['ipv4', 'ipv6'];
  return (['ipv4', 'ipv6'] as const).filter(family => channel.startsWith(family));
}

function tableOf({table}: ChannelEnd, family: Family): string {
  return table ?? `master${family.slice(-1)}`;
}
