import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {createInterface} from 'node:readline';
import type {ExecutionContext} from 'ava';
import {stringify} from 'yaml';
import {fetchAgentStatus} from '../../src/agent/client.ts';
import type {AgentStatus} from '../../src/agent/status.ts';
import {createKeys} from '../../src/store/keys.ts';
import {createEtcdProcess} from '../helpers/etcd-process.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {createNamespace, type Namespace} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {type AddressRecord, recordAddresses} from './address-record.ts';

/** A host on the segment, in a namespace of its own: 192.168.20.N and 2001:db8::N on eth0. */
export interface SegmentHost {
  readonly name: string;
  readonly namespace: Namespace;
  readonly ip: string;
  /** When each address came and went, as the kernel told it. */
  readonly record: AddressRecord;
  /** What the agents of this host have logged so far. */
  readonly log: readonly Record<string, unknown>[];
  start(): Promise<void>;
  /** Sends the running agent a signal; waits for its end where that is what it means. */
  signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  readonly isRunning: boolean;
  readonly pid: number;
  status(): Promise<AgentStatus>;
  /** Runs bin/romana to its end inside. */
  romana(...args: readonly string[]): Promise<{status: number; stdout: string; stderr: string}>;
  /** Nothing from it reaches etcd any more, while its link stays up. */
  cut(): Promise<void>;
  heal(): Promise<void>;
}

export interface VipSegment {
  /** The bridge, 192.168.20.100 and 2001:db8::100, where etcd runs. */
  readonly switch: Namespace;
  readonly hosts: readonly SegmentHost[];
  readonly etcd: {
    kill(): Promise<void>;
    start(): Promise<void>;
    pause(): void;
    resume(): void;
    ctl(...args: readonly string[]): Promise<string>;
  };
  /** Every link or bridge of the segment that a host is behind. */
  putHost(name: string, drained?: boolean): Promise<void>;
  putVip(name: string, ip: string, hosts?: readonly string[]): Promise<void>;
  deleteKey(key: string): Promise<void>;
  /** Who holds the VIP by the store; undefined where nobody does. */
  holderOf(vip: string): Promise<string | undefined>;
  /** The hosts that have the address now. */
  bearersOf(ip: string): Promise<string[]>;
  /** Waits until just this host has the address, and the store says so; gives its name. */
  settled(vip: string, ip: string, isGood?: (holder: string) => boolean): Promise<string>;
  host(name: string): SegmentHost;
}

export interface VipSegmentOptions {
  readonly hosts?: number;
  readonly leaseSeconds?: number;
  /** Merged into the `agent` section of each host's configuration. */
  readonly agent?: (name: string, folder: string) => object;
}

const program = path.resolve(import.meta.dirname, '../../bin/romana');
const endpoint = 'http://192.168.20.100:2379';
export const keys = createKeys('/romana');

/** Hosts on one segment, and an etcd that all of them reach over it. Agents are started by the test. */
export async function createVipSegment(
  t: ExecutionContext,
  {hosts: count = 3, leaseSeconds = 3, agent = () => ({publish: {enabled: false}})}: VipSegmentOptions = {},
): Promise<VipSegment> {
  const bridge = await createNamespace(t, 'segment');
  await bridge.run('ip', ['link', 'add', 'br0', 'type', 'bridge']);
  await bridge.run('ip', ['address', 'add', '192.168.20.100/24', 'dev', 'br0']);
  await bridge.run('ip', ['address', 'add', '2001:db8::100/64', 'dev', 'br0', 'nodad']);
  await bridge.run('ip', ['link', 'set', 'br0', 'up']);

  const folder = await temporaryFolder(t);
  const etcd = createEtcdProcess(
    t,
    [
      `--data-dir=${folder}/etcd`,
      `--listen-client-urls=${endpoint}`,
      `--advertise-client-urls=${endpoint}`,
      '--listen-peer-urls=http://127.0.0.1:0',
    ],
    bridge.name,
  );
  etcd.start();
  await etcd.ready();
  const ctl = (...args: readonly string[]) => bridge.run('env', ['ETCDCTL_API=3', 'etcdctl', '--endpoints', endpoint, ...args]);
  const put = async (key: string, value: unknown) => void (await ctl('put', key, JSON.stringify(value)));

  const hosts: SegmentHost[] = [];
  for (let index = 1; index <= count; index += 1) hosts.push(await createHost(t, bridge, index, {leaseSeconds, agent}));
  const host = (name: string) => {
    const found = hosts.find(each => each.name === name);
    if (found === undefined) throw new Error(`there is no host ${name}`);
    return found;
  };

  const segment: VipSegment = {
    switch: bridge,
    hosts,
    host,
    etcd: {
      kill: etcd.kill,
      async start() {
        etcd.start();
        await etcd.ready();
      },
      pause: etcd.pause,
      resume: etcd.resume,
      ctl,
    },
    async putHost(name, drained = false) {
      await put(keys.host(name), {name, ip: host(name).ip, agentPort: 9604, drained, tags: {}});
      await put(keys.placement(0, name), {host: name, generation: 0, groups: {}});
    },
    putVip: (name, ip, only = []) => put(keys.vip(name), {name, ip, hosts: only}),
    deleteKey: async key => void (await ctl('del', key)),
    async holderOf(vip) {
      const text = await ctl('get', keys.vipHolder(vip), '--print-value-only');
      return text.trim() === '' ? undefined : JSON.parse(text).host;
    },
    async bearersOf(ip) {
      const found = await Promise.all(
        hosts.map(async ({name, namespace}) => {
          const text = await namespace.run('ip', ['-oneline', 'address', 'show', 'to', ip]);
          return text.trim() === '' ? [] : [name];
        }),
      );
      return found.flat();
    },
    async settled(vip, ip, isGood = () => true) {
      return waitFor(`${vip} has one holder`, async () => {
        const [holder, bearers] = [await segment.holderOf(vip), await segment.bearersOf(ip)];
        return holder !== undefined && bearers.length === 1 && bearers[0] === holder && isGood(holder) ? holder : undefined;
      });
    },
  };
  for (const {name} of hosts) await segment.putHost(name);
  return segment;
}

