import {InputError} from '../core/errors.ts';
import type {LabNode, LabPlan} from './plan-types.ts';

/** The node of that name; throws InputError that lists the names there are. */
export function nodeOf(plan: LabPlan, name: string): LabNode {
  const found = plan.nodes.find(node => node.name === name);
  if (found !== undefined) return found;
  const names = plan.nodes.map(node => node.name).join(', ');
  throw new InputError('ERR_LAB_NODE', `lab ${plan.name} has no node ${JSON.stringify(name)}, expected one of: ${names}`);
}
