import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {birdRoutes} from '../helpers/bird.ts';
import {createAuthority} from '../helpers/certificates.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {type AgentHost, createAgentHost} from './agent-host.ts';

// An agent that is started before what it needs is there: the network, the store, BIRD.

const test = namespaceTest();

const rules = ['-4 32000: from all lookup 10', '-6 32000: from all lookup 10'];
const left = ['10.5.0.0/29 via 192.168.20.77', 'unreachable 10.6.0.0/29'];

/** Puts routes there that an earlier life has left. */
async function leaveRoutes({ip}: AgentHost): Promise<void> {
  await ip('route add 10.5.0.0/29 via 192.168.20.77 dev eth0 onlink table 10 proto 144 metric 64');
  await ip('route add unreachable 10.6.0.0/29 proto 144 metric 4096');
}

async function configure({folder}: AgentHost, section: string): Promise<void> {
  const config = path.join(folder, 'romana.yaml');
  await writeFile(config, `${await readFile(config, 'utf8')}${section}\n`);
}

test('an agent that is started before the network says what it waits for, and begins when it is there', async t => {
  const host = await createAgentHost(t, 'network');
  await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30', 'host-2 192.168.20.31');
  await host.putBlocks('10.1.0.0/29 host-1', '10.1.0.8/29 host-2');
  await leaveRoutes(host);
  const bird = await host.startBird();
  await host.ip('route del default');
  await host.ip('address del 192.168.20.30/24 dev eth0');
  await host.ip('address del 2001:db8::30/64 dev eth0');

  const agent = await host.startAgent();
  const waiting = await host.until('it says so', ({waitsFor}) => waitsFor !== undefined);
  t.like(waiting, {host: 'host-1', addresses: [], pass: undefined});
  t.regex(waiting.waitsFor ?? '', /^host\.address: got nothing, and there is no default route/);
  const shown = (await host.romana('agent', 'status')).stdout.replaceAll(/\s+/g, ' ');
  t.regex(shown, /host host-1 \(no address yet\).* last pass none yet: host\.address: got nothing/);
  await host.until('the store has told its state', ({state}) => state === 'store');
  t.deepEqual(await host.changingCommands(), []);
  t.true((await host.ours()).includes('unreachable 10.6.0.0/29'), 'what is there stays');

  await host.ip('address add 192.168.20.30/24 dev eth0');
  await host.ip('route add default via 192.168.20.1');
  await host.until('the agent has settled', status => status.pass?.isGood === true && status.bird?.isStale === false);
  t.like(await host.status(), {addresses: ['192.168.20.30/24'], waitsFor: undefined});
  t.deepEqual(await host.ours(), [...rules, '10.1.0.8/29 via 192.168.20.31', 'unreachable 10.1.0.0/29']);
  t.deepEqual(await birdRoutes(bird.control), ['10.1.0.0/29']);
  t.is(agent.log.filter(({msg}) => String(msg).startsWith('address of this host is not known yet')).length, 1);
  t.is(agent.log.filter(({msg}) => msg === 'address of this host is known').length, 1);
  t.is(await agent.end('SIGTERM'), 0);
});

test('a configured address that no interface has yet is told of, and stops nothing', async t => {
  const host = await createAgentHost(t, 'configured');
  await host.startEtcd();
  await host.putHosts('host-1 192.168.20.40');
  await host.putBlocks('10.1.0.0/29 host-1');
  const config = path.join(host.folder, 'romana.yaml');
  await writeFile(config, (await readFile(config, 'utf8')).replace('name: host-1', 'name: host-1\n  address: 192.168.20.40/24'));
  const agent = await host.startAgent();
  const warning = 'no interface of this machine has 192.168.20.40, by which this host goes: see host.address';
  const isTold = ({pass}: Awaited<ReturnType<AgentHost['status']>>) => pass?.drivers.some(driver => driver.warning === warning) === true;
  await host.until('it is told', isTold);
  t.is(agent.log.filter(({warning: told}) => told === warning).length, 1);
  t.true((await host.ours()).includes('unreachable 10.1.0.0/29'));
  await host.ip('address add 192.168.20.40/24 dev eth0');
  await host.until('it is over', status => status.pass !== undefined && !isTold(status));
});

