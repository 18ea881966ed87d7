import {diff, isEmptyPlan, type Plan} from './diff.ts';
import {type Driver, PartError} from './driver.ts';
import {compareItems, type ObjectReport} from './inspect.ts';

/** A driver together with the function that says what it should hold, and the steps that must have succeeded before it. */
export interface Step<State> {
  readonly name: string;
  readonly needs: readonly string[];
  /** Whether, after this failure, what it needs may still be in use and must not be removed. */
  keepsNeeds(error: unknown): boolean;
  /** Looks at the machine and works out what must change; changes nothing. */
  plan(state: State | Promise<State>): Promise<PlannedStep>;
  /** Looks at the machine, and sets each item that is wanted or there beside what it should be; changes nothing. */
  inspect(state: State): Promise<readonly ObjectReport[]>;
}

export interface PlannedStep {
  /** How many items should be there, and how many of them are missing or different, or there and not wanted. */
  readonly wanted: number;
  readonly changes: number;
  /** How many of these changes are removals. */
  readonly removals: number;
  /** The same was wanted before and had been made so: somebody else has changed it since. */
  readonly isDrift: boolean;
  /** What an operator should know, though nothing has failed. */
  readonly warning?: string | undefined;
  /** Creates and updates. Runs nothing when there is nothing to do. */
  add(): Promise<void>;
  /** Removes; after an add() that has failed, what can go all the same. Runs nothing when there is nothing to do. */
  remove(): Promise<void>;
}

export interface StepOptions<State> {
  readonly needs?: readonly string[];
  readonly keepsNeeds?: (error: unknown) => boolean;
  /** What an operator should know, though nothing has failed; asked in each pass, once the driver has read. */
  readonly warn?: (state: State) => string | undefined;
}

/**
 * Pairs a driver with the pure function that says what it should hold. What that has said of a state, it is not asked again of one that is the same in
 * all its parts; what was compared, and was as it should be, is not compared again.
 */
export function step<State, Item>(
  driver: Driver<Item>,
  desired: (state: State) => readonly Item[],
  {needs = [], keepsNeeds = () => true, warn = () => undefined}: StepOptions<State> = {},
): Step<State> {
  // Nothing is decided by it: what was last made so tells whose doing a difference is.
  let done: readonly Item[] | undefined;
  let last: {readonly state: State; readonly items: readonly Item[]} | undefined;
  let settled: {readonly items: readonly Item[]; readonly actual: readonly Item[]} | undefined;
  const want = (state: State) => {
    if (last === undefined || !isSame(state, last.state)) last = {state, items: desired(state)};
    return last.items;
  };
  const compare = (items: readonly Item[], actual: readonly Item[]): Plan<Item> => {
    if (settled?.items === items && settled.actual === actual) return nothing;
    const difference = diff(items, actual, driver);
    const plan = driver.isPermanent === true ? {...difference, remove: []} : difference;
    settled = isEmptyPlan(plan) ? {items, actual} : undefined;
    return plan;
  };
  return {
    name: driver.name,
    needs,
    keepsNeeds,
    async plan(state) {
      // Together: what must be known to decide and what is there may come from the same look at the machine.
      const [known, actual] = await Promise.all([state, driver.read()]);
      const items = want(known);
      const plan = compare(items, actual);
      const isDrift = done !== undefined && !isEmptyPlan(plan) && isEmptyPlan(diff(items, done, driver));
      let removable = plan.remove;
      let hasFailed = false;
      const applyPart = async (part: Plan<Item>) => {
        done = undefined;
        if (!isEmptyPlan(part)) await driver.apply(part);
        if (!hasFailed) done = items;
      };
      const add = async () => {
        try {
          await applyPart({create: plan.create, update: plan.update, remove: []});
        } catch (error) {
          hasFailed = true;
          removable = plan.remove.filter(item => canGo(item, error, driver));
          throw error;
        }
      };
      return {
        wanted: items.length,
        changes: plan.create.length + plan.update.length + plan.remove.length,
        removals: plan.remove.length,
        isDrift,
        warning: warn(known),
        add,
        remove: () => applyPart({create: [], update: [], remove: removable}),
      };
    },
    inspect: async state => compareItems(want(state), await driver.read(), driver),
  };
}

function canGo<Item>(item: Item, error: unknown, {standsFor}: Driver<Item>): boolean {
  return error instanceof PartError && standsFor !== undefined && !error.failed.some(failed => standsFor(item, failed));
}

const nothing = {create: [], update: [], remove: []};

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return false;
  const [of, others] = [Object.entries(a), new Map(Object.entries(b))];
  return of.length === others.size && of.every(([name, value]) => others.has(name) && others.get(name) === value);
}

/** The same step for a state that may be older than what is there: it creates and updates, and what is not wanted stays and does not count as a change. */
export function addingOnly<State>(step: Step<State>): Step<State> {
  return {
    ...step,
    async plan(state) {
      const plan = await step.plan(state);
      return {...plan, changes: plan.changes - plan.removals, removals: 0, remove: async () => undefined};
    },
  };
}
