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
  readonly look: string;
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
  return {family, table, name, look: wantedLook(chain), chain};
}

// Less than the time between two passes that nothing has asked for. Passes may come many times a second, and a look costs two processes.
const lookMs = 9000;

/**
 * Chains named ROMANA-… with all that is in them, and the marked rules of other chains that lead to them. Each rule bears a mark of what it is to be: its text is
 * shown by each version of iptables in another way.
 */
export function createIptables({run, files, clock, backend: configured, isUsed}: IptablesOptions): IptablesDriver {
  let last: {readonly view: IptablesView; readonly at: number} | undefined;
  let isStale = true;

  const look = async (): Promise<IptablesView> => {
    const view = await readIptables(run, files);
    last = {view, at: clock.now()};
    isStale = false;
    return view;
  };
  const viewOfPass = async (): Promise<IptablesView> => {
    if (last === undefined || isStale) return look();
    const {view, at} = last;
    const isDone = !isUsed && view.own.length === 0 && view.problems.length === 0;
    return isDone || clock.now() - at < lookMs ? view : look();
  };
  /** Throws what keeps us from knowing what is there, or where ours belong. */
  const placeIn = (view: IptablesView): Backend | undefined => {
    const problem = view.problems.find(({backend}) => configured === 'auto' || backend === configured);
    if (problem !== undefined) throw new Error(`cannot read the rules of iptables: ${problem.reason}`);
    return backendInUse(view, configured);
  };

  return {
    name: 'iptables',
    keyOf: ({stray = '', family, table, name}) => `${stray} ${family} ${table} ${name}`,
    isEqual: (a, b) => a.look === b.look,
    async read() {
      const view = await viewOfPass();
      const place = isUsed ? placeIn(view) : undefined;
      return view.own.map(({backend, family, table, name, marks, jumps}) => ({
        family,
        table,
        name,
        look: lookOf({marks, jumps}),
        ...(backend !== place && {stray: backend}),
      }));
    },
    async apply({create, update, remove}) {
      isStale = true;
      // What the pass began with may be seconds old, and a rule that is added twice stands there twice.
      const view = await readIptables(run, files);
      const place = create.length + update.length === 0 ? undefined : (placeIn(view) ?? (await defaultBackend(run).catch(explainMissing)));
      const found = (item: ChainItem, backend: Backend | undefined) =>
        view.own.filter(own => own.backend === backend && own.family === item.family && own.table === item.table && own.name === item.name);
      const work = [
        ...[...create, ...update].flatMap(item =>
          item.chain === undefined || place === undefined
            ? []
            : [{backend: place, family: item.family, change: changeOf(item.chain, found(item, place)[0])}],
        ),
        ...remove.flatMap(item =>
          (item.stray === undefined ? ['nft' as const, 'legacy' as const] : [item.stray])
            .flatMap(backend => found(item, backend))
            .map(chain => ({backend: chain.backend, family: chain.family, change: removalOf(chain)})),
        ),
      ];
      await restoreAll(run, work);
    },
    dropping() {
      if (last === undefined) return [];
      const {foreign, own, dropping} = last.view;
      const ours = configured === 'auto' && foreign.nft > 0 && foreign.legacy > 0 ? own[0]?.backend : backendInUse(last.view, configured);
      return dropping.map(({backend, family}) => ({family, command: commandOf(family, backend), isOurs: backend === ours}));
    },
  };
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
    const input = renderChanges(changes);
    // Others that change rules at the same time hold a lock for a moment.
    await run(program, ['--noflush', '-w', '5'], {input}).catch((error: unknown) => failures.push(describe(program, input, error)));
  }
  if (failures.length > 0) throw new Error(`cannot change iptables: ${failures.join('; ')}`);
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