test('told to stop before it has an address, it stops', async t => {
  const host = await createAgentHost(t, 'stop');
  await host.ip('route del default');
  const agent = await host.startAgent();
  t.is(await agent.end('SIGTERM'), 0);
});

for (const [title, label, reason, etcd] of [
  ['a name that does not resolve', 'name', /etcd\.invalid/, async () => '{endpoints: ["http://etcd.invalid:2379"]}'],
  ['an address behind which nobody is', 'nobody', /192\.168\.20\.99/, async () => '{endpoints: ["http://192.168.20.99:2379"]}'],
  [
    'TLS where none is spoken',
    'tls',
    /127\.0\.0\.1/,
    async t => `{endpoints: ["https://127.0.0.1:2379"], tls: {ca: ${(await createAuthority(t)).cert}}}`,
  ],
] as const satisfies ReadonlyArray<readonly [string, string, RegExp, (t: Parameters<typeof createAuthority>[0]) => Promise<string>]>) {
  test(`with a store that cannot be reached the kernel stays as it is, and the agent runs: ${title}`, async t => {
    const host = await createAgentHost(t, label);
    await host.startEtcd();
    await leaveRoutes(host);
    await configure(host, `etcd: ${await etcd(t)}`);
    const agent = await host.startAgent();
    await waitFor('it has noticed', () => agent.log.some(({msg}) => msg === 'store is not reachable, will retry'));
    await host.until('time has passed', ({stateAgeSeconds}) => stateAgeSeconds > 5);
    const status = await host.status();
    t.like(status, {state: 'none', pass: undefined});
    const shown = (await host.romana('agent', 'status')).stdout.replaceAll(/\s+/g, ' ');
    t.regex(shown, / store nothing is known yet: waiting for the first whole state of the store for \d+ s \(.+\) last pass none yet/);
    t.regex(status.storeFault ?? '', reason);
    t.deepEqual(await host.ours(), left);
    t.deepEqual(await host.changingCommands(), []);
    t.is(agent.log.filter(({msg}) => msg === 'store is not reachable, will retry').length, 1);
    t.is(await agent.end('SIGTERM'), 0);
  });
}

test('files of TLS that are not what they should be are a wrong configuration: the agent ends, the kernel stays as it is', async t => {
  const host = await createAgentHost(t, 'files');
  await leaveRoutes(host);
  await configure(host, 'etcd: {endpoints: ["https://127.0.0.1:2379"], tls: {ca: /nowhere/ca.pem}}');
  const {status, stderr} = await host.romana('agent');
  t.is(status, 2);
  t.regex(stderr, /etcd\.tls\.ca: .*\/nowhere\/ca\.pem/);
  t.deepEqual(await host.ours(), left);
});

test('without BIRD the routes are there at once, and its first start finds files that are checked', async t => {
  const host = await createAgentHost(t, 'bird');
  await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30', 'host-2 192.168.20.31');
  await host.putBlocks('10.1.0.0/29 host-1', '10.1.0.8/29 host-2');
  await host.startAgent();
  await host.until(
    'BIRD is missed',
    ({pass}) => pass?.drivers.some(({name, error}) => name === 'bird' && error?.startsWith('BIRD is not running')) === true,
  );
  t.deepEqual(await host.ours(), [...rules, '10.1.0.8/29 via 192.168.20.31', 'unreachable 10.1.0.0/29']);
  const bird = await host.startBird();
  t.deepEqual(await birdRoutes(bird.control), ['10.1.0.0/29'], 'from its first moment');
  await host.until('all is well', status => status.pass?.isGood === true && status.bird?.isStale === false);
});
