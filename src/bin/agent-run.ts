import {hostname, networkInterfaces} from 'node:os';
import {watch} from 'chokidar';
import {createAgent} from '../agent/agent.ts';
import {createHostDrain} from '../agent/drain.ts';
import {followStore} from '../agent/follow.ts';
import {followAddress} from '../agent/follow-address.ts';
import {createForeignChanges} from '../agent/foreign-changes.ts';
import {createHistory} from '../agent/history.ts';
import {tellHostAddresses} from '../agent/host-addresses.ts';
import {createAgentMetrics} from '../agent/metrics.ts';
import {createReporter} from '../agent/reporter.ts';
import {startAgentServers} from '../agent/server.ts';
import {readStatus, stateStatus} from '../agent/status.ts';
import {tellManager} from '../agent/tell-manager.ts';
import {templateSource} from '../agent/template-source.ts';
import {createReadSelf} from '../config/host.ts';
import type {Config} from '../config/schema.ts';
import {messageOf} from '../core/errors.ts';
import type {NodeState, Self} from '../core/node-state.ts';
import {vipMetric} from '../core/route-protocol.ts';
import {gatewaysOf} from '../core/vital-addresses.ts';
import {createDrivers} from '../drivers/drivers.ts';
import {createKernelMonitor} from '../drivers/kernel-monitor.ts';
import {createKernelView} from '../drivers/kernel-view.ts';
import {readTemplates} from '../drivers/templates.ts';
import {createMirror} from '../store/mirror.ts';
import {createTables} from '../store/tables.ts';
import {systemClock} from '../system/clock.ts';
import {systemFiles} from '../system/file-system.ts';
import {followLines} from '../system/follow-lines.ts';
import {createLogger} from '../system/log.ts';
import {createServiceManager} from '../system/notify.ts';
import {createRun} from '../system/run.ts';
import {createShellRun} from '../system/shell.ts';
import {onStopSignal} from '../system/signals.ts';
import {version} from '../system/version.ts';
import {createAgentCache, tellBoth} from './agent-cache.ts';
import {createAgentEndpoints} from './agent-endpoints.ts';
import {createAgentVips} from './agent-vips.ts';
import {openStore, splitListen} from './program.ts';

const noTemplates: NodeState['templates'] = [];

// There may be thousands of agents, and what they do does not hang on the second.
const storeProbeMs = 10_000;

