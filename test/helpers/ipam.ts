import type {ExecutionContext} from 'ava';
import {startDaemon, type TestDaemon} from './daemon.ts';
import {startEtcd, type TestEtcd} from './etcd.ts';

export interface TestSystem {
  readonly etcd: TestEtcd;
  readonly daemon: TestDaemon;
}

export interface SystemOptions {
  readonly topology?: unknown;
  readonly hosts?: readonly string[];
}

/** One network without groups. */
export function flat(cidr = '10.111.0.0/16', network: Record<string, unknown> = {}) {
  return {networks: [{name: 'net', cidr, ...network}], topologies: [{networks: ['net'], map: []}]};
}

/** A real etcd and a real daemon, with a topology and hosts; they end with the test. */
export async function startSystem(t: ExecutionContext, {topology = flat(), hosts = []}: SystemOptions = {}): Promise<TestSystem> {
  const etcd = await startEtcd(t);
  const daemon = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  const posted = await daemon.post('/topology', topology);
  if (posted.status !== 200) throw new Error(`cannot set up: ${JSON.stringify(posted.body)}`);
  for (const [index, name] of hosts.entries()) await addHost(daemon, name, `192.168.0.${index + 1}`);
  return {etcd, daemon};
}

export async function addHost(daemon: TestDaemon, name: string, ip: string, more: Record<string, unknown> = {}): Promise<void> {
  const {status, body} = await daemon.post('/hosts', {name, ip, ...more});
  if (status !== 200) throw new Error(`cannot add ${name}: ${JSON.stringify(body)}`);
}

interface StoredRecord {
  readonly key: string;
  // biome-ignore lint/suspicious/noExplicitAny: as it lies in etcd
  readonly value: any;
}

/** What is wrong with the records in etcd itself: every sentence is a broken promise. */
export async function findBrokenPromises(etcd: TestEtcd): Promise<string[]> {
  const {entries} = await etcd.dump();
  const below = (folder: string): StoredRecord[] =>
    entries
      .filter(({key}) => key.startsWith(`/romana/${folder}/`) || key.startsWith(`/romana.guards/${folder}/`))
      .map(({key, value}) => ({key, value: value.startsWith('{') ? JSON.parse(value) : value}));
  const hosts = new Map(below('hosts').map(({value}) => [value.name, value]));
  const blocks = new Map(below('blocks').map(({value}) => [value.cidr, value]));
  const addresses = below('addresses').map(({value}) => value);
  const names = new Map(below('names').map(({key, value}) => [key, value]));
  const problems: string[] = [];
  const check = (isFine: boolean, problem: string) => {
    if (!isFine) problems.push(problem);
  };

  check(new Set(addresses.map(({ip}) => ip)).size === addresses.length, 'an address is there twice');
  check(names.size === addresses.length, `${names.size} names for ${addresses.length} addresses`);
  for (const address of addresses) {
    const {name, ip, host, tenant, segment} = address;
    const nameKey = etcd.keys.name(name, ip.includes(':') ? 'ipv6' : 'ipv4');
    check(names.get(nameKey) === ip, `${nameKey} says ${names.get(nameKey)} and not ${ip}`);
    check(hosts.has(host), `${ip} (${name}) is on host ${host}, which does not exist`);
    const block = blocks.get(address.block);
    const isOwn = block?.host === host && block?.tenant === tenant && block?.segment === segment;
    check(isOwn, `${ip} of ${host} ${tenant} ${segment} lies in ${JSON.stringify(block)}`);
  }
  for (const {cidr, host, tenant, segment} of blocks.values()) {
    const count = addresses.filter(({block}) => block === cidr).length;
    if (host === '') check(count === 0 && tenant === '' && segment === '', `free block ${cidr} holds ${count} addresses`);
    else check(count > 0, `block ${cidr} of ${host} is empty`);
    if (host !== '') check(hosts.has(host), `block ${cidr} is owned by ${host}, which does not exist`);
  }
  const ips = new Map(below('host-ips').map(({value}) => [value, true]));
  check(ips.size === hosts.size, `${ips.size} host IPs for ${hosts.size} hosts`);
  for (const name of hosts.keys()) check(ips.has(name), `host ${name} has no IP key`);
  return problems;
}
