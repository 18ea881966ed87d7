import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {parse, stringify} from 'yaml';
import type {RunningBird} from '../helpers/bird.ts';
import {type AgentHost, createAgentHost} from './agent-host.ts';

const topology = {
  networks: [{name: 'net1', cidr: '10.1.0.0/16', block_mask: 29}],
  topologies: [{networks: ['net1'], map: [{name: 'rack', groups: [{name: 'host-1', ip: '192.168.20.30'}]}]}],
};

/** Changes the section `agent` of a host's romana.yaml. */
export async function configureAgent({folder}: AgentHost, agent: Readonly<Record<string, unknown>>): Promise<void> {
  const file = path.join(folder, 'romana.yaml');
  const config = parse(await readFile(file, 'utf8'));
  await writeFile(file, stringify({...config, agent: {...config.agent, ...agent}}));
}

/** A host with etcd, daemon, BIRD, network net1 (10.1.0.0/16) and two blocks, 10.1.0.0/29 its own. Its agent does not run yet. */
export async function createNetworkedHost(
  t: ExecutionContext,
  label: string,
  agent: Readonly<Record<string, unknown>> = {},
): Promise<AgentHost & {readonly bird: RunningBird}> {
  const host = await createAgentHost(t, label);
  await configureAgent(host, agent);
  await host.startEtcd();
  await host.startDaemon();
  const document = path.join(host.folder, 'topology.json');
  await writeFile(document, JSON.stringify(topology));
  const {status, stderr} = await host.romana('topology', 'update', document);
  if (status !== 0) throw new Error(stderr);
  await host.putBlocks('10.1.0.0/29 host-1', '10.1.0.8/29 host-2');
  await host.putHosts('host-2 192.168.20.31');
  return {...host, bird: await host.startBird()};
}
