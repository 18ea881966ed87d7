import {addressOf, hostLinkAddresses} from './addressing.ts';
import {hostNames} from './names.ts';
import type {LabParts} from './parts.ts';
import {nodeOf} from './plan-nodes.ts';
import type {LabPlan} from './plan-types.ts';
import {startProcess} from './processes.ts';
import {expectOk, type LabRequest, requestIn} from './requests.ts';

/** Starts etcd and the daemon, tells the daemon of every host, and starts the agents. */
export async function startControl(parts: LabParts, plan: LabPlan): Promise<void> {
  const master = nodeOf(plan, 'master');
  await startProcess(parts, master, 'etcd');
  await startProcess(parts, master, 'daemon');
  await registerHosts(parts, plan);
  await Promise.all(plan.nodes.filter(({role}) => role === 'host').map(host => startProcess(parts, host, 'agent')));
}

/** Adds every host of the lab through the REST API, in the lab's order; those that the daemon knows already stay as they are. */
export async function registerHosts(parts: LabParts, plan: LabPlan): Promise<void> {
  const master = nodeOf(plan, 'master');
  const bodies = hostBodies(plan);
  const ready: LabRequest = {url: '/readyz', untilOkMs: 60_000};
  const requests = bodies.map((body): LabRequest => ({method: 'POST', url: '/hosts', body}));
  const [readiness, ...added] = await requestIn(parts, master.namespace, [ready, ...requests]);
  if (readiness !== undefined) expectOk('GET /readyz', readiness);
  for (const [index, response] of added.entries()) {
    const isKnown = response.status === 409 && /already exists/.test(JSON.stringify(response.body));
    if (!isKnown) expectOk(`POST /hosts ${JSON.stringify(bodies[index])}`, response);
  }
}

function hostBodies({file}: LabPlan) {
  return hostNames(file).flatMap((names, rack) =>
    names.map((name, host) => ({
      name,
      ip: addressOf(hostLinkAddresses(file, rack, host).lower, 'ipv4'),
      tags: {rack: file.racks[rack]?.name ?? ''},
    })),
  );
}
