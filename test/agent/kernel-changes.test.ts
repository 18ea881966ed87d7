import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {parse, stringify} from 'yaml';
import {connect, namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {type AgentHost, createAgentHost, templates} from './agent-host.ts';

// What others change in the kernel, and what the agent makes of it, with the real program.

const test = namespaceTest();

/** A host on two segments, whose neighbour host-2 is on both. */
async function dualHomedHost(t: ExecutionContext, label: string) {
  const host = await createAgentHost(t, label);
  await connect(host.namespace, host.far, {device: 'eth1', addresses: [['192.168.21.30/24'], ['192.168.21.1/24']]});
  const file = path.join(host.folder, 'romana.yaml');
  const config = parse(await readFile(file, 'utf8'));
  config.agent.routes = {uplinks: ['eth1']};
  await writeFile(file, stringify(config));
  await host.template('publisher.conf', templates['publisher.conf'].replace('Networks', 'Networks4'));
  await host.startEtcd();
  await host.startBird();
  await host.putHosts('host-1 192.168.20.30', 'host-2 192.168.20.31 192.168.21.31 2001:db8::31', 'host-3 192.168.20.32');
  await host.putBlocks('10.1.0.0/29 host-1', '10.1.0.8/29 host-2', '10.1.0.16/29 host-3', 'fd00::400/122 host-2');
  const agent = await host.startAgent();
  await host.until('the agent has settled', ({pass}) => pass?.isGood === true);
  return {...host, agent};
}

const hops = async ({ip}: AgentHost, to: string) => {
  const text = await ip(`${to.includes(':') ? '-6' : '-4'} route show ${to} table 10`);
  return [...text.matchAll(/via (\S+) dev (\S+)/g)].map(([, via, dev]) => `${via} ${dev}`).toSorted();
};

const hopsAre = (host: AgentHost, to: string, wanted: readonly string[]) =>
  waitFor(`${to} goes by ${wanted.join(', ') || 'nothing'}`, async () => (await hops(host, to)).join() === wanted.join());

test('routes of ours that somebody deletes come back, and count as drift', async t => {
  const {agent, ...host} = await dualHomedHost(t, 'deleted');
  const right = await host.ours();
  // That it does not take the next look at everything is shown by foreign-walk.test.ts.
  for (let count = 0; count < 8; count++) {
    await host.ip(count % 2 === 0 ? 'route flush table 10' : 'route del unreachable 10.1.0.0/29');
    await waitFor('all is as it was', async () => (await host.ours()).join() === right.join());
  }
  t.true(agent.log.some(({msg, driver}) => msg === 'drift repaired' && driver === 'neighbour-routes'));
  t.true((await host.metric('romana_drift_repaired_total{driver="neighbour-routes"}')) >= 4);
  t.true((await host.metric('romana_drift_repaired_total{driver="block-routes"}')) >= 4);
});

test('neighbours on two links are reached by both, by one when the other goes down, and by both again', async t => {
  const {agent, ...host} = await dualHomedHost(t, 'two-links');
  const both = ['192.168.20.31 eth0', '192.168.21.31 eth1'];
  t.deepEqual(await hops(host, '10.1.0.8/29'), both);
  t.deepEqual(await hops(host, '10.1.0.16/29'), ['192.168.20.32 eth0']);
  t.deepEqual(await hops(host, 'fd00::400/122'), ['2001:db8::31 eth0']);

  const {objects} = JSON.parse((await host.romana('agent', 'status', '-f', 'json')).stdout);
  const route =
    '10.1.0.8/29 nexthop via 192.168.20.31 dev eth0 onlink nexthop via 192.168.21.31 dev eth1 onlink table 10 proto 144 metric 64';
  t.deepEqual(
    objects.find(({object}: {object: string}) => object === '10.1.0.8/29'),
    {driver: 'neighbour-routes', object: '10.1.0.8/29', state: 'as wanted', wanted: route, actual: route},
  );
  t.false((await host.romana('agent', 'status')).stdout.includes(route));
  t.true((await host.romana('agent', 'status', '--all')).stdout.includes(route));

  await host.ip('link set eth1 down');
  await hopsAre(host, '10.1.0.8/29', ['192.168.20.31 eth0']);
  await host.ip('link set eth1 up');
  await hopsAre(host, '10.1.0.8/29', both);

  await host.far.run('ip', ['link', 'set', 'eth1', 'down']);
  await hopsAre(host, '10.1.0.8/29', ['192.168.20.31 eth0']);
  await host.far.run('ip', ['link', 'set', 'eth1', 'up']);
  await hopsAre(host, '10.1.0.8/29', both);

  await host.ip('address del 192.168.21.30/24 dev eth1');
  await hopsAre(host, '10.1.0.8/29', ['192.168.20.31 eth0']);
  await host.ip('address add 192.168.21.30/24 dev eth1');
  await hopsAre(host, '10.1.0.8/29', both);

  t.false(
    agent.log.some(({level}) => Number(level) >= 50),
    JSON.stringify(agent.log),
  );
});

test('a host tells the others by which addresses it is reached, and follows when they change', async t => {
  const host = await dualHomedHost(t, 'told');
  const told = async () => {
    const [text = '{}'] = (await host.namespace.run('etcdctl', ['get', '/romana/host-addresses/host-1', '--print-value-only'])).split('\n');
    return (JSON.parse(text || '{}') as {addresses?: string[]}).addresses?.join(' ');
  };
  await waitFor('the other link is told', async () => (await told()) === '192.168.21.30 2001:db8::30');
  await host.ip('address add 192.168.21.130/24 dev eth1');
  await waitFor('another address is told', async () => (await told()) === '192.168.21.30 192.168.21.130 2001:db8::30');
  await host.ip('address del 192.168.21.130/24 dev eth1');
  await waitFor('it is not told any more', async () => (await told()) === '192.168.21.30 2001:db8::30');
  t.pass();
});
