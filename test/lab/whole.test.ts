import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {AgentStatus} from '../../src/agent/status.ts';
import {parseAddress} from '../../src/core/prefix.ts';
import {demoChecks} from '../../src/lab/demo.ts';
import {addEndpoint, endpointNamespace} from '../../src/lab/endpoints.ts';
import {startLab} from '../../src/lab/lab.ts';
import {parseLabFile} from '../../src/lab/lab-file.ts';
import {nodeOf} from '../../src/lab/plan-nodes.ts';
import type {LabPlan} from '../../src/lab/plan-types.ts';
import {killProcess, startProcess} from '../../src/lab/processes.ts';
import {expectOk, requestIn} from '../../src/lab/requests.ts';
import {routesOf} from '../../src/lab/routes.ts';
import {waitFor} from '../helpers/wait.ts';
import {startFlow} from './flow.ts';
import {labName, labTest, parts} from './lab-of-test.ts';

const file = 'lab/two-racks.yaml';

labTest('everything that npm start shows holds', async t => {
  const plan = await startWholeLab(labName(t));
  for (const {claim, show} of demoChecks(parts, plan)) t.log(`${claim}: ${await show()}`);
  t.pass();
});

labTest('agent, daemon and etcd may be killed: nothing stops forwarding, and all converges again', async t => {
  const plan = await startWholeLab(labName(t));
  const [one, other] = [await giveEndpoint(plan, 'one', 'host-1'), await giveEndpoint(plan, 'other', 'host-3')];
  await settle(plan, one, other);

  const flow = startFlow(endpointNamespace(plan.name, other.name), one.ip);
  t.teardown(() => flow.end());
  const master = nodeOf(plan, 'master');
  for (const [node, what] of [
    [nodeOf(plan, 'host-1'), 'agent'],
    [master, 'daemon'],
    [master, 'etcd'],
  ] as const) {
    await killProcess(parts, node, what, 'KILL');
    await startProcess(parts, node, what);
  }
  // A block that is claimed after all that still reaches the ToR, and one that was claimed before is still there.
  await giveEndpoint(plan, 'late', 'host-1', 'another-tenant');
  const tor = nodeOf(plan, 'tor-1');
  await waitFor('both blocks of host-1 are at its ToR', async () => {
    const routes = (await routesOf(parts.run, tor)).map(({to}) => to);
    return routes.includes('10.1.0.0/29') && routes.includes('10.1.0.8/29');
  });
  const {sent, lost} = await flow.end();
  t.true(sent > 20, `${sent} packets were sent meanwhile`);
  t.is(lost, 0, `${lost} of ${sent} packets were lost`);
});

labTest('BIRD may be killed: a BGP neighbour keeps the routes, hosts of one segment reach each other directly', async t => {
  const plan = await startWholeLab(labName(t));
  const bgp = await giveEndpoint(plan, 'bgp', 'host-1');
  const near = await giveEndpoint(plan, 'near', 'host-3');
  const far = await giveEndpoint(plan, 'far', 'host-4');
  await settle(plan, bgp, near);
  await settle(plan, bgp, far);
  await settle(plan, near, far);

  const flows = [startFlow(endpointNamespace(plan.name, far.name), bgp.ip), startFlow(endpointNamespace(plan.name, far.name), near.ip)];
  t.teardown(() => Promise.all(flows.map(flow => flow.end())));
  for (const host of ['host-1', 'host-3']) {
    await killProcess(parts, nodeOf(plan, host), 'bird', 'KILL');
    await startProcess(parts, nodeOf(plan, host), 'bird');
    await waitFor(`BIRD of ${host} has its session again`, async () => {
      const {bird} = await agentStatus(plan, host);
      return bird?.sessions.some(
        ({proto, info}) => (proto === 'BGP' && info.startsWith('Established')) || (proto === 'OSPF' && /Running/.test(info)),
      );
    });
  }
  for (const flow of flows) {
    const {sent, lost} = await flow.end();
    t.true(sent > 20);
    t.is(lost, 0, `${lost} of ${sent} packets were lost`);
  }
  // OSPF has nothing like it for a crash, so what comes from other racks finds its way again only now.
  await settle(plan, bgp, near);
});

labTest('a foreign route in our table and a foreign file in conf.d survive an agent that is killed and comes back', async t => {
  const plan = await startWholeLab(labName(t));
  await giveEndpoint(plan, 'one', 'host-1');
  const host = nodeOf(plan, 'host-1');
  const foreignFile = path.join(host.folder, 'bird/conf.d/operator.conf');
  await parts.run('ip', ['-n', host.namespace, 'route', 'add', '10.99.0.0/24', 'via', '192.168.1.1', 'table', '10', 'proto', 'static']);
  await parts.run('ip', ['-n', host.namespace, 'rule', 'add', 'pref', '31000', 'lookup', '10']);
  await writeFile(foreignFile, '# kept by the operator\n');

  await killProcess(parts, host, 'agent', 'KILL');
  await startProcess(parts, host, 'agent');
  await giveEndpoint(plan, 'two', 'host-1', 'another-tenant');
  await waitFor('the agent announces both blocks', async () => (await agentStatus(plan, 'host-1')).announced.length === 2);

  t.true((await routesOf(parts.run, host, '10')).some(({to}) => to === '10.99.0.0/24'));
  t.regex(await parts.run('ip', ['-n', host.namespace, 'rule', 'show']), /^31000:/m);
  t.is(readFileSync(foreignFile, 'utf8'), '# kept by the operator\n');
});

