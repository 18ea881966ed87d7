import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {loadavg} from 'node:os';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';
import {stringify} from 'yaml';
import {fetchAgentStatus} from '../../src/agent/client.ts';
import {desiredNeighbourRoutes} from '../../src/core/desired-neighbour-routes.ts';
import type {NodeState} from '../../src/core/node-state.ts';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {vipMetric} from '../../src/core/route-protocol.ts';
import type {Block, Host} from '../../src/core/state.ts';
import {mainRoutesOf} from '../../src/drivers/kernel.ts';
import {createKernelMonitor} from '../../src/drivers/kernel-monitor.ts';
import {createKernelView} from '../../src/drivers/kernel-view.ts';
import {createNeighbourRoutes} from '../../src/drivers/neighbour-routes.ts';
import {reconcile} from '../../src/reconcile/reconcile.ts';
import {step} from '../../src/reconcile/step.ts';
import {createEtcdStore} from '../../src/store/etcd.ts';
import {createKeys} from '../../src/store/keys.ts';
import {systemFiles} from '../../src/system/file-system.ts';
import {followLines} from '../../src/system/follow-lines.ts';
import {createRun} from '../../src/system/run.ts';
import {createShellRun} from '../../src/system/shell.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {nodeState} from '../helpers/node-state.ts';
import {waitFor} from '../helpers/wait.ts';

// Runs in a network namespace of its own (routes.bench.ts), with hosts that are on the link but not there: only the routes to them matter.

export interface RouteSamples {
  readonly initial: readonly number[];
  readonly batch: readonly number[];
  readonly change: readonly number[];
  readonly byHand: readonly number[];
  readonly replace: readonly number[];
  readonly idle: {readonly seconds: number; readonly cpuSeconds: number; readonly memoryMiB: number; readonly processes: string};
  readonly load: string;
}

const size = Number(process.env['SIZE'] ?? 10_000);
const hostCount = 2000;
const idleSeconds = Number(process.env['IDLE'] ?? 60);
const program = path.resolve(import.meta.dirname, '../../bin/romana');
const undo: (() => unknown)[] = [];
const scope = {teardown: (action: () => unknown) => void undo.push(action)};
const run = createRun();
const ip = (line: string) => run('ip', line.split(' '));

// Neighbouring blocks have different hosts, so that none can be joined.
const hosts: Host[] = Array.from({length: hostCount}, (_, index) => ({
  name: `host-${index}`,
  ip: parseAddress(`172.16.${(index + 1) >> 8}.${(index + 1) & 255}`),
  agentPort: 9604,
  drained: false,
  tags: {},
  groups: {},
}));
const blocks: Block[] = Array.from({length: size}, (_, index) => ({
  cidr: parsePrefix(`10.${index >> 13}.${(index >> 5) & 255}.${(index & 31) * 8}/29`),
  host: `host-${1 + ((index * 7) % (hostCount - 1))}`,
  tenant: 't',
  segment: '',
}));

try {
  process.stdout.write(JSON.stringify(await measure()));
} finally {
  for (const action of undo.toReversed()) await action();
}
process.exit(0);

async function measure(): Promise<RouteSamples> {
  const folder = await temporaryFolder(scope);
  await mkdir(path.join(folder, 'iproute2'));
  await run('mount', ['--bind', path.join(folder, 'iproute2'), '/etc/iproute2']);
  await ip('link set lo up');
  await ip('link add eth0 type veth peer name far0');
  for (const device of ['eth0', 'far0']) await ip(`link set ${device} up`);
  await ip('address add 172.16.0.1/12 dev eth0');
  const {initial, batch} = await measureInitial();
  await ip('route flush table 10');
  return {initial, batch, ...(await measureAgent(folder)), load: loadavg()[0]?.toFixed(2) ?? ''};
}

