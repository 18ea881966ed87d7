import {messageOf} from '../core/errors.ts';
import type {NodeState} from '../core/node-state.ts';
import type {ObjectReport} from '../reconcile/inspect.ts';
import type {Step} from '../reconcile/step.ts';

/** An object of a driver; or why a driver cannot tell what is wanted, or what is there. */
export type OwnedObject = (ObjectReport & {readonly driver: string}) | {readonly driver: string; readonly problem: string};

/** A lane's steps with what its last pass decided from; undefined before the first. */
export interface LaneObjects {
  readonly steps: ReadonlyArray<Pick<Step<NodeState>, 'name' | 'inspect'>>;
  readonly node: NodeState | undefined;
}

/** Everything that this host should have of ours, beside what it has now. Changes nothing. */
export async function readObjects(lanes: readonly LaneObjects[]): Promise<readonly OwnedObject[]> {
  const readings = lanes.flatMap(({steps, node}) => (node === undefined ? [] : steps.map(step => readStep(step, node))));
  return (await Promise.all(readings)).flat();
}

async function readStep({name: driver, inspect}: LaneObjects['steps'][number], node: NodeState): Promise<OwnedObject[]> {
  try {
    return (await inspect(node)).map(report => ({driver, ...report}));
  } catch (error) {
    return [{driver, problem: messageOf(error)}];
  }
}
