import type {Chain} from '../core/desired-chains.ts';
import {InputError, messageOf} from '../core/errors.ts';
import type {DroppingChain} from '../core/forward-policy.ts';
import type {Family} from '../core/prefix.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Clock} from '../system/clock.ts';
import type {FileSystem} from '../system/file-system.ts';
import type {Run} from '../system/run.ts';
import type {Backend} from './iptables-save.ts';
import {changeOf, lookOf, removalOf, renderChanges, type TableChange, wantedLook} from './iptables-text.ts';
import {backendInUse, commandOf, defaultBackend, type IptablesView, isNotInstalled, programOf, readIptables} from './iptables-view.ts';

/** A chain of ours, as wanted or as found, with the rules that lead to it. */
export interface ChainItem {
  readonly family: Family;
  readonly table: string;
  readonly name: string;
  /** Tells whether it is as wanted. */
  readonly look: string;
  /** The same for people. */
  readonly shown: string;
  /** Only of what is wanted. */
  readonly chain?: Chain;
  /** Of what was found in a backend that is not, or no longer, the one for ours. */
  readonly stray?: Backend;
}

export interface IptablesDriver extends Driver<ChainItem> {
  /** The FORWARD chains that drop what no rule accepts, as last seen. */
  dropping(): readonly DroppingChain[];
}

export interface IptablesOptions {
  readonly run: Run;
  readonly files: Pick<FileSystem, 'read'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly backend: Backend | 'auto';
  /** False where no chain can be wanted: then the rules are looked at once, for what an earlier setting has left there. */
  readonly isUsed: boolean;
}

/** A wanted chain as the driver compares it. */
export function chainItem(chain: Chain): ChainItem {
  const {family, table, name} = chain;
  const shown = show(chain.rules.length, chain.from === undefined ? [] : [chain.from.chain]);
  return {family, table, name, look: wantedLook(chain), shown, chain};
}

function show(rules: number, from: readonly string[]): string {
  return `${rules} ${rules === 1 ? 'rule' : 'rules'}${from.length === 0 ? '' : `, from ${from.join(' and ')}`}`;
}

// Less than the time between two passes that nothing has asked for. Passes may come many times a second, and a look costs two processes.
const lookMs = 9000;
// A look at 10,000 rules takes 80 ms of a core: so it takes 0.2 % of the time, however many there are.
const lookMsPerRule = 4;

/**
 * Chains named ROMANA-… with all that is in them, and the marked rules of other chains that lead to them. Each rule bears a mark of what it is to be: its text is
 * shown by each version of iptables in another way.
 */
