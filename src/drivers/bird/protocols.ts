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

/** Parses the answer to `show protocols`; the time may be of one word or, with ISO time formats, of two. */
export function parseProtocols({lines}: BirdReply): BirdProtocol[] {
  return lines.flatMap(line => {
    const groups = pattern.exec(line)?.groups;
    if (groups === undefined || groups['name'] === 'Name') return [];
    const {name = '', proto = '', table = '', state = '', since = '', info = ''} = groups;
    return [{name, proto, table, state, since, info: info.trim()}];
  });
}

const pattern = /^(?<name>\S+) +(?<proto>\S+) +(?<table>\S+) +(?<state>\S+) +(?<since>\d{4}-\d\d-\d\d +\d\d:\d\d\S*|\S+)(?<info>.*)$/;
