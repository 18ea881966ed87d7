import {contains, isAddress, type Prefix, parsePrefix} from '../core/prefix.ts';
import type {LabParts} from './parts.ts';
import type {LabNode, LabPlan} from './plan-types.ts';
import {pidOf} from './processes.ts';
import {routesOf} from './routes.ts';
import {type Session, sessionsOf} from './sessions.ts';

export interface NodeStatus {
  readonly node: string;
  readonly role: string;
  readonly rack: string;
  readonly processes: readonly {readonly what: string; readonly isAlive: boolean}[];
  readonly sessions: readonly Session[];
  /** Kernel routes inside the lab's Romana networks, as "prefix via gateway". */
  readonly routes: readonly string[];
}

/** How every node of a running lab does, asked from its kernel and its daemons. */
export function labStatus(parts: LabParts, plan: LabPlan): Promise<NodeStatus[]> {
  return Promise.all(plan.nodes.map(node => nodeStatus(parts, plan, node)));
}

/** Kernel routes of a node inside the lab's networks, each with the way it goes. All tables count: a host's agent has one of its own. */
export async function romanaRoutes({run}: Pick<LabParts, 'run'>, {file}: LabPlan, node: LabNode): Promise<string[]> {
  const networks = file.networks.map(({cidr}) => cidr);
  const routes = await routesOf(run, node, 'all');
  return routes
    .filter(({to}) => networks.some(network => isInside(network, to)))
    .map(
      ({to, type, via, devices}) =>
        `${to} ${type === 'unicast' ? ([via, devices].find(ways => ways.length > 0) ?? ['nexthop group']).join(', ') : type}`,
    )
    .toSorted();
}

async function nodeStatus(parts: LabParts, plan: LabPlan, node: LabNode): Promise<NodeStatus> {
  const [pids, sessions, routes] = await Promise.all([
    Promise.all(node.processes.map(({what}) => pidOf(parts, node, what))),
    sessionsOf(parts.run, node),
    romanaRoutes(parts, plan, node),
  ]);
  const processes = node.processes.map(({what}, index) => ({what, isAlive: pids[index] !== undefined}));
  return {node: node.name, role: node.role, rack: node.rack ?? '', processes, sessions, routes};
}

function isInside(network: Prefix, to: string): boolean {
  return isAddress(to.split('/')[0] ?? '') && contains(network, parsePrefix(to));
}
