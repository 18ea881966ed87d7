import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {chown, mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {InputError} from '../../../src/core/errors.ts';
import {BirdUnconfirmedError, GuardRefusedError} from '../../../src/drivers/bird/rejection.ts';
import {birdPaths, startBird} from '../../helpers/bird.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {connect, createNamespace, type Namespace, namespaceTest} from '../../helpers/namespace.ts';
import {openGuards} from '../../helpers/node-state.ts';
import {waitFor} from '../../helpers/wait.ts';
import {createBirdHost, writeFirstConf} from './bird-host.ts';
import {createNeighbouringHost, speaking} from './neighbours.ts';

// ToRs and hosts with the timers that a BIRD or FRR has when nobody sets any: hold times of minutes, and long waits after an error. Here the time is
// what is promised: a mistake is taken back, and the session is up again, within the time for the confirmation and 15 s.

const test = namespaceTest();
const one = ['10.1.0.0/29'];
const confirmSeconds = 20;
const publish = {confirm: {timeoutSeconds: confirmSeconds}, guards: openGuards};
const bgp = (as: number, more = '') =>
  `protocol bgp tor {\n  local as 65001;\n  neighbor 192.168.20.1 as ${as};\n  ${more}\n  ipv4 { import none; export where proto = "romana"; };\n}`;

const otherOwnAs = bgp(65000).replace('65001', '65002');

for (const [name, start, what, bad, waitSeconds] of [
  ['BIRD', startBirdTor, 'a wrong AS of the neighbour', bgp(65009), 0],
  // A BIRD that has refused a neighbour hears nothing of it for a minute, and nothing on this side changes that.
  ['BIRD', startBirdTor, 'a wrong AS of its own', otherOwnAs, 60],
  ['BIRD', startBirdTor, 'a password that the ToR does not have', bgp(65000, 'password "wrong";'), 0],
  ['FRR', startFrrTor, 'a wrong AS of the neighbour', bgp(65009), 0],
  ['FRR', startFrrTor, 'a wrong AS of its own', otherOwnAs, 0],
  ['FRR', startFrrTor, 'a password that the ToR does not have', bgp(65000, 'password "wrong";'), 0],
] as const) {
  test(`${what}, default timers, ${name} as ToR: back in time, and known to be bad`, async t => {
    t.timeout(180_000);
    const host = await createBirdHost(t, 'default');
    const torSpace = await createNamespace(t, 'default-tor');
    await connect(host.namespace, torSpace, {addresses: [['192.168.20.30/24'], ['192.168.20.1/24']]});
    await start(t, torSpace);
    await writeFirstConf(host);
    await host.start();
    const driver = host.driver();
    await host.pass(driver, host.node(one, speaking(bgp(65000)), publish));
    const isUp = async () => (await host.control.command('show protocols')).lines.some(line => /BGP .*Established/.test(line));
    await waitFor('the session is up', isUp, 60_000);
    await host.pass(driver, host.node(one, speaking(bgp(65000)), publish));

    const begin = Date.now();
    const node = host.node(one, speaking(bad), publish);
    const error = await t.throwsAsync(host.pass(driver, node), {instanceOf: InputError});
    const limitMs = (confirmSeconds + 15 + waitSeconds) * 1000;
    await waitFor('the session is up again', isUp, limitMs - (Date.now() - begin));
    t.log(`${((Date.now() - begin) / 1000).toFixed(1)} s, ${error?.message}`);
    t.true(error instanceof GuardRefusedError || (error instanceof BirdUnconfirmedError && error.isFinal));
    await t.throwsAsync(host.pass(driver, node), {is: error});
    t.deepEqual(host.log, []);
  });
}

test('OSPF with default timers: a password that the ToR does not have is taken back before the neighbour is lost', async t => {
  t.timeout(180_000);
  const ospf = (password = '') =>
    `protocol ospf v2 ospf1 {\n  ipv4 { import all; export where proto = "romana"; };\n  area 0 { interface "eth0" { type ptp; ${password} }; };\n}`;
  const tor = 'protocol ospf v2 { ipv4 { import all; export none; }; area 0 { interface "eth0" { type ptp; }; }; }\n';
  const host = await createNeighbouringHost(t, 'defaultospf', [tor]);
  const node = (password = '') => host.node(one, speaking(ospf(password)), {...publish, confirm: {timeoutSeconds: 30}});
  const driver = host.driver();
  await host.pass(driver, node());
  const neighbours = async () => (await host.control.command('show ospf neighbors ospf1')).lines.join();
  const isFull = async () => /Full/.test(await neighbours());
  await waitFor('the adjacency is full', isFull, 90_000);
  await host.pass(driver, node());
  const error = await t.throwsAsync(host.pass(driver, node('authentication cryptographic; password "wrong";')), {
    instanceOf: BirdUnconfirmedError,
    message: /ospf1 has heard nothing of 192\.168\.20\.1 for \d+ s/,
  });
  t.true(error?.isFinal);
  t.true(await isFull());
  await host.pass(driver, node('cost 20;'));
  t.like(driver.status(), {rejected: undefined});
});

async function startBirdTor(t: ExecutionContext, space: Namespace): Promise<void> {
  const paths = birdPaths(await temporaryFolder(t));
  await mkdir(paths.confDir);
  const text =
    'router id 192.168.20.1;\nprotocol device {}\nprotocol bgp host {\n  local as 65000;\n  neighbor 192.168.20.30 as 65001;\n  ipv4 { import all; export none; };\n}\n';
  await writeFile(paths.birdConf, text);
  await startBird(t, space, paths);
}

/** FRR's daemons become user frr by themselves, whose the folder must be. Without zebra, bgpd still speaks BGP. */
async function startFrrTor(t: ExecutionContext, space: Namespace): Promise<void> {
  const folder = await temporaryFolder(t);
  const config = path.join(folder, 'bgpd.conf');
  const lines = [
    'router bgp 65000',
    ' bgp router-id 192.168.20.1',
    ' no bgp ebgp-requires-policy',
    ' neighbor 192.168.20.30 remote-as 65001',
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  const frr = Number((await space.run('id', ['-u', 'frr'])).trim());
  await chown(folder, frr, frr);
  const args = ['-f', config, '-i', `${folder}/bgpd.pid`, '-z', `${folder}/zserv.api`, '--vty_socket', folder, '-A', '127.0.0.1'];
  const child = spawn('ip', ['netns', 'exec', space.name, '/usr/lib/frr/bgpd', ...args], {stdio: 'ignore'});
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
}
