import type {BirdReply} from './control-socket.ts';

/** A session of BFD; `state` is up, down, init …, `since` as BIRD writes it. */
export interface BfdSession {
  /** The BFD protocol that has it. */
  readonly protocol: string;
  readonly address: string;
  /** Undefined for a session over several hops. */
  readonly dev?: string;
  readonly state: string;
  readonly since: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
}

/** A neighbour of an OSPF; `state` as BIRD writes it: "Full/DR", "2-Way/Other". */
export interface OspfNeighbour {
  readonly routerId: string;
  readonly state: string;
  readonly dev: string;
  readonly address: string;
}

/** Parses the answer to `show bfd sessions`. */
export function parseBfdSessions({lines}: BirdReply): BfdSession[] {
  let protocol = '';
  return lines.flatMap(line => {
    protocol = /^(\S+):$/.exec(line)?.[1] ?? protocol;
    const groups = bfdPattern.exec(line.trim())?.groups;
    if (groups === undefined) return [];
    const {address = '', dev = '', state = '', since = '', interval, timeout} = groups;
    return [
      {
        protocol,
        address,
        ...(dev !== '---' && {dev}),
        state: state.toLowerCase(),
        since,
        intervalSeconds: Number(interval),
        timeoutSeconds: Number(timeout),
      },
    ];
  });
}

const bfdPattern =
  /^(?<address>[0-9a-fA-F.:]+) +(?<dev>\S+) +(?<state>\S+) +(?<since>\d{4}-\d\d-\d\d +\d\d:\d\d\S*|\S+) +(?<interval>[\d.]+) +(?<timeout>[\d.]+)$/;

/** Parses the answer to `show ospf neighbors NAME`. */
export function parseOspfNeighbours({lines}: BirdReply): OspfNeighbour[] {
  return lines.flatMap(line => {
    const groups = ospfPattern.exec(line.trim())?.groups;
    if (groups === undefined) return [];
    const {routerId = '', state = '', dev = '', address = ''} = groups;
    return [{routerId, state, dev, address}];
  });
}

const ospfPattern = /^(?<routerId>\d+\.\d+\.\d+\.\d+)\s+\d+\s+(?<state>\S+)\s+\S+\s+(?<dev>\S+)\s+(?<address>\S+)$/;
