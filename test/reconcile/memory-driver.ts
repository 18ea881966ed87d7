import {type Driver, NotYetError} from '../../src/reconcile/driver.ts';
import {type Step, step} from '../../src/reconcile/step.ts';

/** What every named driver should hold. */
export type Wish = Readonly<Record<string, readonly string[]>>;

/** A machine that is a few lists: who holds what, what was done to it, and who fails at what. */
export interface Machine {
  readonly held: Map<string, Set<string>>;
  readonly log: string[];
  /** "bird add", "bird read": that driver fails at that. */
  readonly broken: Set<string>;
  /** The same for what is not done yet. */
  readonly waiting: Set<string>;
  step(name: string, ...needs: string[]): Step<Wish>;
}

export function createMachine(): Machine {
  const held = new Map<string, Set<string>>();
  const log: string[] = [];
  const broken = new Set<string>();
  const waiting = new Set<string>();
  const failIf = (what: string) => {
    if (waiting.has(what)) throw new NotYetError(`${what} waits`);
    if (broken.has(what)) throw new Error(`${what} failed`);
  };
  const driver = (name: string): Driver<string> => {
    const own = new Set<string>();
    held.set(name, own);
    return {
      name,
      keyOf: item => item,
      isEqual: (a, b) => a === b,
      async read() {
        failIf(`${name} read`);
        return [...own];
      },
      async apply({create, remove}) {
        if (create.length > 0) log.push(`${name} +${create.join()}`);
        if (remove.length > 0) log.push(`${name} -${remove.join()}`);
        if (create.length > 0) failIf(`${name} add`);
        if (remove.length > 0) failIf(`${name} remove`);
        for (const item of create) own.add(item);
        for (const item of remove) own.delete(item);
      },
    };
  };
  return {held, log, broken, waiting, step: (name, ...needs) => step<Wish, string>(driver(name), wish => wish[name] ?? [], {needs})};
}
