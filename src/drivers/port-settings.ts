import type {PortSetting} from '../core/desired-endpoint-ports.ts';
import type {Run} from '../system/run.ts';

/** Where the kernel keeps each setting of an interface, below /proc/sys/net. */
const paths: Readonly<Record<PortSetting, (dev: string) => string>> = {
  forwarding: dev => `ipv4/conf/${dev}/forwarding`,
  proxy_arp: dev => `ipv4/conf/${dev}/proxy_arp`,
  rp_filter: dev => `ipv4/conf/${dev}/rp_filter`,
  proxy_delay: dev => `ipv4/neigh/${dev}/proxy_delay`,
  accept_ra: dev => `ipv6/conf/${dev}/accept_ra`,
  disable_ipv6: dev => `ipv6/conf/${dev}/disable_ipv6`,
};

export const portSettings: readonly PortSetting[] = ['forwarding', 'proxy_arp', 'rp_filter', 'proxy_delay', 'accept_ra', 'disable_ipv6'];

export type PortSettings = Readonly<Partial<Record<PortSetting, string>>>;

export interface PortSettingsReader {
  /** The settings of interfaces, by interface; those that the kernel does not have are missing. All from one process. */
  read(devices: readonly string[]): Promise<ReadonlyMap<string, PortSettings>>;
  /** What has been read does not hold any more. */
  forget(): void;
}

export interface Freshness {
  /** For how long what was read of the same interfaces serves, in milliseconds. */
  readonly maxAgeMs: number;
  now(): number;
}

/** Creates the reader. The kernel tells nobody of its settings, and to look costs a process. */
export function createPortSettingsReader(run: Run, {maxAgeMs, now}: Freshness): PortSettingsReader {
  let last: {readonly key: string; readonly at: number; readonly settings: ReadonlyMap<string, PortSettings>} | undefined;
  return {
    async read(devices) {
      const [key, at] = [devices.join(' '), now()];
      if (last === undefined || last.key !== key || at - last.at >= maxAgeMs) last = {key, at, settings: await readSettings(run, devices)};
      return last.settings;
    },
    forget() {
      last = undefined;
    },
  };
}

async function readSettings(run: Run, devices: readonly string[]): Promise<ReadonlyMap<string, PortSettings>> {
  const files = devices.flatMap(dev => portSettings.map(setting => ({dev, setting, path: paths[setting](dev)})));
  if (files.length === 0) return new Map();
  const output = await run('sh', ['-c', 'cd /proc/sys/net; grep -sH . "$@"; true', 'sh', ...files.map(({path}) => path)]);
  const values = new Map(output.split('\n').map(line => [line.slice(0, line.lastIndexOf(':')), line.slice(line.lastIndexOf(':') + 1)]));
  const found = new Map<string, Partial<Record<PortSetting, string>>>(devices.map(dev => [dev, {}]));
  for (const {dev, setting, path} of files) {
    const value = values.get(path);
    const settings = found.get(dev);
    if (value !== undefined && settings !== undefined) settings[setting] = value;
  }
  return found;
}

/** Sets settings of an interface; undefined stands for what a new one has. Throws an error that names the first that cannot be set. */
export async function writePortSettings(
  run: Run,
  dev: string,
  settings: Readonly<Partial<Record<PortSetting, string | undefined>>>,
): Promise<void> {
  // Of neighbours there are no defaults in a network namespace of its own; nobody sets them for the loopback.
  const lines = portSettings.flatMap(setting => {
    if (!Object.hasOwn(settings, setting)) return [];
    const value = settings[setting];
    return [`${paths[setting](dev)} ${value ?? '-'} ${paths[setting](setting === 'proxy_delay' ? 'lo' : 'default')}`];
  });
  if (lines.length === 0) return;
  const script =
    'cd /proc/sys/net; while read -r file value like; do [ -e "$file" ] || continue; [ "$value" != - ] || value=$(cat "$like"); echo "$value" > "$file" || exit 1; done';
  await run('sh', ['-c', script], {input: `${lines.join('\n')}\n`});
}
