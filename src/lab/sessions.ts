import {z} from 'zod';
import type {Run} from '../system/run.ts';
import type {LabNode} from './plan-types.ts';

/** A routing session: BGP with one neighbour, or OSPF's adjacency with one. */
export interface Session {
  readonly protocol: 'bgp' | 'ospf';
  /** How the daemon calls the neighbour: BIRD's protocol name, FRR's neighbour address, OSPF's router id. */
  readonly name: string;
  readonly state: string;
  readonly isUp: boolean;
}

/** The sessions of a node, as its routing daemon tells them; none when the daemon does not answer. */
export async function sessionsOf(run: Run, node: LabNode): Promise<Session[]> {
  const inside = (command: string, ...args: string[]) => run('ip', ['netns', 'exec', node.namespace, command, ...args]).catch(() => '');
  if (node.processes.some(({what}) => what === 'bird')) {
    const ask = (...words: string[]) => inside('birdc', '-s', `${node.folder}/bird.ctl`, ...words);
    const protocols = await ask('show', 'protocols');
    const neighbors = await Promise.all(birdOspfNames(protocols).map(name => ask('show', 'ospf', 'neighbors', name)));
    return [...parseBirdProtocols(protocols), ...neighbors.flatMap(parseBirdNeighbors)];
  }
  if (!node.processes.some(({what}) => what === 'zebra')) return [];
  const ask = (command: string) => inside('env', 'VTYSH_HISTFILE=/dev/null', 'vtysh', '--vty_socket', node.folder, '-c', command);
  const hasOspf = node.processes.some(({what}) => what === 'ospfd');
  const [summary, neighbors] = await Promise.all([ask('show bgp summary json'), hasOspf ? ask('show ip ospf neighbor json') : '']);
  return [...parseFrrSummary(summary), ...parseFrrNeighbors(neighbors)];
}

/** Parses `show protocols` of birdc: the BGP lines "name BGP --- up since Established". */
export function parseBirdProtocols(output: string): Session[] {
  return [...output.matchAll(/^(\S+)\s+BGP\s+\S+\s+(\S+)\s+\S+\s*(.*)$/gm)].map(([, name = '', state = '', info = '']) => ({
    protocol: 'bgp',
    name,
    state: info.trim() || state,
    isUp: info.startsWith('Established'),
  }));
}

function birdOspfNames(protocols: string): string[] {
  return [...protocols.matchAll(/^(\S+)\s+OSPF\s/gm)].map(([, name = '']) => name);
}

/** Parses `show ospf neighbors` of birdc: lines "router-id priority state/role time interface address". Two-way is all that two hosts of a segment have. */
export function parseBirdNeighbors(output: string): Session[] {
  return [...output.matchAll(/^(\d+\.\d+\.\d+\.\d+)\s+\d+\s+([\w-]+)\/\S+\s/gm)].map(([, name = '', state = '']) => ({
    protocol: 'ospf',
    name,
    state,
    isUp: state === 'Full' || state === '2-Way',
  }));
}

/** Parses `show bgp summary json` of FRR, which lists a neighbour once for each family that its session carries. */
export function parseFrrSummary(output: string): Session[] {
  const families = Object.values(FrrSummary.parse(jsonOf(output)));
  const states = new Map(families.flatMap(({peers}) => Object.entries(peers).map(([name, {state}]) => [name, state])));
  return [...states].map(([name, state]) => ({protocol: 'bgp', name, state, isUp: state === 'Established'}));
}

/** Parses `show ip ospf neighbor json` of FRR. */
export function parseFrrNeighbors(output: string): Session[] {
  return Object.entries(FrrNeighbors.parse(jsonOf(output)).neighbors).flatMap(([name, adjacencies]) =>
    adjacencies.map(({nbrState, state = nbrState ?? ''}) => ({
      protocol: 'ospf' as const,
      name,
      state,
      isUp: /^(Full|2-Way|TwoWay)/.test(state),
    })),
  );
}

const FrrSummary = z.record(z.string(), z.object({peers: z.record(z.string(), z.object({state: z.string()})).default({})}));
const FrrNeighbors = z.object({
  neighbors: z.record(z.string(), z.array(z.object({state: z.string().optional(), nbrState: z.string().optional()}))).default({}),
});

function jsonOf(output: string): unknown {
  return JSON.parse(output.trim() || '{}');
}
