import {InputError} from '../core/errors.ts';
import {startControl} from './control.ts';
import {removeLab} from './down.ts';
import {startRouting, waitForRoutes, waitForSessions} from './fabric.ts';
import {writeFiles} from './files.ts';
import {type LabFile, parseLabFile} from './lab-file.ts';
import {labsFolder} from './names.ts';
import {createNamespaces} from './namespaces.ts';
import type {LabParts} from './parts.ts';
import {planLab} from './plan.ts';
import type {LabPlan} from './plan-types.ts';

/**
 * Starts a lab and waits until its routing sessions are up. Whatever an earlier lab of this name left is removed first.
 * Without `control`, the routers run but no etcd, daemon or agents: the hosts' BIRD then has no publisher.conf.
 */
export async function startLab(parts: LabParts, file: LabFile, {control = true}: {readonly control?: boolean} = {}): Promise<LabPlan> {
  const plan = planLab(file, parts.root);
  if (await removeLab(parts, plan.name)) parts.log.info({lab: plan.name}, 'removed an earlier lab of that name');
  await parts.replaceFile(`${plan.folder}/lab.json`, `${JSON.stringify(file, undefined, 2)}\n`);
  await writeFiles(parts, plan);
  await createNamespaces(parts.run, plan);
  const steps = [...plan.nodes.map(node => startRouting(parts, node)), ...(control ? [startControl(parts, plan)] : [])];
  await allOf(steps);
  await waitForSessions(parts, plan, {hosts: control});
  await waitForRoutes(parts, plan);
  return plan;
}

/** The plan of a running lab, from the file that it was started with. */
export async function readLab(parts: Pick<LabParts, 'readFileIfPresent' | 'root'>, name: string): Promise<LabPlan> {
  const file = `${labsFolder}/${name}/lab.json`;
  const text = await parts.readFileIfPresent(file);
  if (text === undefined) throw new InputError('ERR_LAB_UNKNOWN', `no lab named ${JSON.stringify(name)} is running`);
  return planLab(parseLabFile(text, file), parts.root);
}

/** Waits for every step to end, so that nothing goes on behind our back, then throws the first failure. */
async function allOf(steps: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(steps)).find(result => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
