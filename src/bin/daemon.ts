import type {AddressInfo} from 'node:net';
import {hostname} from 'node:os';
import {createSecureContext} from 'node:tls';
import {Command, InvalidArgumentError} from 'commander';
import {printConfig} from '../config/print.ts';
import type {Config} from '../config/schema.ts';
import {InputError, messageOf} from '../core/errors.ts';
import {createIpamd} from '../ipam/ipamd.ts';
import {createServer} from '../rest/server.ts';
import {type EmbeddedEtcd, startEmbeddedEtcd} from '../store/embedded-etcd.ts';
import {systemClock} from '../system/clock.ts';
import {createLogger, type Logger} from '../system/log.ts';
import {createServiceManager} from '../system/notify.ts';
import {createRun} from '../system/run.ts';
import {onStopSignal} from '../system/signals.ts';
import {version} from '../system/version.ts';
import {readNamed} from './named-file.ts';
import {addProgramOptions, loadConfig, openStore, type ProgramFlags, splitListen} from './program.ts';

interface DaemonFlags extends ProgramFlags {
  readonly embeddedEtcd?: string;
  readonly embeddedEtcdPort: number;
}

/** `romana daemon` (everything on one port) and `romana ipamd` (addresses alone; until policyd is there, the same). */
export function daemonCommand(name: 'daemon' | 'ipamd'): Command {
  return addProgramOptions(new Command(name).description(name === 'daemon' ? 'the REST daemon' : 'the address daemon alone'))
    .option('--listen <address:port>', 'where REST is served')
    .option('--embedded-etcd <dir>', 'start a supervised etcd on loopback, its data in that folder')
    .option('--embedded-etcd-port <port>', 'its port, 0 for any free one', parsePort, 2379)
    .action(async (flags: DaemonFlags) => {
      if (flags.embeddedEtcd !== undefined && flags.etcdEndpoints !== undefined)
        throw new InputError(
          'ERR_USAGE',
          '--embedded-etcd starts an etcd of its own, and --etcd-endpoints names another one: choose one of them',
        );
      const config = await loadConfig(flags);
      if (flags.checkConfig === true) process.stdout.write(printConfig(config));
      else await runDaemon(config, flags);
    });
}

async function runDaemon(config: Config, {embeddedEtcd, embeddedEtcdPort}: DaemonFlags): Promise<void> {
  const log = createLogger(config.logLevel).child({program: 'daemon'});
  const failed = new AbortController();
  const signal = AbortSignal.any([onStopSignal(), failed.signal]);
  const tls = config.daemon.tls && {
    cert: (await readNamed('daemon.tls.cert', config.daemon.tls.cert)).toString(),
    key: (await readNamed('daemon.tls.key', config.daemon.tls.key)).toString(),
  };
  if (tls !== undefined && config.daemon.tls !== undefined) requireUsableTls(tls, config.daemon.tls);
  const token = config.daemon.tokenFile && (await readNamed('daemon.tokenFile', config.daemon.tokenFile)).toString().trim();
  if (token === '')
    throw new InputError('ERR_CONFIG', `daemon.tokenFile: got ${JSON.stringify(config.daemon.tokenFile)}: the file is empty`);
  const topology = await readTopologyFile(config.daemon.topology);

  let etcd: EmbeddedEtcd | undefined;
  if (embeddedEtcd !== undefined)
    etcd = await startEmbeddedEtcd({directory: embeddedEtcd, port: embeddedEtcdPort, clock: systemClock, log});
  const {store, keys} = await openStore(etcd ? {endpoints: [etcd.endpoint], prefix: config.etcd.prefix} : config.etcd);
  const ipamd = createIpamd({
    store,
    keys,
    clock: systemClock,
    log: log.child({part: 'ipam'}),
    id: `${hostname()} ${config.daemon.listen}`,
    cooldownMs: config.daemon.blockCooldownSeconds * 1000,
  });
  const following = Promise.all([ipamd.ledger.run(signal), ipamd.reports.run(signal), ipamd.collector.run(signal)]);
  // Before it is known whether the first topology must be loaded, hosts would find no group.
  let isTopologyDecided = topology === undefined;

  const app = createServer({
    routes: ipamd.routes,
    log: log.child({part: 'rest'}),
    ...(tls && {tls}),
    ...(token !== undefined && {token}),
    whyNotReady() {
      if (ipamd.ledger.ageMs > 0) return 'store is not reachable';
      return ipamd.ledger.fault ?? (isTopologyDecided ? undefined : 'the first topology has not been loaded yet');
    },
    stateAgeSeconds: () => ipamd.ledger.ageMs / 1000,
    metrics: () => ipamd.metrics.registry.metrics(),
    version,
  });
  try {
    await app.listen(splitListen(config.daemon.listen));
    log.info({listen: listenText(app.server.address())}, 'daemon is listening');
    if (topology !== undefined) {
      void loadTopologyOnce(ipamd, topology, log, signal).then(() => {
        isTopologyDecided = true;
      });
    }
    const manager = createServiceManager(createRun(), process.env);
    await manager.ready();
    await Promise.all([manager.keepAlive(systemClock, signal), systemClock.sleep(Infinity, signal)]);
    await manager.stopping();
  } finally {
    failed.abort();
    await app.close();
    await following;
    store.close();
    await etcd?.stop();
  }
}

/** Where it really listens: the port may be any free one. */
function listenText(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return address ?? '';
  return address.family === 'IPv6' ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
}

/** A key that does not fit its certificate would otherwise be told in the words of a library. */
function requireUsableTls(tls: {cert: string; key: string}, files: {cert: string; key: string}): void {
  try {
    createSecureContext(tls);
  } catch (error) {
    throw new InputError('ERR_CONFIG', `daemon.tls: got ${files.cert} and ${files.key}: ${messageOf(error)}`, {cause: error});
  }
}

/** Gives the store its first topology, as soon as it is reachable and if it holds none. */
async function loadTopologyOnce(
  ipamd: ReturnType<typeof createIpamd>,
  topology: {file: string; body: unknown},
  log: Logger,
  signal: AbortSignal,
) {
  const {file, body} = topology;
  while (!signal.aborted) {
    try {
      if (ipamd.ledger.fault !== undefined) throw new Error(ipamd.ledger.fault);
      await ipamd.ledger.sync();
      if (ipamd.ledger.tables.topology !== undefined) return;
      await ipamd.topologies.update(body);
      log.info({file}, 'first topology was loaded');
      return;
    } catch (error) {
      if (error instanceof InputError) {
        log.error({file, reason: messageOf(error)}, 'first topology was refused');
        return;
      }
      await systemClock.sleep(100, signal);
    }
  }
}

async function readTopologyFile(file: string | undefined): Promise<{file: string; body: unknown} | undefined> {
  if (file === undefined) return undefined;
  const text = (await readNamed('daemon.topology', file)).toString();
  try {
    return {file, body: JSON.parse(text)};
  } catch (error) {
    throw new InputError('ERR_CONFIG', `daemon.topology: got ${JSON.stringify(file)}: ${messageOf(error)}`, {cause: error});
  }
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new InvalidArgumentError('expected a port, 0 to 65535');
  return port;
}
