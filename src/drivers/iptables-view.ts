import {InputError, messageOf} from '../core/errors.ts';
import type {Family} from '../core/prefix.ts';
import type {FileSystem} from '../system/file-system.ts';
import type {Run} from '../system/run.ts';
import {type Backend, backends, type FoundChain, parseSave, type SavedRules} from './iptables-save.ts';

/** The rules of both backends, as far as they concern us. */
export interface IptablesView {
  readonly own: readonly FoundChain[];
  /** How many rules others have in each. */
  readonly foreign: Readonly<Record<Backend, number>>;
  /** Where FORWARD drops what no rule accepts. */
  readonly dropping: ReadonlyArray<{readonly backend: Backend; readonly family: Family}>;
  /** Why the rules of a backend are not known. That it is not installed is no reason: then there are none. */
  readonly problems: ReadonlyArray<{readonly backend: Backend; readonly reason: string}>;
}

/** The name of a program of one backend; by its plain name, the system's alternatives would decide which it is. */
export function programOf(family: Family, backend: Backend, verb: 'save' | 'restore'): string {
  return `${commandOf(family, backend)}-${verb}`;
}

/** The command that an operator sees these rules with. */
export function commandOf(family: Family, backend: Backend): string {
  return `${family === 'ipv4' ? 'iptables' : 'ip6tables'}-${backend}`;
}

/** Looks at all rules. The legacy backend is asked only where the kernel has tables of it: most often it has none. */
export async function readIptables(run: Run, files: Pick<FileSystem, 'read'>): Promise<IptablesView> {
  const places = backends.flatMap(backend => (['ipv4', 'ipv6'] as const).map(family => ({backend, family})));
  const answers = await Promise.all(places.map(async place => ({...place, ...(await readPlace(run, files, place))})));
  const countForeign = (wanted: Backend) => answers.filter(({backend}) => backend === wanted).reduce((sum, {foreign}) => sum + foreign, 0);
  return {
    own: answers.flatMap(({own}) => own),
    foreign: {nft: countForeign('nft'), legacy: countForeign('legacy')},
    dropping: answers.filter(({forwardPolicy}) => forwardPolicy === 'DROP').map(({backend, family}) => ({backend, family})),
    problems: answers.flatMap(({backend, problem}) => (problem === undefined ? [] : [{backend, reason: problem}])),
  };
}

/**
 * The backend for our chains: as configured, else the one where others have rules, else the one where ours are; undefined where there are no rules at all. Throws
 * InputError where others have rules in both: packets pass both, and only an operator knows which of them is meant.
 */
export function backendInUse({own, foreign}: Pick<IptablesView, 'own' | 'foreign'>, configured: Backend | 'auto'): Backend | undefined {
  if (configured !== 'auto') return configured;
  const used = backends.filter(backend => foreign[backend] > 0);
  if (used.length === 1) return used[0];
  const present = backends.find(backend => own.some(chain => chain.backend === backend));
  if (used.length === 0 || present !== undefined) return present;
  throw new InputError(
    'ERR_IPTABLES_MIXED',
    `iptables-nft and iptables-legacy both hold rules on this host (${foreign.nft} and ${foreign.legacy}): remove those of one, or say where the agent's are to go (agent.iptables: nft or legacy)`,
  );
}

/** What plain `iptables` stands for on this host. */
export async function defaultBackend(run: Run): Promise<Backend> {
  return (await run('iptables', ['--version'])).includes('nf_tables') ? 'nft' : 'legacy';
}

/** True where there is no such program. */
export function isNotInstalled(error: unknown): boolean {
  return error instanceof Error && (('exitCode' in error && error.exitCode === 127) || error.message.includes('ENOENT'));
}

interface Answer extends SavedRules {
  readonly problem?: string;
}

const nothing: Answer = {own: [], foreign: 0, forwardPolicy: ''};

async function readPlace(
  run: Run,
  files: Pick<FileSystem, 'read'>,
  {backend, family}: {readonly backend: Backend; readonly family: Family},
): Promise<Answer> {
  if (backend === 'legacy' && !(await hasLegacyTables(files, family))) return nothing;
  try {
    return parseSave(await run(programOf(family, backend, 'save'), []), backend, family);
  } catch (error) {
    return isNotInstalled(error) ? nothing : {...nothing, problem: messageOf(error)};
  }
}

/** The kernel names its legacy tables in a file; without the module there is no such file. */
async function hasLegacyTables(files: Pick<FileSystem, 'read'>, family: Family): Promise<boolean> {
  const text = await files.read(`/proc/net/${family === 'ipv4' ? 'ip' : 'ip6'}_tables_names`);
  return text !== undefined && text.trim() !== '';
}
