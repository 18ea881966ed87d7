import {messageOf} from '../core/errors.ts';
import type {NodeState} from '../core/node-state.ts';
import type {ObjectReport} from '../reconcile/inspect.ts';
import type {Step} from '../reconcile/step.ts';
import type {Clock} from '../system/clock.ts';

/** An object of a driver; or why a driver cannot tell what is wanted, or what is there. */
export type OwnedObject = (ObjectReport & {readonly driver: string}) | {readonly driver: string; readonly problem: string};

/** A lane's steps with what its last pass decided from; undefined before the first. */
export interface LaneObjects {
  readonly steps: ReadonlyArray<Pick<Step<NodeState>, 'name' | 'inspect'>>;
  readonly node: NodeState | undefined;
}

// Less than those wait who ask: of all that does answer they are told.
const patienceMs = 3000;

/** Everything that this host should have of ours, beside what it has now. Changes nothing. */
export async function readObjects(lanes: readonly LaneObjects[], clock: Pick<Clock, 'sleep'>): Promise<readonly OwnedObject[]> {
  const over = new AbortController();
  const late = clock.sleep(patienceMs, over.signal);
  const readings = lanes.flatMap(({steps, node}) => (node === undefined ? [] : steps.map(step => readStep(step, node, late))));
  const objects = (await Promise.all(readings)).flat();
  over.abort();
  return objects;
}

async function readStep(
  {name: driver, inspect}: LaneObjects['steps'][number],
  node: NodeState,
  late: Promise<void>,
): Promise<OwnedObject[]> {
  try {
    const reports = await Promise.race([inspect(node), late]);
    if (reports === undefined) return [{driver, problem: `what is there is not known: no answer within ${patienceMs / 1000} s`}];
    return reports.map(report => ({driver, ...report}));
  } catch (error) {
    return [{driver, problem: messageOf(error)}];
  }
}