labTest('a template that BIRD refuses leaves session and routes alone, and the status names file, line and reason', async t => {
  const plan = await startWholeLab(labName(t));
  const host = nodeOf(plan, 'host-1');
  const endpoint = await giveEndpoint(plan, 'one', 'host-1');
  const tor = nodeOf(plan, 'tor-1');
  const isAtTor = async () => (await routesOf(parts.run, tor)).some(({to}) => to === '10.1.0.0/29');
  await waitFor('the block is at the ToR', isAtTor);

  const template = path.join(host.folder, 'templates/publisher.conf');
  const good = readFileSync(template, 'utf8');
  const line = good.split('\n').findIndex(text => text.includes('protocol bgp')) + 1;
  await writeFile(template, good.replace('protocol bgp', 'protokoll bgp'));
  const {bird} = await waitFor('the refusal is in the status', async () => {
    const status = await agentStatus(plan, 'host-1');
    return status.bird?.problem !== undefined && status;
  });
  t.is(bird?.problem?.file, template);
  t.is(bird?.problem?.line, line);
  t.regex(bird?.problem?.reason ?? '', /syntax error/);
  t.true(bird?.isStale);
  t.true(bird?.sessions.some(({proto, info}) => proto === 'BGP' && info.startsWith('Established')));
  t.true(await isAtTor());
  t.notRegex(readFileSync(path.join(host.folder, 'bird/conf.d/publisher.conf'), 'utf8'), /protokoll/);

  await writeFile(template, good);
  await waitFor('the status is good again', async () => (await agentStatus(plan, 'host-1')).bird?.isStale === false);
  t.truthy(endpoint.ip);
});

labTest('in every kind of rack, IPv6 endpoints are announced and reach each other like IPv4 ones', async t => {
  const plan = await startWholeLab(labName(t), 'lab/every-kind.yaml');
  const racks = plan.file.racks.map(({name}) => name);
  const hosts = racks.map(rack => plan.nodes.find(node => node.role === 'host' && node.rack === rack)?.name ?? '');
  for (const family of ['ipv4', 'ipv6'] as const) {
    const endpoints: GivenEndpoint[] = [];
    for (const host of hosts) endpoints.push(await giveEndpoint(plan, `${family}-${host}`, host, 't1', family));
    const [first, ...others] = endpoints;
    if (first === undefined) throw new Error('the lab has no hosts');
    for (const other of others) await settle(plan, first, other);
    for (const spine of plan.nodes.filter(({role}) => role === 'spine')) {
      const inside = (await routesOf(parts.run, spine)).map(({to}) => to).filter(to => endpoints.some(({ip}) => to.startsWith(ip)));
      t.false(
        inside.some(to => /\/(29|3[0-2]|12[0-8])$/.test(to)),
        `${spine.name} has ${inside.join(', ')}`,
      );
    }
  }
});

function startWholeLab(name: string, source = file): Promise<LabPlan> {
  return startLab(parts, parseLabFile(readFileSync(source, 'utf8'), source, name));
}

interface GivenEndpoint {
  readonly name: string;
  readonly ip: string;
}

/** Asks for an address over REST, and attaches an endpoint that has it. */
async function giveEndpoint(plan: LabPlan, name: string, host: string, tenant = 't1', family = 'ipv4'): Promise<GivenEndpoint> {
  const body = {name, host, tenant, segment: '', family};
  const [response] = await requestIn(parts, nodeOf(plan, 'master').namespace, [{method: 'POST', url: '/address', body, untilOkMs: 30_000}]);
  if (response === undefined) throw new Error('no answer');
  const ip = parseAddress(String(expectOk('POST /address', response)));
  await addEndpoint(parts, plan.name, {name, host, ip});
  return {name, ip};
}

/** Waits until packets go both ways, and go on doing so: protocols are still at work for a moment after the first one has passed. */
async function settle(plan: LabPlan, a: GivenEndpoint, b: GivenEndpoint): Promise<void> {
  for (const [from, to] of [[a, b] as const, [b, a] as const]) {
    await waitFor(`${from.name} reaches ${to.name} ten times in a row`, async () => {
      const flow = startFlow(endpointNamespace(plan.name, from.name), to.ip, 10);
      const {lost} = await flow.finished;
      return lost === 0;
    });
  }
}

async function agentStatus(plan: LabPlan, host: string): Promise<AgentStatus> {
  const socket = `${nodeOf(plan, host).folder}/agent.sock`;
  const {fetchAgentStatus} = await import('../../src/agent/client.ts');
  return fetchAgentStatus(socket);
}
