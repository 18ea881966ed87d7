import type {ExecutionContext} from 'ava';
import {parseAddress} from '../../src/core/prefix.ts';
import {createKeys} from '../../src/store/keys.ts';
import {createNamespace, type Namespace} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {type AgentHost, type AgentProcess, createAgentHost, templates} from './agent-host.ts';

export interface EndpointHost extends AgentHost {
  readonly agent: AgentProcess;
  /** Says in the store that an address is given to a host; to none when that is empty. */
  allocate(ip: string, host?: string): Promise<void>;
  /** Adds an endpoint by the command line, and gives what it printed. Throws what it said on standard error. */
  add(...args: readonly string[]): Promise<string>;
  remove(...names: readonly string[]): Promise<string>;
  /** "ok", or another state with its reason, of an endpoint; undefined for one that is not listed. */
  stateOf(name: string): Promise<string | undefined>;
}

const keys = createKeys('/romana');

/** A host that runs the agent and has blocks of both families, and a neighbour that has routes to them. */
export async function createEndpointHost(t: ExecutionContext, label: string): Promise<EndpointHost> {
  const host = await createAgentHost(t, label);
  await host.far.run('ip', ['route', 'add', '10.1.0.0/29', 'via', '192.168.20.30']);
  await host.far.run('ip', ['route', 'add', 'fd00::400/122', 'via', '2001:db8::30']);
  // Each answer of the host counts here, and none comes late.
  await host.namespace.run('sysctl', ['-qw', 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0']);
  await host.template('publisher.conf', templates['publisher.conf'].replace('Networks', 'Networks4'));
  await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30', 'host-2 192.168.20.31');
  await host.putBlocks('10.1.0.0/29 host-1', '10.1.0.8/29 host-2', 'fd00::400/122 host-1');
  await host.startBird();
  const agent = await host.startAgent();
  await host.until('the first passes are over', ({pass}) => pass?.isGood === true && pass.drivers.some(({name}) => name === 'bird'));
  const checked = async (...args: readonly string[]) => {
    const {status, stdout, stderr} = await host.romana('endpoint', ...args);
    if (status !== 0) throw new Error(stderr);
    return stdout;
  };
  return {
    ...host,
    agent,
    async allocate(ip, to = 'host-1') {
      const key = keys.address(parseAddress(ip));
      const block = ip.includes(':') ? 'fd00::400/122' : '10.1.0.0/29';
      const record = {
        name: `name-of-${ip.replaceAll(':', '-')}`,
        ip,
        block,
        host: to,
        tenant: '',
        segment: '',
        allocatedAt: new Date(0).toISOString(),
      };
      await host.namespace.run('env', ['ETCDCTL_API=3', 'etcdctl', ...(to === '' ? ['del', key] : ['put', key, JSON.stringify(record)])]);
    },
    add: (...args) => checked('add', ...args),
    remove: (...names) => checked('remove', ...names),
    async stateOf(name) {
      const list = (await host.status()).endpoints;
      const {state, reason} = list.find(endpoint => endpoint.name === name) ?? {};
      return reason === undefined ? state : `${state}: ${reason}`;
    },
  };
}

/** A machine with an interface of its own on the host, as a hypervisor makes it; it sets itself up with these addresses. */
export async function createMachine(t: ExecutionContext, host: AgentHost, dev: string, ips: readonly string[]): Promise<Namespace> {
  const machine = await createNamespace(t, dev);
  await bootMachine(host, machine, dev, ips);
  return machine;
}

export async function bootMachine(host: AgentHost, machine: Namespace, dev: string, ips: readonly string[]): Promise<void> {
  await host.namespace.run('ip', ['link', 'add', dev, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', machine.name]);
  for (const ip of ips) await machine.run('ip', ['address', 'add', ip, 'dev', 'eth0', ...(ip.includes(':') ? ['nodad'] : [])]);
  await machine.run('ip', ['link', 'set', 'eth0', 'up']);
  await machine.run('ip', ['route', 'add', 'default', 'via', '169.254.1.1', 'dev', 'eth0', 'onlink']);
  await machine.run('ip', ['-6', 'route', 'add', 'default', 'via', 'fe80::1', 'dev', 'eth0']);
}

/** What one ping says: "reply", "no reply", or the error that came back instead. */
export async function ping(from: Namespace, ip: string, ...options: readonly string[]): Promise<string> {
  const output = await from.run('sh', ['-c', 'ping -n -c 1 -W 2 "$@" 2>&1; true', 'sh', ...options, ip]);
  if (/ 1 received/.test(output)) return 'reply';
  return /^From \S+ icmp_seq=\d+ (.+)$/m.exec(output)?.[1]?.trim() ?? 'no reply';
}

/** Waits until an address answers. */
export async function reach(from: Namespace, ip: string): Promise<void> {
  await waitFor(`${from.name} reaches ${ip}`, async () => (await ping(from, ip)) === 'reply');
}
