import {z} from 'zod';
import {InputError} from '../core/errors.ts';
import type {Self} from '../core/node-state.ts';
import {compareAddresses, parseInterfaceAddress} from '../core/prefix.ts';
import type {Run} from '../system/run.ts';
import type {Config} from './schema.ts';

export interface HostSources {
  readonly run: Run;
  readonly hostname: string;
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
      z.object({family: z.string(), local: z.string(), prefixlen: z.number(), scope: z.string(), temporary: z.boolean().optional()}),
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
  const global = interfaces.flatMap(({addr_info}) => addr_info).filter(({scope, temporary}) => scope === 'global' && temporary !== true);
  const first = ['inet', 'inet6'].flatMap(wanted => global.find(({family}) => family === wanted) ?? []);
  if (first.length === 0) throw new InputError('ERR_CONFIG', `host.address: got nothing, and interface ${device} has no global address`);
  return first.map(({local, prefixlen}) => `${local}/${prefixlen}`);
}
