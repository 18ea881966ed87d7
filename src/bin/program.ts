import type {Command} from 'commander';
import {parseConfig} from '../config/load.ts';
import type {Config} from '../config/schema.ts';
import {InputError} from '../core/errors.ts';
import type {EtcdOptions, EtcdStore} from '../store/etcd.ts';
import {createKeys, type Keys} from '../store/keys.ts';
import {readFileIfPresent} from '../system/files.ts';
import {readNamed} from './named-file.ts';

const defaultConfigFile = '/etc/romana/romana.yaml';

/** The flags that every long-running program has. */
export function addProgramOptions(command: Command): Command {
  return command
    .option('--config <file>', `configuration file (default: $ROMANA_CONFIG or ${defaultConfigFile})`)
    .option('--check-config', 'print the effective configuration and exit')
    .option('--log-level <level>', 'fatal, error, warn, info, debug or trace')
    .option('--etcd-endpoints <urls>', 'comma-separated URLs of etcd', splitList)
    .option('--etcd-prefix <prefix>', 'the prefix of all keys in etcd');
}

export interface ProgramFlags {
  readonly config?: string;
  readonly checkConfig?: boolean;
  readonly logLevel?: string;
  readonly etcdEndpoints?: readonly string[];
  readonly etcdPrefix?: string;
  readonly listen?: string;
  readonly hostName?: string;
  readonly hostAddress?: readonly string[];
}

/** Reads the configuration of a program from flags, environment and file. */
export async function loadConfig(flags: ProgramFlags): Promise<Config> {
  return parseConfig({
    file: await readConfigFile(flags.config ?? process.env['ROMANA_CONFIG']),
    environment: process.env,
    flags: nest(flags),
  });
}

/** Opens etcd as configured; reads the files that hold keys and the password. Throws InputError that names the setting and the file. */
export async function openStore(
  etcd: Config['etcd'],
  options: Pick<EtcdOptions, 'probeMs' | 'deadlineMs'> = {},
): Promise<{store: EtcdStore; keys: Keys}> {
  // Only here: those who read the configuration and nothing else start quickly.
  const {createEtcdStore} = await import('../store/etcd.ts');
  const {parseCredentials, parsePassword} = await import('../store/etcd-credentials.ts');
  const {endpoints, prefix, tls, username, passwordFile} = etcd;
  const read = async (setting: string, path: string) => ({setting, path, content: await readNamed(setting, path)});
  const credentials =
    tls &&
    parseCredentials({
      ca: await read('etcd.tls.ca', tls.ca),
      ...(tls.cert !== undefined && {cert: await read('etcd.tls.cert', tls.cert)}),
      ...(tls.key !== undefined && {key: await read('etcd.tls.key', tls.key)}),
    });
  const auth =
    username === undefined || passwordFile === undefined
      ? undefined
      : {username, password: parsePassword(await read('etcd.passwordFile', passwordFile))};
  const store = createEtcdStore({
    endpoints,
    ...(credentials && {credentials}),
    ...(auth && {auth}),
    ...options,
  });
  return {store, keys: createKeys(prefix)};
}

/** "[::1]:9600" as host and port. */
export function splitListen(listen: string): {host: string; port: number} {
  const colon = listen.lastIndexOf(':');
  return {host: listen.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(listen.slice(colon + 1))};
}

export function splitList(text: string): string[] {
  return text.split(',').map(part => part.trim());
}

async function readConfigFile(named: string | undefined) {
  const file = named ?? defaultConfigFile;
  const text = await readFileIfPresent(file);
  if (text === undefined && named !== undefined)
    throw new InputError('ERR_CONFIG', `cannot read the configuration file ${file}: there is no such file`);
  return text === undefined ? undefined : {path: file, text};
}

function nest({logLevel, etcdEndpoints, etcdPrefix, listen, hostName, hostAddress}: ProgramFlags): Record<string, unknown> {
  const sections: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    etcd: {endpoints: etcdEndpoints, prefix: etcdPrefix},
    daemon: {listen},
    host: {name: hostName, address: hostAddress},
  };
  const given = Object.entries(sections).map(([name, section]) => [name, withoutUndefined(section)] as const);
  // A section without any flag must not stand in for one that the file has wrong.
  return {...withoutUndefined({logLevel}), ...Object.fromEntries(given.filter(([, section]) => Object.keys(section).length > 0))};
}

function withoutUndefined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
