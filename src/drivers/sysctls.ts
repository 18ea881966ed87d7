import type {Sysctl} from '../core/desired-sysctls.ts';
import {InputError, messageOf} from '../core/errors.ts';
import {hasSubnet} from '../core/links.ts';
import type {KernelSettings} from '../core/node-state.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {FileSystem} from '../system/file-system.ts';
import {handlesOf} from './endpoint-mark.ts';
import type {Kernel, ReadKernel} from './kernel.ts';

export interface SysctlsOptions {
  readonly files: Pick<FileSystem, 'read' | 'write'>;
  readonly readSettings: () => Promise<KernelSettings>;
  /** Whether the agent may set what is not as it has to be. */
  readonly provision: boolean;
}

/** The kernel settings that forwarding hangs on. They belong to the machine: what is not wanted stays as it is. */
export function createSysctls({files, readSettings, provision}: SysctlsOptions): Driver<Sysctl> {
  return {
    name: 'sysctls',
    isPermanent: true,
    keyOf: ({path}) => path,
    isEqual: (a, b) => a.value === b.value,
    show: setting => `${nameOf(setting)}=${setting.value}`,
    async read() {
      const {values} = await readSettings();
      return [...values].map(([path, value]) => ({path, value, present: value}));
    },
    async apply({create, update}) {
      const wrong = [...create, ...update];
      if (!provision) throw refusal(wrong);
      const failed: {readonly setting: Sysctl; readonly error: unknown}[] = [];
      for (const setting of wrong) {
        await files.write(fileOf(setting.path), `${setting.value}\n`, 0o644).catch((error: unknown) => failed.push({setting, error}));
      }
      if (failed.length > 0) throw failure(failed);
    },
  };
}

/**
 * Creates the reader of the settings that desired-sysctls decides from: files alone, no process. Those who ask while it runs get the same answer. Interfaces
 * that endpoints hang on are left out: there are many, and their settings are another driver's.
 */
export function createReadSettings(files: Pick<FileSystem, 'read'>, readKernel: ReadKernel): () => Promise<KernelSettings> {
  let inFlight: Promise<KernelSettings> | undefined;
  return () => {
    inFlight ??= readKernel()
      .then(kernel => read(files, kernel))
      .finally(() => {
        inFlight = undefined;
      });
    return inFlight;
  };
}

const ofMachine = ['ipv4/ip_forward', 'ipv4/conf/all/rp_filter', 'ipv4/conf/all/arp_announce', 'ipv6/conf/all/forwarding'];
const ofInterface = [
  'ipv4/conf/*/forwarding',
  'ipv4/conf/*/rp_filter',
  'ipv4/conf/*/arp_announce',
  'ipv6/conf/*/forwarding',
  'ipv6/conf/*/accept_ra',
];

// RTPROT_RA of linux/rtnetlink.h.
const advertised = '9';

async function read(files: Pick<FileSystem, 'read'>, {routes, interfaces}: Kernel): Promise<KernelSettings> {
  const learnsRoutes = new Set(routes.filter(({protocol}) => protocol === advertised).flatMap(({hops}) => hops.map(({dev}) => dev)));
  const toGateways = new Set(routes.flatMap(({hops}) => hops.flatMap(({via, dev}) => (via === undefined ? [] : [dev]))));
  const names = interfaces
    .filter(
      each =>
        each.name !== 'lo' && handlesOf(each).length === 0 && (hasSubnet(each) || toGateways.has(each.name) || learnsRoutes.has(each.name)),
    )
    .map(({name}) => name);
  const paths = [...ofMachine, ...names.flatMap(name => ofInterface.map(path => path.replace('*', () => name)))];
  const texts = await Promise.all(paths.map(async path => [path, await files.read(fileOf(path))] as const));
  return {values: new Map(texts.flatMap(([path, text]) => (text === undefined ? [] : [[path, text.trim()]]))), learnsRoutes};
}

function fileOf(path: string): string {
  return `/proc/sys/net/${path}`;
}

/** The setting as sysctl(8) takes it: with dots, but not where the interface's own name has one. */
function nameOf({path}: Sysctl): string {
  return path.includes('.') ? `net/${path}` : `net.${path.replaceAll('/', '.')}`;
}

function refusal(wrong: readonly Sysctl[]): InputError {
  const values = wrong.map(setting => `${nameOf(setting)} is ${setting.present}, expected ${setting.value}`).join('; ');
  return new InputError(
    'ERR_SYSCTL',
    `this host would not forward as it should: ${values}: set them (sysctl -w ${assignments(wrong)}; for the next boot in /etc/sysctl.d), or let the agent do it (agent.provision: true)`,
  );
}

function failure(failed: readonly {readonly setting: Sysctl; readonly error: unknown}[]): Error {
  const settings = failed.map(({setting}) => setting);
  const isReadOnly = failed.every(({error}) => error instanceof Error && 'code' in error && error.code === 'EROFS');
  const reason = isReadOnly
    ? `/proc/sys is read-only here, as in a container: set them from outside (sysctl -w ${assignments(settings)})`
    : [...new Set(failed.map(({error}) => messageOf(error)))].join('; ');
  return new Error(`cannot set ${assignments(settings).replaceAll(' ', ', ')}: ${reason}`, {cause: failed[0]?.error});
}

function assignments(settings: readonly Sysctl[]): string {
  return settings.map(setting => `${nameOf(setting)}=${setting.value}`).join(' ');
}
