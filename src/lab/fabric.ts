import {fabricPrefixes} from './addressing.ts';
import {type LabParts, until} from './parts.ts';
import type {LabNode, LabPlan} from './plan-types.ts';
import {startProcess} from './processes.ts';
import {routesOf} from './routes.ts';
import {type Session, sessionsOf} from './sessions.ts';
import {rackPrefixes} from './topology.ts';

/** Starts a node's routing daemons: the first alone, since FRR's others want zebra's socket, then the rest together. */
export async function startRouting(parts: LabParts, node: LabNode): Promise<void> {
  const [first, ...others] = node.processes.filter(({layer}) => layer === 'fabric').map(({what}) => what);
  if (first !== undefined) await startProcess(parts, node, first);
  await Promise.all(others.map(what => startProcess(parts, node, what)));
}

/** Waits until every ToR has its sessions with the spines; with `hosts`, also those with its hosts. */
export async function waitForSessions({run, clock}: LabParts, plan: LabPlan, {hosts}: {readonly hosts: boolean}): Promise<void> {
  await Promise.all(
    plan.nodes
      .filter(({role}) => role === 'tor')
      .map(tor => {
        const wanted = expectedSessions(plan, tor, hosts);
        const isReady = async () => neighborsUp(await sessionsOf(run, tor)) >= wanted;
        return until(clock, `${tor.name} has ${wanted} sessions`, isReady, {limitMs: 60_000, everyMs: 50});
      }),
  );
}

/** Waits until every spine and ToR has the prefixes of all racks, and the fabric's own, in its kernel. */
export async function waitForRoutes({run, clock}: LabParts, plan: LabPlan): Promise<void> {
  await Promise.all(
    plan.nodes
      .filter(({role}) => role === 'tor' || role === 'spine')
      .map(node => {
        const wanted = [...fabricPrefixes(plan.file), ...plan.file.racks.flatMap((_, rack) => rackPrefixes(plan.file, rack))];
        const hasAll = async () => {
          const present = new Set((await routesOf(run, node)).map(({to}) => to));
          return wanted.every(prefix => present.has(prefix));
        };
        return until(clock, `${node.name} has routes to ${wanted.join(', ')}`, hasAll, {limitMs: 60_000, everyMs: 50});
      }),
  );
}

/** OSPF has a session of each family with the same neighbour: it counts when both are up. */
function neighborsUp(sessions: readonly Session[]): number {
  const down = new Set(sessions.filter(({isUp}) => !isUp).map(({name}) => name));
  return new Set(sessions.map(({name}) => name).filter(name => !down.has(name))).size;
}

function expectedSessions(plan: LabPlan, tor: LabNode, hosts: boolean): number {
  return plan.nodes.filter(({name, role}) => tor.peers.includes(name) && (role === 'spine' || hosts)).length;
}
