import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {AgentStatus} from '../../src/agent/status.ts';
import {isSameTime} from '../../src/drivers/bird/bird-status.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {createDrainingHost, isSettled, ownPrefix, pingFromOutside, startSecondHost} from './draining-host.ts';

// The real agent drains its host; a BIRD as ToR, and a second host that announces the same prefix.

const test = namespaceTest();

test('while another host has the prefix, too, draining takes all traffic there, and not a packet is lost', async t => {
  const host = await createDrainingHost(t, 'drain');
  const second = await startSecondHost(t, host);
  // An endpoint that both hosts can serve.
  for (const {run} of [host.namespace, second]) await run('ip', ['address', 'add', '10.1.0.1/32', 'dev', 'lo']);
  await host.startAgent();
  await host.until('the agent has settled', isSettled);
  await waitFor('the ToR prefers this host', async () => / \* \(100\)/.test(await host.atTor()));
  const [routes, since] = [await host.ours(), await host.upSince()];
  t.not(since, '', 'the session is up');
  const answeredHere = await countOfAnswers();
  const pings = await pingFromOutside(t, host, '10.1.0.1');
  await waitFor('traffic goes to this host', async () => (await countOfAnswers()) > answeredHere + 20);

  await host.setDrained(true);
  await waitFor('the ToR sees the community', async () => (await host.atTor()).includes('(65535,0)'));
  await waitFor('the ToR prefers the other host', async () => !/ \* /.test(await host.atTor()));
  const {drain} = await host.until('drained', status => status.drain?.state === 'drained');
  t.like(drain, {withOtherPath: 1, prefixes: 1});
  t.is(await host.atTor(), '');
  t.deepEqual((await host.status()).announced, []);
  t.deepEqual(await host.ours(), routes, 'only the announcement is gone: endpoints may still be running');
  const answeredThen = await countOfAnswers();
  const sentTo = await answersOf(second);
  await waitFor('the other host answers', async () => (await answersOf(second)) > sentTo + 20);
  t.is(await countOfAnswers(), answeredThen, 'no packet comes here any more');

  await host.setDrained(false);
  await waitFor('the ToR prefers this host again', async () => / \* \(100\)/.test(await host.atTor()));
  t.false((await host.atTor()).includes('(65535,0)'));
  const isInUse = (status: AgentStatus) => isSettled(status) && status.announced.length === 1 && status.drain === undefined;
  await host.until('settled in use', isInUse);
  await waitFor('traffic comes here again', async () => (await countOfAnswers()) > answeredThen + 20);
  t.true(isSameTime(await host.upSince(), since), 'the session is the one of the beginning');
  const {sent, lost} = await pings.stop();
  t.true(sent > 100, `${sent}`);
  t.is(lost, 0);

  function countOfAnswers() {
    return answersOf(host.namespace);
  }
});

test('without another path the timer ends draining; what was withdrawn stays so when the agent starts again', async t => {
  const host = await createDrainingHost(t, 'alone');
  const agent = await host.startAgent();
  await host.until('the agent has settled', isSettled);
  await waitFor('the ToR has the route', async () => (await host.atTor()) !== '');
  const since = await host.upSince();

  await host.setDrained(true);
  await waitFor('the ToR sees the community', async () => (await host.atTor()).includes('(65535,0)'));
  const draining = await host.until('the configuration is confirmed', isSettled);
  t.like(draining.drain, {state: 'draining', withOtherPath: 0, prefixes: 1});
  t.deepEqual(draining.announced, [ownPrefix]);

  await agent.end('SIGKILL');
  await host.configure({timeoutSeconds: 2});
  const second = await host.startAgent();
  const again = await host.until('the next one goes on', status => status.drain !== undefined);
  t.is(again.drain?.state, 'draining');
  t.regex(await host.atTor(), /\(65535,0\)/);
  const {drain} = await host.until('drained in time', status => status.drain?.state === 'drained');
  t.like(drain, {withOtherPath: 0, prefixes: 1});
  t.is(await host.atTor(), '');
  t.true(second.log.some(({msg}) => msg === 'host is drained, its prefixes are withdrawn'));

  await host.configure({timeoutSeconds: 600});
  await second.end('SIGKILL');
  const files = await host.files();
  await host.startAgent();
  const third = await host.until('the third one has settled', status => isSettled(status) && status.drain !== undefined);
  t.is(third.drain?.state, 'drained');
  t.deepEqual(await host.files(), files, 'nothing is written, so nothing was announced in between');
  t.is(await host.atTor(), '');

  await host.setDrained(false);
  await waitFor('the ToR has the route again', async () => (await host.atTor()) !== '');
  t.false((await host.atTor()).includes('(65535,0)'));
  await host.until('settled in use', status => isSettled(status) && status.drain === undefined);
  t.true(isSameTime(await host.upSince(), since));
});

