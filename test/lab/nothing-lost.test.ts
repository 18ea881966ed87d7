import {cp, mkdir, symlink} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {fetchAgentStatus} from '../../src/agent/client.ts';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {addEndpoint, endpointNamespace} from '../../src/lab/endpoints.ts';
import {startLab} from '../../src/lab/lab.ts';
import {parseLabFile} from '../../src/lab/lab-file.ts';
import {nodeOf} from '../../src/lab/plan-nodes.ts';
import type {LabNode, LabPlan} from '../../src/lab/plan-types.ts';
import {killProcess, startProcess} from '../../src/lab/processes.ts';
import {expectOk, requestIn} from '../../src/lab/requests.ts';
import {routesOf} from '../../src/lab/routes.ts';
import {createKeys} from '../../src/store/keys.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {waitFor} from '../helpers/wait.ts';
import {startFlow} from './flow.ts';
import {labName, labTest, parts} from './lab-of-test.ts';

// What happens around a host must not cost a packet: 100 a second between endpoints of two hosts on one segment, which reach each other directly.

// How long etcd is away. Everything that has a time limit has run into it after some ten seconds.
const outageSeconds = Number(process.env['OUTAGE_SECONDS'] ?? 20);
// From intervals of 10 ms on, ping waits longer than it is told.
const perSecond = 150;

const lab = `
name: nothing-lost
networks:
  - {name: net1, cidr: 10.1.0.0/16, blockMask: 29}
racks:
  - {name: rack-1, segment: l2, protocol: bgp, hosts: 2}
`;

