import type {ExecutionContext} from 'ava';
import {connect, createNamespace, type Namespace} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {type AgentHost, type AgentProcess, createAgentHost} from './agent-host.ts';

export interface EndpointHost extends AgentHost {
  readonly agent: AgentProcess;
  /** Adds an endpoint by the command line, and gives what it printed. Throws what it said on standard error. */
  add(...args: readonly string[]): Promise<string>;
  list(): Promise<ReadonlyArray<Record<string, unknown>>>;
}

export const gateway = '169.254.1.1';

/** A host that runs the agent, has blocks of both families, and forwards; a neighbour that has routes to them. */
export async function createEndpointHost(t: ExecutionContext, label: string): Promise<EndpointHost> {
  const host = await createAgentHost(t, label);
  await host.namespace.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
  await host.far.run('ip', ['route', 'add', '10.1.0.0/29', 'via', '192.168.20.30']);
  await host.far.run('ip', ['route', 'add', 'fd00::400/122', 'via', '2001:db8::30']);
  await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30', 'host-2 192.168.20.31');
  await host.putBlocks('10.1.0.0/29 host-1', '10.1.0.8/29 host-2', 'fd00::400/122 host-1');
  await host.startBird();
  const agent = await host.startAgent();
  await host.until('the first pass is over', ({pass}) => pass !== undefined);
  return {
    ...host,
    agent,
    async add(...args) {
      const {status, stdout, stderr} = await host.romana('endpoint', 'add', ...args);
      if (status !== 0) throw new Error(stderr);
      return stdout;
    },
    async list() {
      const {stdout} = await host.romana('endpoint', 'list', '-f', 'json');
      return JSON.parse(stdout) as Record<string, unknown>[];
    },
  };
}

/** A machine with an interface of its own on the host, as a hypervisor makes it; it has set itself up with these addresses. */
export async function createMachine(t: ExecutionContext, host: AgentHost, dev: string, ips: readonly string[]): Promise<Namespace> {
  const machine = await createNamespace(t, dev);
  await host.namespace.run('ip', ['link', 'add', dev, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', machine.name]);
  await bootMachine(machine, ips);
  return machine;
}

export async function bootMachine(machine: Namespace, ips: readonly string[]): Promise<void> {
  for (const ip of ips) await machine.run('ip', ['address', 'add', ip, 'dev', 'eth0', ...(ip.includes(':') ? ['nodad'] : [])]);
  await machine.run('ip', ['link', 'set', 'eth0', 'up']);
  await machine.run('ip', ['route', 'add', 'default', 'via', gateway, 'dev', 'eth0', 'onlink']);
  await machine.run('ip', ['-6', 'route', 'add', 'default', 'via', 'fe80::1', 'dev', 'eth0']);
}

export async function isReached(from: Namespace, ip: string): Promise<boolean> {
  return from.run('ping', ['-n', '-c', '1', '-W', '2', ip]).then(
    () => true,
    () => false,
  );
}

/** Waits until an address answers. */
export async function reach(from: Namespace, ip: string): Promise<void> {
  await waitFor(`${from.name} reaches ${ip}`, () => isReached(from, ip));
}

export {connect, createNamespace};
