import type {BirdConfig, ProtocolConfig} from '../../core/bird-config/model.ts';
import {type Address, isAddress, parseAddress} from '../../core/prefix.ts';
import type {GuardFinding} from '../../core/publish-guards.ts';
import type {BirdReply} from './control-socket.ts';
import {type BirdProtocol, parseProtocolsAll} from './protocols.ts';

/** How a protocol does, by its name. */
export type ProtocolStates = ReadonlyMap<string, ProtocolState>;

export interface ProtocolState extends BirdProtocol {
  readonly isUp: boolean;
  /** Of a BGP session. */
  readonly neighbour: string | undefined;
  readonly neighbourAs: number | undefined;
  /** Routes given to it, by channel. */
  readonly exported: ReadonlyMap<string, number>;
}

/** What must be there again before a new configuration is confirmed. */
export interface Baseline {
  /** Protocols that were up. */
  readonly before: readonly string[];
  /** Protocols that were up and shall be there still, under their names of today. */
  readonly up: readonly string[];
  /** Of those, how many routes each must be given at least, by channel. */
  readonly exported: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** Parses the answer to `show protocols all`. */
export function parseProtocolStates(reply: BirdReply): ProtocolStates {
  return new Map(
    parseProtocolsAll(reply).map(({name, proto, table, state, since, info, neighbour, neighbourAs, channels}) => [
      name,
      {
        name,
        proto,
        table,
        state,
        since,
        info,
        isUp: isUp({proto, state, info}),
        neighbour,
        neighbourAs,
        exported: new Map(channels.map(channel => [channel.name, channel.exported])),
      },
    ]),
  );
}

/** OSPF is up, and alone, when nobody answers. */
function isUp({proto, state, info}: Pick<BirdProtocol, 'proto' | 'state' | 'info'>): boolean {
  return state === 'up' && !(proto.startsWith('OSPF') && info.startsWith('Alone'));
}

/** Protocols that speak to neighbours. */
export function isSession({proto}: Pick<BirdProtocol, 'proto'>): boolean {
  return /^(BGP|OSPF|RIP|Babel)/.test(proto);
}

/** The sessions that are up, by name. */
export function upSessions(states: ProtocolStates): string[] {
  return [...states.values()].filter(state => state.isUp && isSession(state)).map(({name}) => name);
}

/**
 * What was up before a change and is to be up after it. A session that is gone by its name goes on under another one when a new protocol has the same
 * neighbour; otherwise it was meant to go. `leastOf` says of a channel that was given so many
 * routes how many it must be given again.
 */
export function baselineOf(
  states: ProtocolStates,
  before: BirdConfig | undefined,
  after: BirdConfig,
  leastOf: (exported: number, channel: string) => number,
): Baseline {
  const up: string[] = [];
  const wereUp = [...states.values()].filter(state => state.isUp);
  const exported = new Map<string, ReadonlyMap<string, number>>();
  for (const state of wereUp) {
    const name = nameOfToday(state.name, before, after);
    if (name === undefined) continue;
    up.push(name);
    if (isSession(state)) exported.set(name, new Map([...state.exported].map(([channel, count]) => [channel, leastOf(count, channel)])));
  }
  return {before: wereUp.map(({name}) => name), up, exported};
}

function nameOfToday(name: string, before: BirdConfig | undefined, after: BirdConfig): string | undefined {
  const same = after.protocols.get(name);
  if (same !== undefined) return same.isDisabled ? undefined : name;
  const old = before?.protocols.get(name);
  const neighbour = old && neighbourOf(old);
  if (neighbour === undefined) return undefined;
  const heirs = [...after.protocols.values()].filter(heir => !heir.isDisabled && neighbourOf(heir) === neighbour);
  return heirs.find(heir => before?.protocols.get(heir.name) === undefined)?.name;
}

/**
 * What need not be tried: a session that is up tells its neighbour's AS, and another one can only end in "Bad peer AS". After that a neighbour with the
 * usual timers does not talk to this host for a minute, whatever it is given then.
 */
export function otherNeighbourAs(states: ProtocolStates, before: BirdConfig | undefined, after: BirdConfig): GuardFinding | undefined {
  for (const {name, isUp, neighbour = '', neighbourAs} of states.values()) {
    const heir = after.protocols.get(nameOfToday(name, before, after) ?? '');
    const option = heir?.options.get('neighbor as');
    const wanted = Number(option?.text);
    if (heir === undefined || option === undefined || !isUp || neighbourAs === undefined || !(wanted > 0) || wanted === neighbourAs)
      continue;
    if (neighbourOf(heir) !== neighbour.split('%')[0]) continue;
    const reason =
      `${heir.name} is up with AS ${neighbourAs} at ${neighbour}, which would answer AS ${wanted} with "Bad peer AS" and not talk to this host for a while; ` +
      'set publish.confirm.timeoutSeconds to 0 to load it all the same';
    return {guard: 'neighbour-as', level: 'refuse', reason, file: option.file, line: option.line};
  }
  return undefined;
}

/** The address of a protocol's neighbour, without its interface; undefined for a range of neighbours, or none. */
export function neighbourOf({options}: ProtocolConfig): Address | undefined {
  const text = options.get('neighbor')?.text.split(/[ %]/)[0] ?? '';
  return isAddress(text) ? parseAddress(text) : undefined;
}

/** The protocols that are to talk to a neighbour, by name. */
export function sessionsWith(config: BirdConfig | undefined, neighbour: Address): string[] {
  const protocols = [...(config?.protocols.values() ?? [])];
  return protocols.filter(protocol => !protocol.isDisabled && neighbourOf(protocol) === neighbour).map(({name}) => name);
}

/** What is not there again yet, in words; empty when all is. */
export function missingFrom({up, exported}: Baseline, states: ProtocolStates): string[] {
  return up.flatMap(name => {
    const state = states.get(name);
    if (state === undefined) return [`${name} is gone`];
    if (!state.isUp) return [`${name} is ${[state.state, state.info].filter(Boolean).join(', ')}`];
    return [...(exported.get(name) ?? [])].flatMap(([channel, least]) => {
      // A channel that BIRD does not name at all was meant to go.
      const given = state.exported.get(channel) ?? least;
      const over = state.exported.size > 1 ? ` over ${channel}` : '';
      return given < least ? [`${name} is given ${given} prefixes${over}, at least ${least} were expected`] : [];
    });
  });
}

/** Errors by which a neighbour, or we, refuse the very session; waiting does not help (RFC 4271, section 6.2). */
const hopeless = /(?:BGP Error|Received): (?:Bad peer AS|Bad BGP identifier|Unsupported|Authentication failure|Unacceptable hold time)/;

/** What will not come back by itself, in words. */
export function hopelessIn({up}: Baseline, states: ProtocolStates): string | undefined {
  for (const name of up) {
    const state = states.get(name);
    if (state !== undefined && !state.isUp && hopeless.test(state.info)) return `${name} is ${state.state}, ${state.info}`;
  }
  return undefined;
}
