import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import path from 'node:path';
import {performance} from 'node:perf_hooks';
import {createInterface} from 'node:readline';
import {Etcd3} from 'etcd3';
import {joinPrefixes, type Prefix, parsePrefix} from '../../src/core/prefix.ts';
import {startEmbeddedEtcd} from '../../src/store/embedded-etcd.ts';
import {systemClock} from '../../src/system/clock.ts';
import {createLogger} from '../../src/system/log.ts';
import {waitFor} from '../helpers/wait.ts';
import {type Benchmark, percentile} from './benchmark.ts';
import {createLoadClient, type Load, type LoadClient, load} from './http-load.ts';

const racks = 40;
const hostsPerRack = 50;
const many = 100_000;
const root = path.resolve(import.meta.dirname, '../..');

/** The real daemon over HTTP on a real etcd, which syncs every write to the disk, beside single puts by the same client library in the same run. */
export const benchmark: Benchmark = {
  title: `addresses over HTTP, ${racks} racks of ${hostsPerRack} hosts; puts are one after the other`,
  async run() {
    const folder = await mkdtemp(path.join(root, '.cache/bench-'));
    const etcd = await startEmbeddedEtcd({directory: folder, port: 0, clock: systemClock, log: createLogger('error')});
    let daemon = await startDaemon(etcd.endpoint);
    try {
      await setUp(daemon.client);
      const fleet = createFleet(() => daemon.client);
      await fleet.grow(1000);
      const early = await measureSequential(etcd.endpoint, fleet);
      const parallel = await load(20_000, 64, () => fleet.allocate());
      await fleet.grow(many);
      const late = await measureSequential(etcd.endpoint, fleet);
      const {readySeconds, restarted} = await restart(daemon, etcd.endpoint);
      daemon = restarted;
      const memory = await memoryOf(daemon.child);
      await fleet.churn(many);
      const {spine, mean, least} = await routesOf(daemon.client);

      const cost = percentile(late.sequential.samples, 0.5) / percentile(early.sequential.samples, 0.5);
      return {
        rows: {
          'etcd: single puts': rowOf(early.puts),
          'one after the other, among 1,000: nearly all in new blocks': rowOf(early.sequential),
          'allocations, 64 in flight': rowOf(parallel),
          'etcd: single puts, among 100,000': rowOf(late.puts),
          'one after the other, among 100,000: in blocks that are there': rowOf(late.sequential),
        },
        summary: [
          verdict('one after the other, in new blocks', ratioOf(early), 0.6, '× the rate of single puts'),
          verdict('one after the other, in blocks that are there', ratioOf(late), 0.6, '× the rate of single puts'),
          verdict('64 in flight', parallel.perSecond / early.puts.perSecond, 2, '× the rate of single puts'),
          `cost of an allocation among ${many} addresses: ${cost.toFixed(2)} × that among 1,000 (limit 1.3): ${reached(cost <= 1.3)}`,
          `restart to ready with ${many} addresses: ${readySeconds.toFixed(2)} s (limit 5): ${reached(readySeconds < 5)}; memory ${memory} MB`,
          `after ${many} random allocations and releases a spine carries ${spine} prefixes (${racks}): ${reached(spine === racks)}`,
          `routes that a host announces with "prefixes: aggregate": mean ${mean.toFixed(2)}, the least for its blocks ${least.toFixed(2)}: ` +
            `${(mean / least).toFixed(2)} × (limit 1.5): ${reached(mean / least <= 1.5)}`,
        ],
      };
    } finally {
      await daemon.stop();
      await etcd.stop();
      await rm(folder, {recursive: true, force: true});
    }
  },
};