/** The drivers as the agent runs them, beside the same lines given to `ip` by hand. */
async function measureInitial(): Promise<Pick<RouteSamples, 'initial' | 'batch'>> {
  const connected = Promise.withResolvers<void>();
  const view = createKernelView({
    run: createShellRun(),
    now: () => performance.now(),
    onForeign: () => undefined,
    onConnected: connected.resolve,
  });
  const monitor = createKernelMonitor({
    follow: followLines,
    files: systemFiles,
    listener: view.listener,
    addressMark: `metric ${vipMetric}`,
  });
  await connected.promise;
  let lines = '';
  const driver = createNeighbourRoutes(
    (command, args, options) => {
      lines = options?.input ?? '';
      return view.run(command, args, options);
    },
    10,
    view.read,
  );
  const steps = [step<NodeState, ReturnType<typeof desiredNeighbourRoutes>[number]>(driver, desiredNeighbourRoutes)];
  const state = {hosts: new Map(hosts.map(host => [host.name, host])), blocks: new Map(blocks.map(block => [block.cidr, block]))};
  const base = nodeState({name: 'host-0', addresses: ['172.16.0.1/12'], state});
  const initial: number[] = [];
  const batch: number[] = [];
  for (let turn = 0; turn < 13; turn++) {
    const start = performance.now();
    const node = view.read().then(kernel => ({...base, mainRoutes: mainRoutesOf(kernel), interfaces: kernel.interfaces}));
    const [result] = await reconcile(steps, node);
    const took = performance.now() - start;
    if (result?.error !== undefined || result?.changes !== size) throw result?.error ?? new Error(`${result?.changes} routes were made`);
    await ip('route flush table 10');
    await sleep(200);
    const handStart = performance.now();
    await run('ip', ['-4', '-force', '-batch', '-'], {input: lines});
    const tookByHand = performance.now() - handStart;
    await ip('route flush table 10');
    await sleep(200);
    // The first ones warm up.
    if (turn < 3) continue;
    initial.push(took);
    batch.push(tookByHand);
  }
  monitor.close();
  return {initial, batch};
}