export function createIptables({run, files, clock, backend: configured, isUsed}: IptablesOptions): IptablesDriver {
  let view: IptablesView | undefined;
  /** From when to when the view is taken for what is there; undefined for never. */
  let holds: {readonly from: number; readonly to: number} | undefined;

  const look = async (): Promise<IptablesView> => {
    holds = undefined;
    const found = await readIptables(run, files);
    const problem = found.problems.find(({backend}) => configured === 'auto' || backend === configured);
    if (isUsed && problem !== undefined) throw new Error(`cannot read the rules of iptables: ${problem.reason}`);
    const from = clock.now();
    view = found;
    holds = {from, to: from + Math.max(lookMs, countRules(found) * lookMsPerRule)};
    return found;
  };
  const viewOfPass = async (): Promise<IptablesView> => {
    if (view === undefined || holds === undefined) return look();
    const isDone = !isUsed && view.own.length === 0 && view.problems.length === 0;
    const now = clock.now();
    // The time of day may be set back.
    return isDone || (now >= holds.from && now < holds.to) ? view : look();
  };
  /** Where ours belong; undefined also where only an operator can tell, which matters when there is something to put there. */
  const placeIn = (found: IptablesView): Backend | undefined => {
    try {
      return isUsed ? backendInUse(found, configured) : undefined;
    } catch {
      return undefined;
    }
  };

  return {
    name: 'iptables',
    keyOf: ({stray = '', family, table, name}) => `${stray} ${family} ${table} ${name}`.trim(),
    isEqual: (a, b) => a.look === b.look,
    show: ({stray, family, table, name, shown}) =>
      `${family} ${table} ${name}: ${shown}${stray === undefined ? '' : ` (iptables-${stray})`}`,
    async read() {
      const found = await viewOfPass();
      const place = placeIn(found);
      return found.own.map(({backend, family, table, name, marks, jumps}) => ({
        family,
        table,
        name,
        look: lookOf({marks, jumps}),
        shown: show(
          marks.length,
          jumps.map(({chain}) => chain),
        ),
        ...(backend !== place && {stray: backend}),
      }));
    },
    async apply({create, update, remove}) {
      // What the pass began with may be seconds old, and a rule that is added twice stands there twice.
      const found = await look();
      holds = undefined;
      const chains = [...create, ...update].flatMap(({chain}) => chain ?? []);
      const choose = async () => backendInUse(found, configured) ?? (await defaultBackend(run).catch(explainMissing));
      const place = chains.length === 0 ? undefined : await choose();
      const isSame = (a: Pick<ChainItem, 'family' | 'table' | 'name'>, b: typeof a) =>
        a.family === b.family && a.table === b.table && a.name === b.name;
      await restoreAll(run, [
        ...chains.flatMap(chain => {
          const present = found.own.find(each => each.backend === place && isSame(each, chain));
          return place === undefined ? [] : [{backend: place, family: chain.family, change: changeOf(chain, present)}];
        }),
        ...found.own
          .filter(each => remove.some(item => isSame(item, each) && each.backend === (item.stray ?? each.backend)))
          .map(each => ({backend: each.backend, family: each.family, change: removalOf(each)})),
      ]);
    },
    dropping() {
      if (view === undefined) return [];
      const place = placeIn(view);
      return view.dropping.map(({backend, family}) => ({family, command: commandOf(family, backend), isOurs: backend === place}));
    },
  };
}

function countRules({own, foreign}: IptablesView): number {
  return own.reduce((sum, {marks}) => sum + marks.length, foreign.nft + foreign.legacy);
}

interface Work {
  readonly backend: Backend;
  readonly family: Family;
  readonly change: TableChange;
}

/** One iptables-restore for each backend and family, which adds to what is there (--noflush). */
async function restoreAll(run: Run, work: readonly Work[]): Promise<void> {
  const programs = new Map<string, TableChange[]>();
  for (const {backend, family, change} of work) {
    const program = programOf(family, backend, 'restore');
    programs.set(program, [...(programs.get(program) ?? []), change]);
  }
  const failures: string[] = [];
  for (const [program, changes] of programs) {
    // Others that change rules at the same time hold a lock for a moment.
    const restore = (input: string) => run(program, ['--noflush', '-w', '5'], {input});
    const input = renderChanges(changes);
    await restore(input).catch(async (error: unknown) => {
      failures.push(describe(program, input, error));
      // A chain that a rule of somebody else leads to cannot go: then it is empty, and all the rest becomes true.
      for (const part of withoutRemovals(changes)) await restore(renderChanges(part)).catch(() => undefined);
    });
  }
  if (failures.length > 0) throw new Error(`cannot change iptables: ${failures.join('; ')}`);
}

/** The same changes with the removals after them, each by itself; nothing where none of them removes a chain. */
function withoutRemovals(changes: readonly TableChange[]): TableChange[][] {
  const removals = changes.flatMap(({table, removed}) => removed.map(name => [{table, chains: [], lines: [], removed: [name]}]));
  return removals.length === 0 ? [] : [changes.map(change => ({...change, removed: []})), ...removals];
}

/** The reason, and the line that it is about: iptables-restore tells its number alone. */
function describe(program: string, input: string, error: unknown): string {
  if (isNotInstalled(error)) return `${program} is not installed`;
  const reason = messageOf(error)
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
  const line = input.split('\n')[Number(/\bline (\d+)/.exec(reason)?.[1]) - 1];
  return line === undefined ? reason : `${reason} (${line})`;
}

function explainMissing(error: unknown): never {
  if (!isNotInstalled(error)) throw error;
  throw new InputError('ERR_IPTABLES_MISSING', 'cannot find iptables: install it, or turn agent.nat and agent.forward off');
}
