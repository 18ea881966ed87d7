import {readdirSync} from 'node:fs';
import type {ExecutionContext} from 'ava';
import {parseAddress} from '../../src/core/prefix.ts';
import {removeLab} from '../../src/lab/down.ts';
import {addEndpoint, endpointNamespace, removeEndpoint} from '../../src/lab/endpoints.ts';
import {pingFrom} from '../../src/lab/ping.ts';
import {nodeOf} from '../../src/lab/plan-nodes.ts';
import type {LabNode, LabPlan} from '../../src/lab/plan-types.ts';
import {killProcess, pidOf, startProcess} from '../../src/lab/processes.ts';
import {routesOf} from '../../src/lab/routes.ts';
import {sessionsOf} from '../../src/lab/sessions.ts';
import {romanaRoutes} from '../../src/lab/status.ts';
import {waitFor} from '../helpers/wait.ts';
import {labTest, parts, startTestLab} from './lab-of-test.ts';

const {run} = parts;

labTest('two racks: one route for each rack on the spine, hosts reach each other, published blocks arrive, endpoints talk', async t => {
  const plan = await startTestLab(t, 'lab/two-racks.yaml');
  const [spine, tor1, host1, host3] = [nodeOf(plan, 'spine-1'), nodeOf(plan, 'tor-1'), nodeOf(plan, 'host-1'), nodeOf(plan, 'host-3')];
  t.deepEqual(
    (await sessionsOf(run, spine)).map(({isUp}) => isUp),
    [true, true],
  );
  t.deepEqual(await romanaRoutes(parts, plan, spine), ['10.1.0.0/17 192.168.0.1', '10.1.128.0/17 192.168.0.3']);
  t.is((await pingFrom(run, host1.namespace, '192.168.2.11')).received, 1);

  await publish(
    host1,
    '10.1.0.8/29',
    'protocol bgp tor { local as 65534; neighbor 192.168.1.1 as 65001; direct; error wait time 1, 2; connect retry time 1;',
  );
  await publish(host3, '10.1.128.0/29', 'protocol ospf v2 fabric { area 0 { interface "eth0" { hello 1; dead 4; }; };');
  await waitForRoute(tor1, '10.1.0.8/29', '192.168.1.2');
  await waitForRoute(nodeOf(plan, 'tor-2'), '10.1.128.0/29', '192.168.2.11');
  t.deepEqual(
    await romanaRoutes(parts, plan, spine),
    ['10.1.0.0/17 192.168.0.1', '10.1.128.0/17 192.168.0.3'],
    'nothing longer on the spine',
  );

  await addEndpoint(parts, plan.name, {name: 'web', host: 'host-1', ip: parseAddress('10.1.0.9')});
  await addEndpoint(parts, plan.name, {name: 'a-database-with-a-long-name', host: 'host-3', ip: parseAddress('10.1.128.1')});
  const web = endpointNamespace(plan.name, 'web');
  t.is((await pingFrom(run, web, '10.1.128.1', 3)).received, 3);
  t.deepEqual(
    (await pingFrom(run, web, '10.1.200.1')).errors,
    ['Destination Host Unreachable'],
    'the other ToR answers for addresses that no host has',
  );

  await publish(host1, '10.1.0.8/29', '', '172.16.0.0/16');
  await removeEndpoint(parts, plan.name, 'a-database-with-a-long-name');
  t.is((await pingFrom(run, web, '10.1.128.1')).received, 0);
  t.false((await routesOf(run, host3)).some(({to}) => to === '10.1.128.1/32'));

  await processesRestart(t, plan, host1);
  t.true(await removeLab(parts, plan.name));
  assertGone(t, plan.name);
  t.false(await removeLab(parts, plan.name), 'removing what is gone is no error');
});

