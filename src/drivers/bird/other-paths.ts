import type {Prefix} from '../../core/prefix.ts';
import {familyOf} from '../../core/prefix.ts';
import {isSession} from './baseline.ts';
import type {BirdControl} from './control-socket.ts';
import {type BirdProtocol, parseProtocols, symbolOf} from './protocols.ts';

/** What neighbours say of prefixes that this host announces. */
export interface OtherPaths {
  /** Those that some neighbour is given. */
  readonly announced: ReadonlySet<Prefix>;
  /** Of those, the ones that every neighbour to whom they are announced reaches by another path. */
  readonly withOtherPath: ReadonlySet<Prefix>;
}

/**
 * Asks BIRD (2.0 or 1.6) which of its prefixes the neighbours would reach without this host: a neighbour tells us of a prefix when its best path to it is another one.
 * Routes that our import refuses are seen only with "import keep filtered on"; paths that hold our own AS are never seen, BIRD drops them as loops. A path that is
 * being drained itself does not count. Rejects with BirdNotRunningError or BirdControlError.
 */
export async function readOtherPaths(control: BirdControl, prefixes: readonly Prefix[]): Promise<OtherPaths> {
  const wanted = new Map<string, Prefix>(prefixes.map(prefix => [prefix, prefix]));
  const nets = netConditions(prefixes);
  const announced = new Set<Prefix>();
  const missing = new Set<Prefix>();
  for (const session of await readUpSessions(control)) {
    const name = symbolOf(session);
    const ask = async (what: string, condition = '') => {
      const found: Prefix[] = [];
      for (const net of nets) {
        const where = [net, condition].filter(part => part !== '').join(' && ');
        const {lines} = await control.command(`show route ${what}${where === '' ? '' : ` where ${where}`}`);
        found.push(...prefixesIn(lines, wanted));
      }
      return found;
    };
    const given = await ask(`export ${name}`);
    if (given.length === 0) continue;
    const usable = usableCondition(session);
    const seen = new Set([...(await ask(`filtered protocol ${name}`, usable)), ...(await ask(`protocol ${name}`, usable))]);
    for (const prefix of given) {
      announced.add(prefix);
      if (!seen.has(prefix)) missing.add(prefix);
    }
  }
  return {announced, withOtherPath: new Set([...announced].filter(prefix => !missing.has(prefix)))};
}

/** Asks every BGP neighbour for its routes once more: those that BIRD has refused before it was to keep them are known only then. No session is restarted. */
export async function askNeighboursAgain(control: BirdControl): Promise<void> {
  const sessions = (await readUpSessions(control)).filter(({proto}) => proto === 'BGP');
  // One that cannot be asked (it lacks route refresh) says so in its answer, and tells us of changes only.
  for (const session of sessions) await control.command(`reload in ${symbolOf(session)}`);
}

async function readUpSessions(control: BirdControl): Promise<BirdProtocol[]> {
  return parseProtocols(await control.command('show protocols')).filter(protocol => isSession(protocol) && protocol.state === 'up');
}

/** BIRD drops a connection that sends it a longer line. */
const maxCommandLength = 1000;
const restLength = 200;

/** One condition for each family, or none where the prefixes are too many for a command; then all is read, and sorted out here. */
function netConditions(prefixes: readonly Prefix[]): string[] {
  const byFamily = [...Map.groupBy(prefixes, familyOf).values()].map(members => `net ~ [${members.join(', ')}]`);
  return byFamily.every(({length}) => length <= maxCommandLength - restLength) ? byFamily : [''];
}

/** A path that another drained host offers will go, too. */
function usableCondition({proto}: BirdProtocol): string {
  if (proto === 'BGP') return '!(bgp_community ~ [(65535, 0)])';
  return proto.startsWith('OSPF') ? '(source != RTS_OSPF_EXT2 || ospf_metric2 < 16777214)' : '';
}

/** A further route to the same prefix stands on a line without it. */
function prefixesIn(lines: readonly string[], wanted: ReadonlyMap<string, Prefix>): Prefix[] {
  return lines.flatMap(line => wanted.get(/^([0-9a-f:.]+\/\d+)(?= )/.exec(line)?.[1] ?? '') ?? []);
}