/** Builds the agent out of its parts and runs it until SIGTERM. What it made on the host stays when it stops. */
export async function runAgent(config: Config): Promise<void> {
  const {publish, socket, metrics: metricsListen} = config.agent;
  const log = createLogger(config.logLevel).child({program: 'agent'});
  const signal = onStopSignal();
  const run = createShellRun();
  const clock = systemClock;
  const readSelf = createReadSelf({
    host: config.host,
    run,
    hostname: hostname(),
    interfaces: networkInterfaces,
    onUnknown: reason => log.warn({reason}, 'address of this host is not known any more, the last one stays'),
  });
  // At boot the network may come later than this program.
  let self: Self = {name: config.host.name ?? hostname(), addresses: []};
  let whyUnknown: string | undefined;
  const selfKnown = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => selfKnown.resolve(), {once: true});
  const settings = config.agent;
  const onDue = () => agent.nudge();
  const view = createKernelView({
    run,
    now: () => performance.now(),
    onForeign(what) {
      foreign(what);
      if (what === 'machine') vips?.nudge();
    },
    onConnected: () => agent.nudge(),
    onDisconnected: reason => log.warn({reason}, 'changes in the kernel may be noticed later'),
  });
  const drivers = createDrivers({run: view.run, readKernel: view.read, files: systemFiles, clock, settings, publish, onLanded: onDue});
  const {steps, routeSteps, endpointSteps, bird, readKernelFacts, readSessions} = drivers;
  const isOnTrial = () => bird?.status().trial !== undefined;
  const drain = createHostDrain({questions: {...drivers, isOnTrial}, clock, log: log.child({part: 'drain'}), onDue});

  const history = createHistory([...steps, ...routeSteps, ...endpointSteps].map(({name}) => name));
  const endpoints = createAgentEndpoints({
    config: config.agent,
    run,
    log: log.child({part: 'endpoints'}),
    agent: () => agent,
    history,
    drivers: endpointSteps.map(({name}) => name),
    distrust: view.distrust,
  });
  const known = {mirror: () => mirror, cached: () => cache.inUse, waitsFor: () => whyUnknown};
  const status = () =>
    readStatus({
      ...known,
      self: () => agent.node?.self ?? self,
      version,
      history,
      readAnnounced: drivers.readLiveRoutes,
      bird,
      prefixes: publish.prefixes,
      drain: () => drain.status,
      vips: () => vips,
      endpoints: endpoints.report,
      readSessions,
    });
  const metrics = createAgentMetrics(status);
  const readFacts = async (withFiles: boolean) => {
    const reading = withFiles ? readTemplates(systemFiles, publish.templates) : noTemplates;
    const [kernel, templates, present] = await Promise.all([readKernelFacts(withFiles), reading, readSelf()]);
    return {...kernel, templates, self: present};
  };
  const agent = createAgent({
    settings,
    lanes: {
      routes: {steps: routeSteps, settleMs: 5, minIntervalMs: 100},
      endpoints: {steps: endpointSteps, settleMs: 0, minIntervalMs: 20, readFacts: endpoints.readFacts},
      host: {steps, settleMs: publish.settleMs, minIntervalMs: publish.minIntervalMs},
    },
    readFacts,
    readKept: async () => bird?.readKept(),
    drain,
    vips: () => vips,
    history,
    metrics,
    clock,
    log,
  });
  const foreign = createForeignChanges(agent);

  const {store, keys} = await openStore(config.etcd, {probeMs: storeProbeMs});
  const onUnreadable = (key: string, reason: string) => log.error({key, reason}, 'stored value cannot be read, the last good one stays');
  const {vips, close: closeVips} = await createAgentVips({
    config,
    hostName: self.name,
    clock,
    log: log.child({part: 'vips'}),
    signal,
    self: () => agent.node?.self ?? self,
    gateways: () => gatewaysOf(agent.node?.mainRoutes ?? [], config.etcd.endpoints),
    mirror: () => mirror,
    onChange: () => agent.nudge(),
  });
  const follower = followStore({
    hostName: self.name,
    createTables: onChange => createTables({keys, onUnreadable, onChange}),
    offer: state => agent.offer(state),
    ...(vips && {vips: vips.listener}),
  });
  const cache = createAgentCache({
    config,
    hostName: self.name,
    keys,
    clock,
    log: log.child({part: 'cache'}),
    mirror: () => mirror,
    createTables: () => createTables({keys, onUnreadable}),
    offer: state => agent.offerCached(state),
  });
  const mirror = createMirror({
    store,
    keys,
    listener: tellBoth(cache, follower),
    clock,
    log: log.child({part: 'store'}),
    // One key for all of them: they come and go, and each waits for its own revision of it.
    id: 'agents',
  });

  const reporter = createReporter({
    host: self.name,
    keys,
    store,
    clock,
    log: log.child({part: 'report'}),
    readStatus: status,
    isMember: () => agent.node?.state.hosts.has(self.name) === true,
  });

  const addressTelling = {
    host: self.name,
    keys,
    store,
    clock,
    log: log.child({part: 'addresses'}),
    readNode: () => (cache.inUse ? undefined : agent.node),
  };

  const showAddresses = ({addresses}: Self) => addresses.map(({address}) => address);
  const onAddressUnknown = (reason: string) => {
    whyUnknown = reason;
    log.warn({reason}, 'address of this host is not known yet, nothing is done before it is');
  };
  const onAddressKnown = (known: Self) => {
    self = known;
    whyUnknown = undefined;
    selfKnown.resolve();
    log.info({addresses: showAddresses(known)}, 'address of this host is known');
  };
  const onOtherAddress = (other: Self) => {
    log.warn({addresses: showAddresses(other)}, 'this host has another address');
    agent.nudge();
  };

  const servers = await startAgentServers({
    socket,
    metricsListen: splitListen(metricsListen),
    readStatus: status,
    readTemplateData: () => agent.node && templateSource(agent.node),
    readMetrics: () => metrics.registry.metrics(),
    readObjects: () => agent.readObjects(),
    endpoints,
  });
  const watcher = watch(publish.templates, {ignoreInitial: true, depth: 0})
    .on('all', () => agent.nudge())
    // A link that leads to itself, for one. What the folder holds is looked at every few seconds anyway.
    .on('error', error => log.warn({reason: messageOf(error)}, 'changes of templates may be noticed later'));
  const monitor = createKernelMonitor({
    follow: followLines,
    files: systemFiles,
    listener: view.listener,
    addressMark: `metric ${vipMetric}`,
  });
  log.info({host: self.name, version}, 'agent is running');
  const manager = createServiceManager(createRun(), process.env);
  await manager.ready();
  try {
    const following = followAddress(
      {readSelf, clock, onUnknown: onAddressUnknown, onKnown: onAddressKnown, onChange: onOtherAddress},
      signal,
    );
    const reconciling = selfKnown.promise.then(() => agent.run(signal));
    const telling = tellManager({manager, clock, readFacts: () => ({...stateStatus(known), pass: history.last})}, signal);
    await Promise.all([
      mirror.run(signal),
      cache.run(signal),
      reconciling,
      drain.run(signal),
      reporter.run(signal),
      tellHostAddresses(addressTelling, signal),
      vips?.run(signal),
      following,
      telling,
    ]);
  } finally {
    monitor.close();
    foreign.close();
    await watcher.close();
    await servers.close();
    closeVips();
    store.close();
  }
}