labTest('every kind of rack: each daemon in each place, two spines, IPv4 and IPv6', async t => {
  const plan = await startTestLab(t, 'lab/every-kind.yaml');
  for (const name of ['spine-1', 'spine-2']) {
    const routes = (await romanaRoutes(parts, plan, nodeOf(plan, name))).map(route => route.split(' ')[0]);
    t.deepEqual(routes, [
      ...['10.1.0.0/18', '10.1.128.0/18', '10.1.192.0/18', '10.1.64.0/18'],
      ...['2001:db8:1:4000::/50', '2001:db8:1:8000::/50', '2001:db8:1::/50', '2001:db8:1:c000::/50'],
    ]);
  }
  const hosts = plan.nodes.filter(({role}) => role === 'host');
  const [first] = hosts;
  for (const {address} of hosts.flatMap(({interfaces}) => interfaces[0]?.addresses ?? [])) {
    t.is((await pingFrom(run, first?.namespace ?? '', address)).received, 1, address);
  }
  const host7 = nodeOf(plan, 'host-7');
  await publish(host7, '10.1.192.0/29', 'protocol ospf v2 fabric { area 0 { interface "eth0" { type ptp; hello 1; dead 4; }; };');
  await waitForRoute(nodeOf(plan, 'tor-4'), '10.1.192.0/29', '192.168.4.2');
  const host5 = nodeOf(plan, 'host-5');
  await publish(host5, '10.1.128.64/29', 'protocol bgp tor { local as 65534; neighbor 192.168.3.1 as 65003; direct; connect retry time 1;');
  await waitForRoute(nodeOf(plan, 'tor-3'), '10.1.128.64/29', '192.168.3.11');
  t.true((await pingFrom(run, host7.namespace, '10.1.1.1')).errors.includes('Destination Host Unreachable'));
});

/** Writes a publisher.conf by hand, as the agent would, and has BIRD read it. A second prefix is one that the ToR must refuse. */
async function publish(host: LabNode, prefix: string, protocol: string, foreign?: string): Promise<void> {
  const file = `${host.folder}/bird/conf.d/publisher.conf`;
  const routes = [prefix, ...(foreign === undefined ? [] : [foreign])].map(route => `route ${route} reject;`).join(' ');
  const before = /^protocol (?:bgp|ospf).*$/ms.exec((await parts.readFileIfPresent(file)) ?? '')?.[0] ?? '';
  const text = protocol === '' ? before : `${protocol} ipv4 { import none; export where proto = "romana"; }; }\n`;
  await parts.replaceFile(file, `protocol static romana { ipv4; ${routes} }\n${text}`);
  const answer = await run('birdc', ['-s', `${host.folder}/bird.ctl`, 'configure']);
  if (!answer.includes('Reconfigured')) throw new Error(answer);
}

async function waitForRoute(node: LabNode, to: string, via: string): Promise<void> {
  await waitFor(`${node.name} has ${to} via ${via}`, async () =>
    (await routesOf(run, node)).some(route => route.to === to && route.via.includes(via)),
  );
}

/** A process that is killed is gone, and comes back with another pid and its sessions. */
async function processesRestart(t: ExecutionContext, plan: LabPlan, host: LabNode): Promise<void> {
  const pid = await pidOf(parts, host, 'bird');
  t.true(pid !== undefined && pid > 0);
  await killProcess(parts, host, 'bird', 'KILL');
  t.is(await pidOf(parts, host, 'bird'), undefined);
  const tor = nodeOf(plan, 'tor-1');
  await waitFor('the ToR withdraws', async () => !(await routesOf(run, tor)).some(({to}) => to === '10.1.0.8/29'));
  await startProcess(parts, host, 'bird');
  await waitForRoute(tor, '10.1.0.8/29', '192.168.1.2');
  t.not(await pidOf(parts, host, 'bird'), pid);
  t.false(
    (await routesOf(run, tor)).some(({to}) => to === '172.16.0.0/16'),
    'what is not the rack’s is refused',
  );
}

function assertGone(t: ExecutionContext, name: string): void {
  t.deepEqual(
    listed('/run/netns').filter(entry => entry.includes(name)),
    [],
  );
  t.deepEqual(
    listed('/etc/netns').filter(entry => entry.includes(name)),
    [],
  );
  t.deepEqual(
    listed('/run/romana-lab').filter(entry => entry === name),
    [],
  );
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
