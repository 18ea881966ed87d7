import {mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {parse} from 'yaml';
import {birdRoutes} from '../helpers/bird.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {type AgentHost, createAgentHost, templates} from './agent-host.ts';

// The real program as a process, with a real etcd and a real BIRD, in a namespace.

const test = namespaceTest();

const rules = ['-4 32000: from all lookup 10', '-6 32000: from all lookup 10'];
const firstRoutes = [...rules, '10.1.0.8/29 via 192.168.20.31', 'unreachable 10.1.0.0/29', 'unreachable fd00::400/122'];

const isSettled = ({pass, bird}: Awaited<ReturnType<AgentHost['status']>>) => pass?.isGood === true && bird?.isStale === false;

/** A host with BIRD, etcd, two hosts and their blocks, whose agent has made everything so. */
async function settledHost(t: ExecutionContext, label: string) {
  const host = await createAgentHost(t, label);
  const etcd = await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30', 'host-2 192.168.20.31', 'host-9 172.16.0.9');
  await host.putBlocks('10.1.0.0/29 host-1', '10.1.0.8/29 host-2', '10.1.0.16/29 host-9', '10.1.0.24/29', 'fd00::400/122 host-1');
  await host.template('publisher.conf', templates['publisher.conf'].replace('Networks', 'Networks4'));
  const bird = await host.startBird();
  const agent = await host.startAgent();
  await host.until('the agent has settled', isSettled);
  return {...host, etcd, bird, agent};
}

/** Waits for passes that begin from now on, each asked for by a file in the template folder that is no template. */
async function nudge(host: AgentHost, passes: number): Promise<void> {
  for (let count = 0; count < passes; count += 1) {
    const before = (await host.status()).pass?.at ?? 0;
    await writeFile(path.join(host.folder, 'templates/notes.txt'), `${count} ${before}\n`);
    await host.until('another pass', ({pass}) => (pass?.at ?? 0) > before);
  }
}

test('nothing is touched before the first whole state; then the host converges, and follows the store', async t => {
  const host = await createAgentHost(t, 'first');
  await host.ip('route add 10.5.0.0/29 via 192.168.20.77 dev eth0 onlink table 10 proto 144 metric 64');
  await host.ip('route add unreachable 10.6.0.0/29 proto 144 metric 4096');
  await host.ip('rule add pref 32000 lookup 10 proto 144');
  const bird = await host.startBird();
  const stale = await host.ours();
  t.is(stale.length, 3);
  const files = await host.files();

  const agent = await host.startAgent();
  await waitFor('the agent has noticed that there is no store', () =>
    agent.log.some(({msg}) => msg === 'store is not reachable, will retry'),
  );
  await writeFile(path.join(host.folder, 'templates/notes.txt'), 'a nudge');
  t.like(await host.status(), {pass: undefined, revision: 0, announced: []});
  await waitFor('the age of the state grows', async () => (await host.status()).stateAgeSeconds > 1);
  t.is((await host.status()).pass, undefined);
  t.deepEqual(await host.ours(), stale, 'what an earlier life has left there stays');
  t.deepEqual(await host.files(), files);
  t.deepEqual(await host.changingCommands(), []);
  t.regex((await host.romana('agent', 'status')).stdout, /^last pass {2}none yet: no whole state has been read$/m);

  await host.startEtcd();
  await host.until('the agent has settled', isSettled);
  t.deepEqual(await host.ours(), rules, 'an empty store is a whole state too');

  await host.putHosts('host-1 192.168.20.30', 'host-2 192.168.20.31');
  await host.putBlocks('10.1.0.0/29 host-1', '10.1.0.8/29 host-2');
  await waitFor('BIRD announces', async () => (await birdRoutes(bird.control)).join() === '10.1.0.0/29');
  await host.until('the pass is over', status => isSettled(status) && status.announced.join() === '10.1.0.0/29');
  t.deepEqual(await host.ours(), [...rules, '10.1.0.8/29 via 192.168.20.31', 'unreachable 10.1.0.0/29']);
  t.is(await host.metric('romana_prefixes_announced'), 1);
  await waitFor('the pass is counted', async () => (await host.metric('romana_managed_routes')) === 2);
  t.is(await host.metric('romana_bird_config_stale'), 0);

  await host.putBlocks('10.1.0.0/29 host-2', '10.1.0.8/29 host-1');
  await waitFor('the blocks have changed hands', async () => (await birdRoutes(bird.control)).join() === '10.1.0.8/29');
  const turned = [...rules, '10.1.0.0/29 via 192.168.20.31', 'unreachable 10.1.0.8/29'].join('\n');
  await waitFor('the routes have, too', async () => (await host.ours()).join('\n') === turned);
  await host.until('the pass is over', status => isSettled(status) && status.announced.join() === '10.1.0.8/29');
});

test('killed, started again, and stopped: all that it made stays in place', async t => {
  const {agent, bird, etcd, ...host} = await settledHost(t, 'killed');
  t.deepEqual(await host.ours(), firstRoutes);
  await agent.end('SIGKILL');
  t.deepEqual(await host.ours(), firstRoutes);
  await host.ip('route del 10.1.0.8/29 table 10 proto 144');
  const before = await host.files();

  const second = await host.startAgent();
  await host.until('the second has settled', isSettled);
  t.deepEqual(await host.ours(), firstRoutes);
  t.deepEqual(await host.files(), before, 'what was right is not written again');
  t.deepEqual((await host.status()).announced, ['10.1.0.0/29'], 'what BIRD was given, not what there might be');

  await etcd.kill();
  await waitFor('the agent notices that the store is gone', async () => (await host.status()).stateAgeSeconds > 0);
  await nudge(host, 1);
  t.deepEqual(await host.ours(), firstRoutes, 'without the store the last known state is kept');

  t.is(await second.end('SIGTERM'), 0);
  t.is(second.stderr, '');
  t.deepEqual(await host.ours(), firstRoutes);
  t.deepEqual(await host.files(), before);
  t.deepEqual(await birdRoutes(bird.control), ['10.1.0.0/29']);
  t.deepEqual(await readdir(path.join(host.folder, 'run')), [], 'but for its socket');
});

test('told to stop before it has seen any state, it stops', async t => {
  const host = await createAgentHost(t, 'early');
  const agent = await host.startAgent();
  t.is(await agent.end('SIGTERM'), 0);
});

test('an edited template goes live; one that BIRD refuses, or that cannot be rendered, leaves the last good one', async t => {
  const {bird, ...host} = await settledHost(t, 'templates');
  const good = templates['publisher.conf'].replace('Networks', 'Networks4');
  const template = path.join(host.folder, 'templates/publisher.conf');
  await host.template('publisher.conf', `${good}# edited\n`);
  await waitFor('the edit is live', async () => (await host.publisherConf()).endsWith('# edited\n'));
  await host.until('settled', isSettled);
  const live = await host.publisherConf();

  for (const [text, line, reason] of [
    [good.replace('reject', 'rejekt'), 4, /^syntax error/],
    [good.replace('{{this}}', '{{that}}'), 4, /that/],
    [good.replace('{{/each}}', ''), 3, /never closed/],
  ] as const) {
    await host.template('publisher.conf', text);
    const {bird: report} = await host.until(
      'the problem is seen',
      status => status.bird?.problem !== undefined && status.bird.problem.line === line,
    );
    t.like(report, {isRunning: true, isStale: true});
    t.is(report?.problem?.file, template);
    t.regex(report?.problem?.reason ?? '', reason);
    t.is(await host.publisherConf(), live);
    t.deepEqual(await birdRoutes(bird.control), ['10.1.0.0/29']);
    t.is(await host.metric('romana_bird_config_stale'), 1);

    const table = await host.romana('agent', 'status');
    t.is(table.status, 0);
    t.true(table.stdout.replaceAll(/\s+/g, ' ').includes(`problem ${report?.problem?.reason} (${template}:${line})`), table.stdout);
    const json = JSON.parse((await host.romana('agent', 'status', '-f', 'json')).stdout);
    t.like(json.bird, {isStale: true, problem: {file: template, line, reason: report?.problem?.reason}});
    t.deepEqual(JSON.parse((await host.romana('-f', 'json', 'agent', 'status')).stdout).bird.problem, json.bird.problem);

    await host.template('publisher.conf', `${good}# edited\n`);
    await host.until('all is well again', status => isSettled(status) && status.bird?.problem === undefined);
    t.is(await host.metric('romana_bird_config_stale'), 0);
  }
});

test('while nothing changes no command changes anything, no file is written, and BIRD is not asked to configure', async t => {
  const {agent, bird, ...host} = await settledHost(t, 'quiet');
  await waitFor('its addresses are told', () => agent.log.some(({part}) => part === 'addresses'));
  await nudge(host, 1);
  t.true((await readFile(path.join(host.folder, 'commands'), 'utf8')).includes('show'), 'the commands are seen');
  await writeFile(path.join(host.folder, 'commands'), '');
  const files = await host.files();
  const lastConfigured = async () =>
    (await bird.control.command('show status')).lines.find(line => line.startsWith('Last reconfiguration'));
  const configured = await lastConfigured();
  const lines = agent.log.length;

  await nudge(host, 3);
  t.deepEqual(await host.changingCommands(), []);
  t.deepEqual(await host.files(), files);
  t.truthy(configured);
  t.is(await lastConfigured(), configured);
  t.deepEqual(agent.log.slice(lines), [], 'a quiet host logs nothing');
});

test('clean refuses while the agent runs, then removes exactly what is ours', async t => {
  const {agent, bird, ...host} = await settledHost(t, 'clean');
  const foreign = 'protocol static third { ipv4; route 10.9.0.0/24 reject; }\n';
  await writeFile(path.join(host.paths.confDir, 'other.conf'), foreign);
  await host.ip('route add 10.1.0.8/29 via 192.168.20.1 table 10 proto static metric 7');
  await host.ip('route add 10.8.0.0/24 via 192.168.20.1');
  await host.ip('rule add pref 100 from 192.0.2.1 lookup 10');

  const refused = await host.romana('agent', 'clean');
  t.deepEqual([refused.status, refused.stdout], [1, '']);
  t.regex(refused.stderr, /^romana: cannot clean: the agent is running and would put it all back: stop it first\n$/);
  t.deepEqual(await host.ours(), firstRoutes);

  t.is(await agent.end('SIGTERM'), 0);
  const cleaned = await host.romana('agent', 'clean');
  t.deepEqual([cleaned.status, cleaned.stderr], [0, '']);
  t.is(cleaned.stdout, 'removed: 2 names, 2 rules, 1 neighbour-routes, 2 block-routes, 1 bird\n');
  t.deepEqual(await host.ours(), []);
  t.is((await host.ip('route show table 10')).trim(), '10.1.0.8/29 via 192.168.20.1 dev eth0 proto static metric 7');
  t.regex(await host.ip('route show'), /^10\.8\.0\.0\/24 via 192\.168\.20\.1 dev eth0/m);
  t.regex(await host.ip('rule show'), /^100:\tfrom 192\.0\.2\.1 lookup 10/m);
  t.deepEqual(await readdir(host.paths.confDir), ['other.conf']);
  t.is(await readFile(path.join(host.paths.confDir, 'other.conf'), 'utf8'), foreign);
  t.deepEqual((await readdir(path.join(host.folder, 'iproute2'), {recursive: true})).toSorted(), ['rt_protos.d', 'rt_tables.d']);
  await waitFor('BIRD has withdrawn', async () => !(await birdRoutes(bird.control)).includes('10.1.0.0/29'));

  t.is((await host.romana('agent', 'clean')).stdout, 'nothing of the agent is on this host\n');
});

test("clean leaves an operator's own bird.conf and publisher.conf alone where no agent ever was", async t => {
  const host = await createAgentHost(t, 'never');
  const {birdConf, confDir} = host.paths;
  const publisher = path.join(confDir, 'publisher.conf');
  await writeFile(birdConf, '# of the operator\n');
  await mkdir(confDir, {recursive: true});
  await writeFile(publisher, 'protocol static mine { ipv4; }\n');
  t.is((await host.romana('agent', 'clean')).stdout, 'nothing of the agent is on this host\n');
  t.is(await readFile(birdConf, 'utf8'), '# of the operator\n');
  t.is(await readFile(publisher, 'utf8'), 'protocol static mine { ipv4; }\n');
});

test('a second agent on the same socket refuses to start', async t => {
  const host = await createAgentHost(t, 'second');
  await host.startAgent();
  const {status, stderr} = await host.romana('agent');
  t.is(status, 1);
  t.regex(stderr, /^romana: cannot listen on .*: another agent is running there\n$/);
});

test('only root may use the socket', async t => {
  const host = await createAgentHost(t, 'socket');
  await host.startAgent();
  t.is((await stat(path.join(host.folder, 'run/agent.sock'))).mode & 0o077, 0);
});

test('--check-config prints what is in force, secrets hidden, and starts nothing', async t => {
  const host = await createAgentHost(t, 'check');
  const file = path.join(host.folder, 'romana.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    `${text}    vars: {md5Password: s3cret, neighbor: 192.168.20.1}\netcd: {endpoints: ["https://me:s3cret@etcd:2379"]}\n`,
  );
  const {status, stdout, stderr} = await host.romana('agent', '--check-config', '--etcd-prefix', '/lab');
  t.deepEqual([status, stderr], [0, '']);
  t.false(stdout.includes('s3cret'));
  const shown = parse(stdout);
  t.like(shown, {etcd: {endpoints: ['https://(hidden)@etcd:2379'], prefix: '/lab'}, host: {name: 'host-1'}});
  t.deepEqual(shown.agent.publish.vars, {md5Password: '(hidden)', neighbor: '192.168.20.1'});

  await writeFile(file, `${text}colour: red\nhost2: 1\n`);
  const refused = await host.romana('agent', '--check-config');
  t.deepEqual([refused.status, refused.stdout], [2, '']);
  t.is(refused.stderr, `romana: cannot use the configuration in ${file}:\n  colour: unknown key\n  host2: unknown key\n`);
});
