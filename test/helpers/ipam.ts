import type {ExecutionContext} from 'ava';
import {startDaemon, type TestDaemon} from './daemon.ts';
import {startEtcd, type TestEtcd} from './etcd.ts';
import {brokenPromises, readRecords} from './ipam-promises.ts';

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

/** What is wrong with the records in etcd itself: every sentence is a broken promise. `isTidy`: nothing is under way, and nothing may be left over. */
export async function findBrokenPromises(
  etcd: Pick<TestEtcd, 'dump' | 'keys'>,
  {isTidy = false}: {isTidy?: boolean} = {},
): Promise<string[]> {
  const records = readRecords(await etcd.dump(), etcd.keys);
  return [...brokenPromises(records), ...(isTidy ? records.leftovers : [])];
}