async function measureAgent(folder: string): Promise<Pick<RouteSamples, 'change' | 'byHand' | 'replace' | 'idle'>> {
  const endpoint = 'http://127.0.0.1:2379';
  const etcd = spawn('etcd', [`--data-dir=${path.join(folder, 'etcd')}`, '--listen-peer-urls=http://127.0.0.1:0'], {stdio: 'ignore'});
  scope.teardown(async () => {
    etcd.kill('SIGKILL');
    await once(etcd, 'exit');
  });
  const store = createEtcdStore({endpoints: [endpoint]});
  const keys = createKeys('/romana');
  await waitFor('etcd answers', () =>
    store.get(keys.topology).then(
      () => true,
      () => false,
    ),
  );
  const puts = [
    ...hosts.map(({groups: _, ...host}) => ({put: keys.host(host.name), value: JSON.stringify(host)})),
    ...hosts.map(({name}) => ({put: keys.placement(0, name), value: JSON.stringify({host: name, generation: 0, groups: {}})})),
    ...blocks.map(block => ({put: keys.block(block.cidr), value: JSON.stringify(block)})),
  ];
  for (let from = 0; from < puts.length; from += 100) await store.commit({conditions: [], operations: puts.slice(from, from + 100)});

  const socket = path.join(folder, 'agent.sock');
  const config = {
    host: {name: 'host-0', address: '172.16.0.1/12'},
    agent: {socket, stateDir: path.join(folder, 'state'), publish: {enabled: false}, routes: {aggregate: false}},
  };
  await writeFile(path.join(folder, 'romana.yaml'), stringify(config));
  const agent = spawn(program, ['agent', '--config', path.join(folder, 'romana.yaml')], {stdio: ['ignore', 'ignore', 'inherit']});
  scope.teardown(async () => {
    agent.kill('SIGKILL');
    await once(agent, 'exit');
  });
  await waitFor('the agent has made all routes', async () => {
    const status = await fetchAgentStatus(socket).catch(() => undefined);
    return status?.pass?.isGood === true && status.pass.drivers.some(({name, wanted}) => name === 'neighbour-routes' && wanted === size);
  });

  const told = new Map<string, (at: number) => void>();
  const monitor = spawn('ip', ['monitor', 'route'], {stdio: ['ignore', 'pipe', 'inherit']});
  scope.teardown(() => monitor.kill('SIGKILL'));
  createInterface({input: monitor.stdout}).on('line', line => {
    const at = performance.now();
    for (const [text, tell] of told) if (line.includes(text)) tell(at);
  });
  const seen = (text: string) => {
    const {promise, resolve} = Promise.withResolvers<number>();
    told.set(text, resolve);
    return promise.finally(() => told.delete(text));
  };

  const change: number[] = [];
  const byHand: number[] = [];
  const replace: number[] = [];
  for (let turn = 0; turn < 35; turn++) {
    const block = blocks[(turn * 277) % size] ?? blocks[0];
    const owner = hosts[2 + ((turn * 13) % (hostCount - 2))];
    if (block === undefined || owner === undefined || owner.name === block.host) throw new Error('nothing would change');
    // The agent has looked at what was changed by hand.
    await sleep(1200);
    const arrived = seen(`${block.cidr} via ${owner.ip} `);
    await store.commit({conditions: [], operations: [{put: keys.block(block.cidr), value: JSON.stringify({...block, host: owner.name})}]});
    const start = performance.now();
    const limit = sleep(30_000).then(() => {
      throw new Error(`no route to ${block.cidr} after 30 s`);
    });
    const took = (await Promise.race([arrived, limit])) - start;
    await sleep(300);

    const line = `${block.cidr} via 172.16.0.2 dev eth0 onlink table 11 proto static`;
    const handStart = performance.now();
    await ip('route show table 10');
    await ip(`route replace ${line}`);
    const tookByHand = performance.now() - handStart;
    await sleep(300);
    const replaceStart = performance.now();
    await ip(`route replace ${line}`);
    const tookReplace = performance.now() - replaceStart;
    if (turn < 5) continue;
    change.push(took);
    byHand.push(tookByHand);
    replace.push(tookReplace);
  }
  // Past the passes that the last routes by hand have brought.
  await sleep(5000);
  const before = await usageOf(agent.pid ?? 0);
  await sleep(idleSeconds * 1000);
  const after = await usageOf(agent.pid ?? 0);
  const idle = {
    seconds: idleSeconds,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    memoryMiB: after.memoryMiB,
    processes: after.processes,
  };
  return {change, byHand, replace, idle};
}

/** What a process and those that it has started take: processor time, ended children included, and memory that is not shared. */
async function usageOf(pid: number): Promise<{cpuSeconds: number; memoryMiB: number; processes: string}> {
  const ticksPerSecond = 100;
  const all = await Promise.all(
    (await readdir('/proc'))
      .filter(name => /^\d+$/.test(name))
      .map(async name => ({pid: Number(name), fields: await readFile(`/proc/${name}/stat`, 'utf8').then(fieldsOf, () => [])})),
  );
  const family = new Set([pid]);
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const {pid: child, fields} of all) if (family.has(Number(fields[1]))) family.add(child);
  }
  const own = all.filter(({pid: member}) => family.has(member));
  const ticks = own.reduce((sum, {fields}) => sum + fields.slice(11, 15).reduce((part, value) => part + Number(value), 0), 0);
  const sizes = await Promise.all(
    own.map(async ({pid: member}) => Number(/^Pss:\s+(\d+)/m.exec(await readFile(`/proc/${member}/smaps_rollup`, 'utf8'))?.[1])),
  );
  const names = await Promise.all(own.map(async ({pid: member}) => (await readFile(`/proc/${member}/comm`, 'utf8')).trim()));
  const memoryMiB = Math.round(sizes.reduce((sum, kib) => sum + kib, 0) / 1024);
  return {
    cpuSeconds: ticks / ticksPerSecond,
    memoryMiB,
    processes: names.map((name, index) => `${name} ${Math.round((sizes[index] ?? 0) / 1024)}`).join(', '),
  };
}

/** The fields after the name of the program, which may hold anything. */
function fieldsOf(text: string): string[] {
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
