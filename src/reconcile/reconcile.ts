import {NotYetError} from './driver.ts';
import type {PlannedStep, Step} from './step.ts';

/** How one step of a pass went. `changes` counts what was different on the machine; 0 with no error means that nothing ran. */
export interface StepResult {
  readonly name: string;
  readonly wanted: number;
  readonly changes: number;
  /** The changes are somebody else's doing, put right. */
  readonly isDrift?: boolean;
  readonly error?: unknown;
  /** What an operator should know, though nothing has failed. */
  readonly warning?: string;
  /** What the step waits for: it has not failed, and is not done either. */
  readonly pending?: string;
  /** The step was held back because this one, which it needs, failed. */
  readonly heldBackBy?: string;
}

/**
 * One pass: reads everything, then adds in order and removes in reverse order. A step whose needs failed, or are not done yet, is held back;
 * what a failed step may still use is not removed, of its own things neither. Never rejects: the errors stand in the results.
 */
export async function reconcile<State>(steps: ReadonlyArray<Step<State>>, state: State | Promise<State>): Promise<readonly StepResult[]> {
  const planned = new Map<string, PlannedStep>();
  const errors = new Map<string, unknown>();
  const heldBack = new Map<string, string>();
  const isDown = (name: string) => errors.has(name) || heldBack.has(name);
  const attempt = async (name: string, action: () => Promise<void>) => {
    try {
      await action();
    } catch (error) {
      // The first thing that fails tells why.
      if (!errors.has(name)) errors.set(name, error);
    }
  };

  // Looking changes nothing, so all may look at once.
  await Promise.all(
    steps.map(step =>
      attempt(step.name, async () => {
        planned.set(step.name, await step.plan(state));
      }),
    ),
  );

  for (const {name, needs} of steps) {
    const missing = needs.find(isDown);
    if (missing !== undefined && !errors.has(name)) heldBack.set(name, missing);
    const plan = planned.get(name);
    if (plan !== undefined && !isDown(name)) await attempt(name, plan.add);
  }

  const keepsAll = new Set<string>();
  for (const {name} of steps.toReversed()) {
    const plan = planned.get(name);
    const isStillUsed = steps.some(
      other => other.needs.includes(name) && ((isDown(other.name) && other.keepsNeeds(errors.get(other.name))) || keepsAll.has(other.name)),
    );
    if (isStillUsed) keepsAll.add(name);
    else if (plan !== undefined && !heldBack.has(name)) await attempt(name, plan.remove);
  }

  return steps.map(({name}) => ({
    name,
    wanted: planned.get(name)?.wanted ?? 0,
    changes: planned.get(name)?.changes ?? 0,
    ...(planned.get(name)?.isDrift === true && {isDrift: true}),
    ...warningOf(planned.get(name)),
    ...(errors.has(name) && outcomeOf(errors.get(name))),
    ...(heldBack.has(name) && {heldBackBy: heldBack.get(name) ?? ''}),
  }));
}

function warningOf(plan: PlannedStep | undefined): Pick<StepResult, 'warning'> {
  return plan?.warning === undefined ? {} : {warning: plan.warning};
}

function outcomeOf(error: unknown): Pick<StepResult, 'error' | 'pending'> {
  return error instanceof NotYetError ? {pending: error.message} : {error};
}
