import type {BirdReply} from './control-socket.ts';

/** One line of `show protocols`. `state` is up, down, start …; `info` of a BGP session its state ("Established") and last error. */
export interface BirdProtocol {
  readonly name: string;
  readonly proto: string;
  readonly table: string;
  readonly state: string;
  readonly since: string;
  readonly info: string;
}

/** A protocol's name as commands want it: one with other characters than these is quoted. */
export function symbolOf({name}: Pick<BirdProtocol, 'name'>): string {
  return /^\w+$/.test(name) ? name : `'${name}'`;
}

/** What `show protocols all` says more. */
export interface ProtocolDetails {
  /** The address of a BGP neighbour, or the range of which BGP takes any. */
  readonly neighbour?: string;
  readonly neighbourAs?: number;
  readonly lastError?: string;
  readonly channels: readonly Channel[];
}

/** The routes that a protocol exchanges with one table. BIRD 1.6 has no channels, and the one that stands for them has the table's name. */
export interface Channel {
  readonly name: string;
  readonly state: string;
  readonly imported: number;
  readonly exported: number;
  readonly filtered: number;
}

/** Parses the answer to `show protocols`; the time may be of one word or, with ISO time formats, of two. */
export function parseProtocols({lines}: BirdReply): BirdProtocol[] {
  return lines.flatMap(line => {
    const groups = pattern.exec(line)?.groups;
    if (groups === undefined || groups['name']?.toLowerCase() === 'name') return [];
    const {name = '', proto = '', table = '', state = '', since = '', info = ''} = groups;
    return [{name, proto, table, state, since, info: info.trim().replaceAll(/\s+/g, ' ')}];
  });
}

const pattern = /^(?<name>\S+) +(?<proto>\S+) +(?<table>\S+) +(?<state>\S+) +(?<since>\d{4}-\d\d-\d\d +\d\d:\d\d\S*|\S+)(?<info>.*)$/;

/** Parses the answer to `show protocols all` of BIRD 2.0 or 1.6. */
export function parseProtocolsAll({lines, code}: BirdReply): (BirdProtocol & ProtocolDetails)[] {
  const starts = lines.flatMap((line, index) => (/^\S/.test(line) ? [index] : []));
  return starts.flatMap((start, index) => {
    const [head = '', ...details] = lines.slice(start, starts[index + 1]);
    return parseProtocols({code, lines: [head]}).map(protocol => ({...protocol, ...detailsOf(protocol, details)}));
  });
}

function detailsOf({table, state}: BirdProtocol, lines: readonly string[]): ProtocolDetails {
  const firstChannel = lines.findIndex(line => channelPattern.test(line));
  const own = valuesOf(firstChannel === -1 ? lines : lines.slice(0, firstChannel));
  const neighbour = own.get('Neighbor address') ?? own.get('Neighbor range');
  const neighbourAs = Number(own.get('Neighbor AS'));
  const lastError = own.get('Last error');
  return {
    ...(neighbour !== undefined && {neighbour}),
    ...(neighbourAs > 0 && {neighbourAs}),
    ...(lastError !== undefined && {lastError}),
    channels: own.has('Routes') ? [channelOf(table, own, state)] : channelsOf(lines),
  };
}

const channelPattern = /^ +Channel (?<name>\S+)/;

function channelsOf(lines: readonly string[]): Channel[] {
  const starts = lines.flatMap((line, index) => (channelPattern.test(line) ? [index] : []));
  return starts.map((start, index) => {
    const values = valuesOf(lines.slice(start, starts[index + 1]));
    return channelOf(channelPattern.exec(lines[start] ?? '')?.groups?.['name'] ?? '', values, values.get('State') ?? 'down');
  });
}

/** "1 imported, 1 filtered, 2 exported, 1 preferred"; a channel that is down has no routes at all. */
function channelOf(name: string, values: ReadonlyMap<string, string>, state: string): Channel {
  const counts = new Map((values.get('Routes') ?? '').split(', ').map(part => part.split(' ').reverse() as [string, string]));
  const count = (what: string) => Number(counts.get(what) ?? 0);
  return {
    name,
    state: state.toLowerCase(),
    imported: count('imported'),
    exported: count('exported'),
    filtered: count('filtered'),
  };
}

/** The first of each "Name:   value". */
function valuesOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^ +([^:]+): +(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined && !values.has(name)) values.set(name, value);
  }
  return values;
}
