import {type BirdControl, BirdNotRunningError} from './control-socket.ts';
import {type BfdSession, type OspfNeighbour, parseBfdSessions, parseOspfNeighbours} from './neighbours.ts';
import {type BirdProtocol, type ProtocolDetails, parseProtocolsAll, symbolOf} from './protocols.ts';

/** A protocol of BIRD that speaks to neighbours. Fields that BIRD does not give, or that its kind lacks, are left out. */
export interface Session extends BirdProtocol, ProtocolDetails {
  /** It has a neighbour to exchange routes with, as far as BIRD tells: an OSPF without any runs, and is not up. */
  readonly isUp: boolean;
  /** What BFD says of the neighbour of a BGP session. */
  readonly bfd?: BfdSession;
  /** The neighbours of an OSPF. */
  readonly neighbours?: readonly OspfNeighbour[];
  /** All sessions of a BFD. */
  readonly bfdSessions?: readonly BfdSession[];
}

const kinds = new Set(['BGP', 'OSPF', 'RIP', 'Babel', 'BFD']);

/**
 * Asks BIRD (2.0 or 1.6) for its sessions. Undefined where BIRD does not run; rejects with BirdControlError where it does not answer.
 * Neighbours of OSPF and BFD are only asked for where there is such a protocol.
 */
export async function readSessions(control: BirdControl): Promise<readonly Session[] | undefined> {
  try {
    const protocols = parseProtocolsAll(await control.command('show protocols all')).filter(({proto}) => kinds.has(proto));
    const [bfd, ...ospf] = await Promise.all([
      protocols.some(({proto}) => proto === 'BFD') ? readBfd(control) : [],
      ...protocols.filter(({proto}) => proto === 'OSPF').map(protocol => readOspf(control, protocol)),
    ]);
    const neighbours = new Map(ospf);
    return protocols.map(protocol => sessionOf(protocol, bfd, neighbours.get(protocol.name)));
  } catch (error) {
    if (error instanceof BirdNotRunningError) return undefined;
    throw error;
  }
}

/** An error code (the protocol is down, or has gone since) leaves an answer without a single line of the table. */
async function readBfd(control: BirdControl): Promise<BfdSession[]> {
  return parseBfdSessions(await control.command('show bfd sessions'));
}

async function readOspf(control: BirdControl, protocol: BirdProtocol): Promise<readonly [string, OspfNeighbour[]]> {
  return [protocol.name, parseOspfNeighbours(await control.command(`show ospf neighbors ${symbolOf(protocol)}`))];
}

function sessionOf(
  protocol: BirdProtocol & ProtocolDetails,
  bfdSessions: readonly BfdSession[],
  neighbours: readonly OspfNeighbour[] | undefined,
): Session {
  const {proto, state, name, neighbour} = protocol;
  const isRunning = state === 'up';
  if (proto === 'OSPF') return {...protocol, isUp: isRunning && neighbours?.some(isAdjacent) === true, ...(neighbours && {neighbours})};
  if (proto === 'BFD') return {...protocol, isUp: isRunning, bfdSessions: bfdSessions.filter(session => session.protocol === name)};
  const bfd = neighbour === undefined ? undefined : bfdSessions.find(session => isOf(session, neighbour));
  return {...protocol, isUp: isRunning, ...(bfd && {bfd})};
}

/** Between two routers that are neither designated nor its backup, the exchange ends at 2-Way, and they are neighbours all the same. */
function isAdjacent({state}: OspfNeighbour): boolean {
  return /^(full|2-?way)\b/i.test(state);
}

/** A link-local neighbour is written "fe80::1%eth0". */
function isOf({address, dev}: BfdSession, neighbour: string): boolean {
  const [wanted, wantedDev] = neighbour.split('%');
  return address === wanted && (wantedDev === undefined || wantedDev === dev);
}