async function createHost(
  t: ExecutionContext,
  bridge: Namespace,
  index: number,
  {leaseSeconds, agent}: Required<Pick<VipSegmentOptions, 'leaseSeconds' | 'agent'>>,
): Promise<SegmentHost> {
  const name = `host-${index}`;
  const ip = `192.168.20.${index}`;
  const namespace = await createNamespace(t, name);
  await bridge.run('ip', ['link', 'add', `port${index}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace.name]);
  await bridge.run('ip', ['link', 'set', `port${index}`, 'master', 'br0', 'up']);
  await namespace.run('ip', ['address', 'add', `${ip}/24`, 'dev', 'eth0']);
  await namespace.run('ip', ['address', 'add', `2001:db8::${index}/64`, 'dev', 'eth0', 'nodad']);
  await namespace.run('ip', ['link', 'set', 'eth0', 'up']);
  const record = await recordAddresses(t, namespace);

  const folder = await temporaryFolder(t);
  const file = (inner: string) => path.join(folder, inner);
  for (const inner of ['iproute2', 'templates', 'conf.d']) await mkdir(file(inner));
  const socket = file('run/agent.sock');
  const config = {
    etcd: {endpoints: [endpoint]},
    host: {name, address: [`${ip}/24`, `2001:db8::${index}/64`]},
    agent: {socket, stateDir: file('state'), vips: {leaseSeconds}, ...agent(name, folder)},
  };
  await writeFile(file('romana.yaml'), stringify(config));
  const inside = ['netns', 'exec', namespace.name, 'sh', '-c', 'mount --bind "$0" /etc/iproute2 && exec "$@"', file('iproute2'), program];
  const env = {...process.env, ROMANA_CONFIG: file('romana.yaml')};

  const log: Record<string, unknown>[] = [];
  let child: ChildProcess | undefined;
  let stderr = '';
  const isRunning = () => child !== undefined && child.exitCode === null && child.signalCode === null;
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    if (child === undefined || !isRunning()) return;
    const ended = once(child, 'close');
    child.kill(signal);
    await ended;
  };
  t.teardown(() => end('SIGKILL'));
  return {
    name,
    namespace,
    ip,
    record,
    log,
    get isRunning() {
      return isRunning();
    },
    get pid() {
      return child?.pid ?? 0;
    },
    async start() {
      const own = spawn('ip', [...inside, 'agent'], {stdio: ['ignore', 'pipe', 'pipe'], env});
      child = own;
      const before = log.length;
      own.stderr.on('data', chunk => {
        stderr = (stderr + String(chunk)).slice(-10_000);
      });
      createInterface({input: own.stdout}).on('line', line => log.push(line.startsWith('{') ? JSON.parse(line) : {line}));
      await waitFor('the agent runs', () => {
        if (own.exitCode !== null) throw new Error(`the agent has ended with ${own.exitCode}: ${stderr}`);
        return log.slice(before).some(({msg}) => msg === 'agent is running');
      });
    },
    async signal(signal) {
      if (signal === 'SIGTERM' || signal === 'SIGKILL') await end(signal);
      else child?.kill(signal);
    },
    status: () => fetchAgentStatus(socket),
    async romana(...args) {
      const run = spawn('ip', [...inside, ...args], {stdio: ['ignore', 'pipe', 'pipe'], env});
      const output = {stdout: '', stderr: ''};
      for (const stream of ['stdout', 'stderr'] as const) {
        run[stream].on('data', chunk => {
          output[stream] += String(chunk);
        });
      }
      await once(run, 'close');
      return {status: run.exitCode ?? -1, ...output};
    },
    cut: async () => void (await bridge.run('iptables', ['-w', '-I', 'INPUT', '-s', ip, '-p', 'tcp', '-j', 'DROP'])),
    heal: async () => void (await bridge.run('iptables', ['-w', '-D', 'INPUT', '-s', ip, '-p', 'tcp', '-j', 'DROP'])),
  };
}