labTest('at 100 packets a second between endpoints of two hosts none is lost, whatever happens around them', async t => {
  const plan = await startLab(parts, parseLabFile(lab, 'lab', labName(t)));
  const hosts = [nodeOf(plan, 'host-1'), nodeOf(plan, 'host-2')];
  const [one, two] = [await giveEndpoint(plan, 'one', 'host-1'), await giveEndpoint(plan, 'two', 'host-2')];
  // Else what goes astray would get there by the router.
  await parts.run('ip', ['netns', 'exec', nodeOf(plan, 'tor-1').namespace, 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=0']);
  await waitFor('they reach each other by the direct routes', async () => {
    const ways = await Promise.all(hosts.map(async host => (await routesOf(parts.run, host, '10')).length > 0));
    const {lost} = await startFlow(endpointNamespace(plan.name, one.name), two.ip, 10).finished;
    return ways.every(Boolean) && lost === 0;
  });
  const neighbours = await addNeighbours(plan);
  await haveOwners(plan, hosts, neighbours, 0);

  const during = async (what: string, action: () => Promise<void>) => {
    const flow = startFlow(endpointNamespace(plan.name, one.name), two.ip, undefined, perSecond);
    t.teardown(() => flow.end());
    const start = Date.now();
    await action();
    const {sent, lost} = await flow.end();
    t.log(`${what}: ${sent} packets in ${((Date.now() - start) / 1000).toFixed(1)} s, ${lost} lost`);
    t.true(sent > 0, `${what}: packets were sent meanwhile`);
    t.is(lost, 0, `${what}: ${lost} of ${sent} packets were lost`);
  };

  for (const signal of ['TERM', 'KILL'] as const) {
    await during(`agents are restarted after SIG${signal}`, async () => {
      for (const host of hosts) await restart(host, host, signal);
    });
  }

  const copy = await copyOfProgram(t);
  await during('agents are replaced by another copy of the program', async () => {
    for (const host of hosts) await restart(host, withProgram(host, copy), 'TERM');
  });

  await during('1,000 blocks change their owner elsewhere', () => haveOwners(plan, hosts, neighbours, 1));

  await during(`etcd is away for ${outageSeconds} s`, async () => {
    const master = nodeOf(plan, 'master');
    await killProcess(parts, master, 'etcd', 'KILL');
    const limitMs = (outageSeconds + 30) * 1000;
    for (const host of hosts) {
      await waitFor('the time is over', async () => (await statusOf(host)).stateAgeSeconds > outageSeconds, limitMs);
    }
    await startProcess(parts, master, 'etcd');
    await haveOwners(plan, hosts, neighbours, 0);
  });

  await during('routes of other blocks, removed by somebody else, are put back', async () => {
    const [host] = hosts;
    if (host === undefined) throw new Error('a lab without hosts');
    const others = (await routesOf(parts.run, host, '10')).filter(({to}) => to.startsWith('10.1.200.'));
    t.true(others.length > 10);
    for (const {to} of others) await parts.run('ip', ['-n', host.namespace, 'route', 'del', to, 'table', '10']);
    await waitFor('they are back', async () => {
      const present = new Set((await routesOf(parts.run, host, '10')).map(({to}) => to));
      return others.every(({to}) => present.has(to));
    });
  });
});

interface GivenEndpoint {
  readonly name: string;
  readonly ip: string;
}

async function giveEndpoint(plan: LabPlan, name: string, host: string): Promise<GivenEndpoint> {
  const body = {name, host, tenant: 't1', segment: ''};
  const [response] = await requestIn(parts, nodeOf(plan, 'master').namespace, [{method: 'POST', url: '/address', body, untilOkMs: 30_000}]);
  if (response === undefined) throw new Error('no answer');
  const ip = parseAddress(String(expectOk('POST /address', response)));
  await addEndpoint(parts, plan.name, {name, host, ip});
  return {name, ip};
}

/** Two more hosts on the segment, which are nothing but records. */
async function addNeighbours(plan: LabPlan): Promise<readonly string[]> {
  const hosts = [201, 202].map(last => ({name: `neighbour-${last}`, ip: `192.168.1.${last}`, tags: {rack: 'rack-1'}}));
  const requests = hosts.map(body => ({method: 'POST', url: '/hosts', body, untilOkMs: 30_000}));
  const responses = await requestIn(parts, nodeOf(plan, 'master').namespace, requests);
  for (const response of responses) expectOk('POST /hosts', response);
  return hosts.map(({ip}) => ip);
}

const keys = createKeys('/romana');
const blocks = Array.from({length: 1000}, (_, index) => parsePrefix(`10.1.${200 + (index >> 5)}.${(index & 31) * 8}/29`));

/** Gives the blocks to both neighbours by turns, so that none of them can be joined, and waits until both hosts have the routes. */
async function haveOwners(plan: LabPlan, hosts: readonly LabNode[], neighbours: readonly string[], turn: number): Promise<void> {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const ownerOf = (index: number) => (index + turn) % 2;
  const puts = blocks.map((cidr, index) => {
    const record = {cidr, host: `neighbour-${201 + ownerOf(index)}`, tenant: 't2', segment: ''};
    return {request_put: {key: base64(keys.block(cidr)), value: base64(JSON.stringify(record))}};
  });
  const url = 'http://127.0.0.1:2379/v3/kv/txn';
  const requests = Array.from({length: 10}, (_, index) => ({
    method: 'POST',
    url,
    body: {success: puts.slice(index * 100, index * 100 + 100)},
    untilOkMs: 30_000,
  }));
  const responses = await requestIn(parts, nodeOf(plan, 'master').namespace, requests);
  for (const response of responses) expectOk('POST txn', response);
  for (const host of hosts) {
    await waitFor(`${host.name} has the routes`, async () => {
      const vias = new Map((await routesOf(parts.run, host, '10')).map(({to, via}) => [to, via]));
      return blocks.every((cidr, index) => vias.get(cidr)?.join() === neighbours[ownerOf(index)]);
    });
  }
}

function statusOf({folder}: LabNode) {
  return fetchAgentStatus(`${folder}/agent.sock`);
}

/** Ends the agent of one node, and starts that of the other, which may be the same. */
async function restart(before: LabNode, after: LabNode, signal: 'TERM' | 'KILL'): Promise<void> {
  await killProcess(parts, before, 'agent', signal);
  await startProcess(parts, after, 'agent');
  await waitFor('its first pass is good', async () => {
    const {state, pass} = await statusOf(after);
    return state === 'store' && pass?.isGood === true;
  });
}

/** The program as it is, in another folder. */
async function copyOfProgram(t: ExecutionContext): Promise<string> {
  const folder = path.join(await temporaryFolder(t), 'next');
  await mkdir(folder);
  for (const part of ['bin', 'src', 'templates', 'package.json'])
    await cp(path.join(parts.root, part), path.join(folder, part), {recursive: true});
  await symlink(path.join(parts.root, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}

function withProgram(node: LabNode, folder: string): LabNode {
  const processes = node.processes.map(process => {
    const [, ...args] = process.command;
    return process.what === 'agent' ? {...process, command: [path.join(folder, 'bin/romana'), ...args] as const} : process;
  });
  return {...node, processes};
}
