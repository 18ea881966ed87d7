import {z} from 'zod';
import {InputError, messageOf} from '../core/errors.ts';
import type {Self} from '../core/node-state.ts';
import {compareAddresses, familyOf, type InterfaceAddress, parseInterfaceAddress} from '../core/prefix.ts';
import {vipMetric} from '../core/route-protocol.ts';
import type {Run} from '../system/run.ts';
import type {Config} from './schema.ts';

export interface HostSources {
  readonly run: Run;
  readonly hostname: string;
}

export interface ReadSelfOptions extends HostSources {
  readonly host: Config['host'];
  /** The addresses that the machine has, as `networkInterfaces` of node:os gives them: without starting a process. */
  interfaces(): Readonly<Record<string, ReadonlyArray<{readonly cidr: string | null}> | undefined>>;
  /** Told once when the machine can no longer say who it is: the last known addresses stay. */
  onUnknown?(reason: string): void;
}

/**
 * Creates the reader of who this host is, for every pass anew. An address stays as long as the machine has it, whatever comes beside it, and
 * wherever the default route goes; once it is gone, the interface of the default route is asked for another one. Commands run only then:
 * when the machine's addresses are not those of the time before, or ours cannot be seen among them. The first call rejects with InputError where nothing is known.
 */
export function createReadSelf({host, interfaces, onUnknown, ...sources}: ReadSelfOptions): () => Promise<Self> {
  let last: {readonly self: Self; readonly seen: string} | undefined;
  let isUnknown = false;
  return async () => {
    const own = globalAddresses(interfaces());
    const seen = own.join(' ');
    const hasAll = last?.self.addresses.every(({address, length}) => own.includes(`${address}/${length}`));
    if (last !== undefined && (host.address !== undefined || (hasAll === true && last.seen === seen))) return last.self;
    const known = last?.self;
    try {
      const self = known === undefined ? await readSelf(host, sources) : await readSelfAgain(known, host, sources);
      last = {self, seen};
      isUnknown = false;
    } catch (error) {
      if (known === undefined) throw error;
      if (!isUnknown) onUnknown?.(messageOf(error));
      isUnknown = true;
      return known;
    }
    return last.self;
  };
}

/** Endpoints come and go with a link-local address each, and say nothing of the host's. */
function globalAddresses(interfaces: ReturnType<ReadSelfOptions['interfaces']>): string[] {
  const all = Object.values(interfaces).flatMap(addresses => (addresses ?? []).flatMap(({cidr}) => cidr ?? []));
  return all.filter(cidr => !cidr.startsWith('fe80:')).toSorted();
}

/** Of each family the known address if the machine still has it, on whatever interface and be its link down, else the one that is read. */
async function readSelfAgain(known: Self, host: Config['host'], sources: HostSources): Promise<Self> {
  const present = new Set(
    addressTexts(Interfaces.parse(JSON.parse(await sources.run('ip', ['-json', 'addr', 'show']))).flatMap(addressesOf)),
  );
  const kept = known.addresses.filter(({address, length}) => present.has(`${address}/${length}`));
  const read = await readSelf(host, sources).catch((error: unknown) => {
    if (kept.length < known.addresses.length) throw error;
    return known;
  });
  const isMissing = ({address}: InterfaceAddress) => !kept.some(other => familyOf(other.address) === familyOf(address));
  const added = read.addresses.filter(isMissing);
  if (added.length === 0 && kept.length === known.addresses.length) return known;
  return {...read, addresses: [...kept, ...added].sort((a, b) => compareAddresses(a.address, b.address))};
}

/** Who this host is: as configured, else the system's name and the global addresses on the interface of the default route. */
export async function readSelf({name, address}: Config['host'], {run, hostname}: HostSources): Promise<Self> {
  const texts = address ?? (await addressesOfDefaultRoute(run));
  const addresses = texts.map(parseInterfaceAddress).sort((a, b) => compareAddresses(a.address, b.address));
  return {name: name ?? hostname, addresses};
}

const Routes = z.array(z.object({dev: z.string().optional()}));
const Interfaces = z.array(
  z.object({
    addr_info: z.array(
      z.object({
        family: z.string(),
        local: z.string(),
        prefixlen: z.number(),
        scope: z.string(),
        temporary: z.boolean().optional(),
        metric: z.number().optional(),
      }),
    ),
  }),
);

async function addressesOfDefaultRoute(run: Run): Promise<string[]> {
  const routes = await Promise.all(['-4', '-6'].map(family => run('ip', ['-json', family, 'route', 'show', 'default'])));
  const device = routes.flatMap(text => Routes.parse(JSON.parse(text || '[]'))).find(({dev}) => dev !== undefined)?.dev;
  if (device === undefined) {
    throw new InputError(
      'ERR_CONFIG',
      'host.address: got nothing, and there is no default route whose interface could tell: expected address/length',
    );
  }
  const interfaces = Interfaces.parse(JSON.parse(await run('ip', ['-json', 'addr', 'show', 'dev', device])));
  // A VIP that this host holds now is not its own.
  const global = interfaces
    .flatMap(addressesOf)
    .filter(({scope, temporary, metric}) => scope === 'global' && temporary !== true && metric !== vipMetric);
  const first = ['inet', 'inet6'].flatMap(wanted => global.find(({family}) => family === wanted) ?? []);
  if (first.length === 0) throw new InputError('ERR_CONFIG', `host.address: got nothing, and interface ${device} has no global address`);
  return addressTexts(first);
}

type AddressInfo = z.infer<typeof Interfaces>[number]['addr_info'][number];

function addressesOf({addr_info}: z.infer<typeof Interfaces>[number]): AddressInfo[] {
  return addr_info;
}

function addressTexts(infos: readonly AddressInfo[]): string[] {
  return infos.map(({local, prefixlen}) => `${local}/${prefixlen}`);
}