interface Daemon {
  readonly client: LoadClient;
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

async function startDaemon(endpoint: string): Promise<Daemon> {
  const args = ['daemon', '--listen', '127.0.0.1:0', '--etcd-endpoints', endpoint];
  const child = spawn(path.join(root, 'bin/romana'), args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {...process.env, ROMANA_CONFIG: undefined},
  });
  const listen = await new Promise<string>((resolve, reject) => {
    createInterface({input: child.stdout}).on('line', line => {
      const {msg, listen: address} = line.startsWith('{') ? JSON.parse(line) : {};
      if (msg === 'daemon is listening') resolve(address);
    });
    child.once('exit', code => reject(new Error(`the daemon has ended with status ${code}`)));
  });
  const client = createLoadClient(`http://${listen}`, 64);
  await waitFor('the daemon is ready', async () => (await client.request('GET', '/readyz')).status === 200, 60_000);
  return {
    client,
    child,
    async stop() {
      client.close();
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

const hostName = (index: number) => `host-${index}`;

async function setUp(client: LoadClient): Promise<void> {
  const map = Array.from({length: racks}, (_, rack) => ({
    name: `rack-${rack}`,
    hosts: Array.from({length: hostsPerRack}, (__, host) => {
      const index = rack * hostsPerRack + host;
      return {name: hostName(index), ip: `172.16.${index >> 8}.${index & 255}`};
    }),
  }));
  const topology = {networks: [{name: 'net', cidr: '10.0.0.0/8', block_mask: 29}], topologies: [{networks: ['net'], map}]};
  const {status, body} = await client.request('POST', '/topology', topology);
  if (status !== 200) throw new Error(`cannot set up: ${JSON.stringify(body)}`);
}

/** Endpoints on hosts by chance, as many of a tenant each. */
function createFleet(client: () => LoadClient) {
  const names: string[] = [];
  let count = 0;
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const expectOk = async (method: string, url: string, body?: unknown) => {
    const answer = await client().request(method, url, body);
    if (answer.status !== 200) throw new Error(`${method} ${url}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  const allocate = async () => {
    const name = `endpoint-${count++}`;
    await expectOk('POST', '/address', {name, host: hostName(random(racks * hostsPerRack)), tenant: 'tenant', segment: `s${random(2)}`});
    names.push(name);
  };
  const release = async () => {
    const index = random(names.length);
    const name = names[index] ?? '';
    names[index] = names.at(-1) ?? '';
    names.pop();
    await expectOk('DELETE', `/address?addressName=${name}`);
  };
  return {
    allocate,
    async grow(to: number) {
      await load(Math.max(0, to - names.length), 64, allocate);
    },
    async churn(times: number) {
      await load(times, 64, () => (random(2) === 0 ? allocate() : release()));
    },
  };
}

type Fleet = ReturnType<typeof createFleet>;

interface Sequential {
  readonly puts: Load;
  readonly sequential: Load;
}

function ratioOf({puts, sequential}: Sequential): number {
  return sequential.perSecond / puts.perSecond;
}

/** In turns with single puts by the same client library, so that a moment in which the machine is slow is one for both. */
async function measureSequential(endpoint: string, fleet: Fleet): Promise<Sequential> {
  const client = new Etcd3({hosts: endpoint});
  const value = JSON.stringify({
    name: 'endpoint-00000',
    ip: '10.000.000.000',
    block: '10.000.000.000/29',
    host: 'host-0000',
    tenant: 'tenant',
    segment: 's0',
    allocatedAt: new Date(0).toISOString(),
  });
  let key = 0;
  const put = async () => client.put(`/bench/${String(key++).padStart(12, '0')}`).value(value);
  await load(1000, 1, put);
  const [puts, sequential]: [Load[], Load[]] = [[], []];
  for (let turn = 0; turn < 25; turn++) {
    puts.push(await load(100, 1, put));
    sequential.push(await load(100, 1, () => fleet.allocate()));
  }
  client.close();
  return {puts: joinLoads(puts), sequential: joinLoads(sequential)};
}

function joinLoads(loads: readonly Load[]): Load {
  const samples = loads.flatMap(part => part.samples);
  return {samples, perSecond: (samples.length / samples.reduce((sum, sample) => sum + sample, 0)) * 1000};
}

async function restart(daemon: Daemon, endpoint: string): Promise<{readySeconds: number; restarted: Daemon}> {
  daemon.child.kill('SIGKILL');
  await once(daemon.child, 'exit');
  daemon.client.close();
  const start = performance.now();
  const restarted = await startDaemon(endpoint);
  return {readySeconds: (performance.now() - start) / 1000, restarted};
}

async function memoryOf({pid}: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

/** How many prefixes a spine has to know, and how many a host announces, beside the least that would do for as many blocks wherever they lay. */
async function routesOf(client: LoadClient): Promise<{spine: number; mean: number; least: number}> {
  const {body} = await client.request('GET', '/blocks');
  const {blocks} = body as {blocks: readonly {cidr: string; host: string}[]};
  const byHost = new Map<string, Prefix[]>();
  for (const {cidr, host} of blocks) if (host !== '') byHost.set(host, [...(byHost.get(host) ?? []), parsePrefix(cidr)]);
  const announced = [...byHost.values()].map(prefixes => joinPrefixes(prefixes).length);
  const least = [...byHost.values()].map(prefixes => leastCover(prefixes));
  const used = new Set([...byHost.keys()].map(host => Math.floor(Number(host.slice('host-'.length)) / hostsPerRack)));
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  return {spine: used.size, mean: mean(announced), least: mean(least)};
}

/** The fewest prefixes that cover exactly these, by trying from the largest down: slower than joinPrefixes, and written another way. */
function leastCover(prefixes: readonly Prefix[]): number {
  const slots = new Set(prefixes.map(prefix => slotOf(prefix)));
  let count = 0;
  for (let size = 2 ** 20; size >= 1; size /= 2) {
    for (const slot of [...slots]) {
      if (slot % size !== 0) continue;
      if (size > slots.size) continue;
      const run = Array.from({length: size}, (_, index) => slot + index);
      if (!run.every(other => slots.has(other))) continue;
      for (const other of run) slots.delete(other);
      count += 1;
    }
  }
  return count;
}

function slotOf(prefix: Prefix): number {
  const [a = 0, b = 0, c = 0, d = 0] = prefix.split('/')[0]?.split('.').map(Number) ?? [];
  return (((a * 256 + b) * 256 + c) * 256 + d) / 8;
}

function rowOf({samples, perSecond}: Load): Record<string, number> {
  const round = (value: number) => Math.round(value * 100) / 100;
  return {
    'per second': Math.round(perSecond),
    p50: round(percentile(samples, 0.5)),
    p99: round(percentile(samples, 0.99)),
    max: round(percentile(samples, 1)),
    n: samples.length,
  };
}

function verdict(what: string, ratio: number, wanted: number, unit: string): string {
  return `${what}: ${ratio.toFixed(2)} ${unit} (at least ${wanted}): ${reached(ratio >= wanted)}`;
}

function reached(is: boolean): string {
  return is ? 'reached' : 'NOT reached';
}
