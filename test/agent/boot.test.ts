import {copyFile, mkdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {birdRoutes} from '../helpers/bird.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {type AgentHost, createAgentHost} from './agent-host.ts';
import {createDrainingHost} from './draining-host.ts';

// A host that starts while its store is away: the real program, BIRD and etcd, in namespaces.

const test = namespaceTest();

const rules = ['-4 32000: from all lookup 10', '-6 32000: from all lookup 10'];
const neighbourRoute = '10.1.0.8/29 via 192.168.20.31';
const firstRoutes = [...rules, neighbourRoute, 'unreachable 10.1.0.0/29'];

const isSettled = ({pass, bird}: Awaited<ReturnType<AgentHost['status']>>) => pass?.isGood === true && bird?.isStale === false;
const cacheOf = ({folder}: AgentHost) => path.join(folder, 'state/state.json');

/** A host on which the agent has made everything so, and has cached the state of that. */
async function settledHost(t: ExecutionContext, label: string) {
  const host = await createAgentHost(t, label);
  const etcd = await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30', 'host-2 192.168.20.31');
  await host.putBlocks('10.1.0.0/29 host-1', '10.1.0.8/29 host-2');
  const bird = await host.startBird();
  const agent = await host.startAgent();
  await host.until('the agent has settled', isSettled);
  await cached(host, '10.1.0.8/29');
  t.deepEqual(await host.ours(), firstRoutes);
  return {host, etcd, bird, agent};
}

/** Waits until a block is in the cache. */
async function cached(host: AgentHost, block: string): Promise<void> {
  await waitFor(`${block} is in the cache`, async () => (await readFile(cacheOf(host), 'utf8').catch(() => '')).includes(block));
}

/** Cuts its power, and starts it again: what is in the kernel is gone, and no program runs. */
async function reboot(t: ExecutionContext, {host, etcd, bird, agent}: Awaited<ReturnType<typeof settledHost>>): Promise<AgentHost> {
  await Promise.all([agent.end('SIGKILL'), bird.kill(), etcd.kill()]);
  return createAgentHost(t, 'rebooted', {before: host});
}

test('a rebooted host forwards and announces from its cached state while the store is away, and goes over to the store when it is back', async t => {
  const before = await settledHost(t, 'boot');
  t.is((await stat(cacheOf(before.host))).mode & 0o777, 0o600);
  const host = await reboot(t, before);
  t.deepEqual(await host.ours(), []);
  const bird = await host.startBird();
  const agent = await host.startAgent();
  const status = await host.until('the agent has settled', now => isSettled(now) && now.state === 'cached');
  t.deepEqual(await host.ours(), firstRoutes);
  t.deepEqual(status.announced, ['10.1.0.0/29']);
  t.deepEqual(await birdRoutes(bird.control), ['10.1.0.0/29']);
  t.true(status.revision > 0);
  t.true(status.stateAgeSeconds > 0);
  t.true((status.stateWrittenAt ?? 0) > 0);
  t.is(await host.metric('romana_state_cached'), 1);
  t.true((await host.metric('romana_state_age_seconds')) > 0);
  const shown = (await host.romana('agent', 'status')).stdout;
  t.regex(shown, /^store {6}revision \d+, cached .* ago \(20\d\d-/m);
  t.is(agent.log.filter(({msg}) => String(msg).startsWith('the store says nothing')).length, 1);

  // What has changed meanwhile, before the agent hears of it.
  const elsewhere = await before.host.startEtcd();
  await before.host.putBlocks('10.1.0.8/29', '10.1.0.16/29 host-2', '10.1.0.24/29 host-1');
  await elsewhere.kill();
  await host.startEtcd();
  await host.until('the agent goes on with the store', now => isSettled(now) && now.state === 'store' && now.announced.length === 2);
  t.deepEqual(await host.ours(), [...rules, '10.1.0.16/29 via 192.168.20.31', 'unreachable 10.1.0.0/29', 'unreachable 10.1.0.24/29']);
  t.deepEqual(await birdRoutes(bird.control), ['10.1.0.0/29', '10.1.0.24/29']);
  t.is(await host.metric('romana_state_cached'), 0);
  await cached(host, '10.1.0.24/29');
});

test('where BIRD has lost its files, they come from the cached state', async t => {
  const before = await settledHost(t, 'lost');
  const host = await reboot(t, before);
  await rm(host.paths.confDir, {recursive: true});
  await mkdir(host.paths.confDir);
  const bird = await host.startBird();
  t.deepEqual(await birdRoutes(bird.control), []);
  await host.startAgent();
  await host.until('the agent has settled', now => isSettled(now) && now.state === 'cached');
  t.deepEqual(await birdRoutes(bird.control), ['10.1.0.0/29']);
});

test('with the cache switched off nothing is touched before the store tells its state, and then an old cache goes', async t => {
  const before = await settledHost(t, 'off');
  const host = await reboot(t, before);
  const config = path.join(host.folder, 'romana.yaml');
  await writeFile(config, (await readFile(config, 'utf8')).replace('agent:\n', 'agent:\n  cache: {enabled: false}\n'));
  await host.startBird();
  const agent = await host.startAgent();
  const files = await host.files();
  await host.until('much time has passed without the store', ({stateAgeSeconds}) => stateAgeSeconds > 6);
  t.like(await host.status(), {state: 'none', pass: undefined});
  t.deepEqual(await host.ours(), []);
  t.deepEqual(await host.files(), files);
  t.deepEqual(
    agent.log.filter(({part}) => part === 'cache'),
    [],
  );

  await host.startEtcd();
  await host.until('the agent has settled', now => isSettled(now) && now.state === 'store');
  t.deepEqual(await host.ours(), firstRoutes);
  await waitFor('the cache is gone', () =>
    stat(cacheOf(host)).then(
      () => false,
      () => true,
    ),
  );
});

test('what is there may be newer than the cache: it stays, what is missing is added, templates are followed', async t => {
  const {host, etcd, bird, agent} = await settledHost(t, 'older');
  const older = path.join(host.folder, 'older.json');
  await copyFile(cacheOf(host), older);
  await host.putBlocks('10.1.0.16/29 host-1', '10.1.0.24/29 host-2');
  await host.until('the agent has settled', status => isSettled(status) && status.announced.length === 2);
  const newer = await host.ours();
  t.is(newer.length, 6);
  await agent.end('SIGTERM');
  await etcd.kill();
  await copyFile(older, cacheOf(host));
  await host.ip(`route del ${neighbourRoute} dev eth0 table 10 proto 144`);
  const files = await host.files();
  const lastConfigured = async () =>
    (await bird.control.command('show status')).lines.find(line => line.startsWith('Last reconfiguration'));
  const configured = await lastConfigured();

  const second = await host.startAgent();
  await host.until('the agent has settled', status => isSettled(status) && status.state === 'cached');
  t.deepEqual(await host.ours(), newer, 'the missing one is back, the newer ones are there still');
  t.deepEqual(await host.files(), files);
  t.truthy(configured);
  t.is(await lastConfigured(), configured, 'BIRD was not bothered');
  t.deepEqual((await host.status()).announced, ['10.1.0.0/29', '10.1.0.16/29']);
  t.deepEqual(
    second.log.filter(({level}) => Number(level) > 40),
    [],
  );

  const template = await readFile(path.join(host.folder, 'templates/publisher.conf'), 'utf8');
  await host.template('publisher.conf', `${template}# edited\n`);
  await waitFor('the edit is live', async () => (await host.publisherConf()).endsWith('# edited\n'));
  await host.until('the agent has settled', isSettled);
  t.deepEqual(await birdRoutes(bird.control), ['10.1.0.0/29', '10.1.0.16/29'], 'an edit does not withdraw what the cache does not know');

  await host.startEtcd();
  await host.until('the agent goes on with the store', status => isSettled(status) && status.state === 'store');
  t.deepEqual(await host.ours(), newer);
  t.deepEqual(await birdRoutes(bird.control), ['10.1.0.0/29', '10.1.0.16/29']);
});

test('a cache that cannot be used is told of once, and nothing is touched', async t => {
  const before = await settledHost(t, 'broken');
  const host = await reboot(t, before);
  const text = await readFile(cacheOf(host), 'utf8');
  await writeFile(cacheOf(host), text.slice(0, text.length / 2));
  await host.startBird();
  const agent = await host.startAgent();
  await host.until('much time has passed without the store', ({stateAgeSeconds}) => stateAgeSeconds > 5);
  t.like(await host.status(), {state: 'none', pass: undefined});
  t.deepEqual(await host.ours(), []);
  const told = agent.log.filter(({part}) => part === 'cache');
  t.is(told.length, 1);
  t.like(told[0], {level: 40, msg: 'cached state cannot be used', file: cacheOf(host)});
  await host.startEtcd();
  await host.until('the agent has settled', status => isSettled(status) && status.state === 'store');
  t.deepEqual(await host.ours(), firstRoutes);
  await waitFor('the cache is whole again', async () => (await readFile(cacheOf(host), 'utf8')).endsWith(']}\n'));
});

test('a host that was being drained stays so with the cached state: the last choice, and withdrawn when the store is back', async t => {
  const host = await createDrainingHost(t, 'draining');
  const first = await host.startAgent();
  await host.until('the agent has settled', isSettled);
  await host.setDrained(true);
  const isLastChoice = async () => (await host.atTor()).includes('(65535,0)');
  await waitFor('the prefix is the last choice of the ToR', isLastChoice);
  await cached(host, '\\"drained\\":true');
  await first.end('SIGKILL');
  await host.etcd.kill();

  await host.configure({timeoutSeconds: 1});
  await host.startAgent();
  await host.until(
    'the time to drain is over',
    ({drain, pass, state}) => state === 'cached' && (pass?.at ?? 0) > (drain?.deadline ?? Infinity),
  );
  await host.until('the agent has settled', isSettled);
  t.true(await isLastChoice());
  t.is((await host.status()).drain?.state, 'draining');

  await host.startEtcd();
  await waitFor('the prefix is withdrawn', async () => (await host.atTor()) === '');
  await host.until('the agent has settled', status => isSettled(status) && status.drain?.state === 'drained');
});