test('undrained in the middle, the host is in use again at once', async t => {
  const host = await createDrainingHost(t, 'undrain');
  await host.startAgent();
  await host.until('the agent has settled', isSettled);
  const since = await waitFor('the session is up', async () => (await host.upSince()) || undefined);
  await host.setDrained(true);
  await waitFor('the ToR sees the community', async () => (await host.atTor()).includes('(65535,0)'));
  await host.setDrained(false);
  await waitFor('the ToR sees none', async () => {
    const route = await host.atTor();
    return route !== '' && !route.includes('(65535,0)');
  });
  const {announced} = await host.until('settled in use', status => isSettled(status) && status.drain === undefined);
  t.deepEqual(announced, [ownPrefix]);
  t.true(isSameTime(await host.upSince(), since));
});

test('from the command line, with the prefix of a group', async t => {
  const host = await createDrainingHost(t, 'line');
  await host.configure({prefixes: 'groups'});
  await host.startDaemon();
  const topology = {
    networks: [{name: 'net1', cidr: '10.1.0.0/16', block_mask: 29}],
    topologies: [
      {
        networks: ['net1'],
        map: [
          {name: 'rack-1', groups: []},
          {name: 'rack-2', groups: []},
        ],
      },
    ],
  };
  const file = path.join(host.folder, 'topology.json');
  await writeFile(file, JSON.stringify(topology));
  const romana = async (...args: readonly string[]) => {
    const {status, stdout, stderr} = await host.romana(...args);
    t.deepEqual([status, stderr], [0, ''], `${args.join(' ')}: ${stdout}`);
    return stdout;
  };
  for (const name of ['host-1', 'host-2']) await host.namespace.run('env', ['ETCDCTL_API=3', 'etcdctl', 'del', `/romana/hosts/${name}`]);
  await host.namespace.run('env', ['ETCDCTL_API=3', 'etcdctl', 'del', `/romana/blocks/${ownPrefix}`]);
  await romana('topology', 'update', file);
  await romana('host', 'add', 'host-1', '192.168.20.30');
  await romana('address', 'allocate', 'a', '--host', 'host-1');
  const [{groups}] = JSON.parse(await romana('-f', 'json', 'host', 'list')).hosts;
  const group: string = groups.net1.cidr;
  await startSecondHost(t, host, group);
  await host.startAgent();
  await host.until('the agent has settled', isSettled);
  await waitFor('the ToR prefers this host', async () => / \* \(100\)/.test(await host.atTor(group)));
  await waitFor('its agent has reported', async () => JSON.parse(await romana('-f', 'json', 'status')).hosts[0]?.announced === 1);

  const drained = (await romana('host', 'drain', 'host-1')).split('\n').filter(Boolean);
  t.is(drained.at(-1), 'host-1: drained, nothing is announced');
  t.true(
    drained.some(line => /^host-1: draining, [01] of 1 prefix has another path, \d+ (s|min) left$/.test(line)),
    drained.join('\n'),
  );
  t.notRegex(await host.atTor(group), /10\./);
  t.regex(await romana('host', 'list'), /host-1 .* drained$/m);
  t.regex(await romana('agent', 'status'), /drained for .*: nothing is announced/);
  t.is(await romana('host', 'drain', 'host-1'), 'host-1: drained, nothing is announced\n', 'asked once more, it is so already');

  const back = (await romana('host', 'undrain', 'host-1')).split('\n').filter(Boolean);
  t.is(back.at(-1), 'host-1: in use, 1 prefix is announced');
  t.regex(await host.atTor(group), / \* \(100\)/);
});

/** How many echo requests a host has answered. */
async function answersOf({run}: {run: (command: string, args: readonly string[]) => Promise<string>}): Promise<number> {
  const text = await run('nstat', ['-asz', 'IcmpInEchos']);
  return Number(/IcmpInEchos +(\d+)/.exec(text)?.[1]);
}
