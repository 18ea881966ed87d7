import {copyFile, mkdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import type {AgentStatus} from '../../src/agent/status.ts';
import {parseProtocols} from '../../src/drivers/bird/protocols.ts';
import {createKeys} from '../../src/store/keys.ts';
import {birdPaths, type RunningBird, startBird} from '../helpers/bird.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {connect, createNamespace, type Namespace} from '../helpers/namespace.ts';
import {type Pinging, startPinging} from '../helpers/ping.ts';
import {waitFor} from '../helpers/wait.ts';
import {type AgentHost, createAgentHost} from './agent-host.ts';

export interface DrainSettings {
  readonly timeoutSeconds?: number;
  readonly prefixes?: 'blocks' | 'groups';
}

/** A host with the real agent and the shipped template, whose ToR honours the community of RFC 8326. */
export interface DrainingHost extends AgentHost {
  readonly bird: RunningBird;
  readonly tor: RunningBird;
  readonly etcd: {kill(): Promise<void>};
  /** What the ToR has from this host for a prefix, with its attributes; '' for nothing. */
  atTor(prefix?: string): Promise<string>;
  /** Since when the ToR's session with this host is up. */
  upSince(): Promise<string>;
  /** Says in the store whether the host is drained. */
  setDrained(isDrained: boolean): Promise<void>;
  /** Sets the timer, and what is announced; the agent reads it when it starts. */
  configure(options: DrainSettings): Promise<void>;
}

export const ownPrefix = '10.1.0.0/29';
const root = path.resolve(import.meta.dirname, '../..');
const keys = createKeys('/romana');
const timers = 'connect delay time 1; connect retry time 1; error wait time 1, 2;';

/** BIRD, etcd and the ToR run; the agent does not yet. */
export async function createDrainingHost(t: ExecutionContext, label: string): Promise<DrainingHost> {
  const host = await createAgentHost(t, label);
  const config = path.join(host.folder, 'romana.yaml');
  const common = await readFile(config, 'utf8');
  const configure = ({timeoutSeconds = 600, prefixes = 'blocks'}: DrainSettings) => {
    const lines = [
      'localAs: 65010',
      'vars: {neighbor: 192.168.20.1, neighborAs: 65000}',
      `prefixes: ${prefixes}`,
      `drain: {timeoutSeconds: ${timeoutSeconds}}`,
    ];
    return writeFile(config, common + lines.map(line => `    ${line}\n`).join(''));
  };
  await configure({});
  await copyFile(path.join(root, 'bird/bird.conf'), path.join(host.folder, 'templates/bird.conf'));
  await copyFile(path.join(root, 'templates/bird2/bgp-v4/publisher.conf'), path.join(host.folder, 'templates/publisher.conf'));
  const tor = await startTor(t, host.far);
  const bird = await host.startBird();
  const etcd = await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30', 'host-2 192.168.21.30');
  await host.putBlocks(`${ownPrefix} host-1`);
  const atTor = async (prefix = ownPrefix) => {
    const {code, lines} = await tor.control.command(`show route all for ${prefix} protocol host1`);
    return code === '8001' ? '' : lines.filter(line => !line.startsWith('Table ')).join('\n');
  };
  return {
    ...host,
    bird,
    tor,
    etcd,
    atTor,
    async upSince() {
      const [session] = parseProtocols(await tor.control.command('show protocols host1'));
      return session?.info.startsWith('Established') ? session.since : '';
    },
    async setDrained(drained) {
      const record = {name: 'host-1', ip: '192.168.20.30', agentPort: 9604, drained, tags: {}, groups: {}};
      await host.namespace.run('env', ['ETCDCTL_API=3', 'etcdctl', 'put', keys.host('host-1'), JSON.stringify(record)]);
    },
    configure,
  };
}

export function isSettled({pass, bird}: AgentStatus): boolean {
  return pass?.isGood === true && bird?.isStale === false;
}

/** The ToR forwards, prefers host 1, and takes from host 2 what it has not from host 1. */
async function startTor(t: ExecutionContext, far: Namespace): Promise<RunningBird> {
  const paths = birdPaths(await temporaryFolder(t));
  await writeFile(
    paths.birdConf,
    `router id 192.168.20.1;
protocol device { }
protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }
filter from_host {
  bgp_local_pref = 100;
  if proto = "host2" then bgp_local_pref = 50;
  if (65535, 0) ~ bgp_community then bgp_local_pref = 0;
  accept;
}
protocol bgp host1 { local as 65000; neighbor 192.168.20.30 as 65010; direct; ${timers} ipv4 { import filter from_host; export all; }; }
protocol bgp host2 { local as 65000; neighbor 192.168.21.30 as 65011; direct; ${timers} ipv4 { import filter from_host; export all; }; }
`,
  );
  await far.run('sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1']);
  return startBird(t, far, paths);
}

/** Another host behind the same ToR, which announces a prefix of the first from a BIRD of its own. */
export async function startSecondHost(t: ExecutionContext, {far}: DrainingHost, prefix = ownPrefix): Promise<Namespace> {
  const second = await createNamespace(t, 'second');
  await connect(far, second, {device: 'eth1', addresses: [['192.168.21.1/24'], ['192.168.21.30/24']]});
  await second.run('ip', ['route', 'add', 'default', 'via', '192.168.21.1']);
  const paths = birdPaths(await temporaryFolder(t));
  await mkdir(paths.confDir);
  await writeFile(
    paths.birdConf,
    `router id 192.168.21.30;
protocol device { }
protocol static { ipv4; route ${prefix} reject; }
protocol bgp tor { local as 65011; neighbor 192.168.21.1 as 65000; direct; ${timers} ipv4 { import none; export where source = RTS_STATIC; }; }
`,
  );
  await startBird(t, second, paths);
  return second;
}

/** Pings an address all the time from behind the ToR. */
export async function pingFromOutside(t: ExecutionContext, {far}: DrainingHost, address: string): Promise<Pinging> {
  const client = await createNamespace(t, 'client');
  await connect(far, client, {device: 'eth2', addresses: [['192.168.22.1/24'], ['192.168.22.30/24']]});
  await client.run('ip', ['route', 'add', 'default', 'via', '192.168.22.1']);
  await waitFor('the first answer', () =>
    client.run('ping', ['-c', '1', '-W', '1', address]).then(
      () => true,
      () => false,
    ),
  );
  return startPinging(t, client, address);
}
