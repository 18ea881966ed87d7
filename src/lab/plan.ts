import type {LabFile} from './lab-file.ts';
import {labsFolder} from './names.ts';
import {planHosts} from './plan-hosts.ts';
import {planMaster} from './plan-master.ts';
import {planRouters} from './plan-routers.ts';
import type {LabPlan, PlannedPart} from './plan-types.ts';
import {topologyOf} from './topology.ts';

/** Computes a whole lab from its file. Pure: the same file gives the same plan. `root` is the folder of bin/, templates/ and bird/. */
export function planLab(file: LabFile, root: string): LabPlan {
  const base = {file, root, folder: `${labsFolder}/${file.name}`};
  const parts: PlannedPart[] = [planMaster(base), planRouters(base), planHosts(base)];
  return {
    name: file.name,
    file,
    folder: base.folder,
    nodes: parts.flatMap(part => part.nodes),
    links: parts.flatMap(part => part.links),
    topology: topologyOf(file),
  };
}
