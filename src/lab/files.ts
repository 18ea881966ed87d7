import {InputError} from '../core/errors.ts';
import {type LabParts, shell} from './parts.ts';
import type {LabNode, LabPlan} from './plan-types.ts';

/** Writes every node's folder: its own files, and copies of those that it takes from the repository. */
export async function writeFiles(parts: LabParts, plan: LabPlan): Promise<void> {
  await Promise.all(plan.nodes.map(node => writeNode(parts, node)));
}

async function writeNode({run, replaceFile, readFileIfPresent, root}: LabParts, node: LabNode): Promise<void> {
  await shell(run, 'mkdir -p "$@"', [node.folder, ...(node.role === 'host' ? [`${node.folder}/bird/conf.d`] : [])]);
  for (const {path, text} of node.files) await replaceFile(`${node.folder}/${path}`, text);
  for (const {from, to} of node.copies) {
    const text = await readFileIfPresent(`${root}/${from}`);
    if (text === undefined) throw new InputError('ERR_LAB_TEMPLATE', `cannot set up ${node.name}: ${root}/${from} does not exist`);
    await replaceFile(`${node.folder}/${to}`, logToFile(text));
  }
  if (node.owner !== undefined) await shell(run, 'chown -R "$1:" "$2"', [node.owner, node.folder]);
}

/** There is no syslog in a lab; what BIRD writes to standard error goes to the node's bird.log. */
function logToFile(birdConf: string): string {
  return birdConf.replace(/^log syslog all;$/m, 'log stderr all;\ndebug protocols { states, events };');
}
