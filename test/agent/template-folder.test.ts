import {mkdir, rm, symlink} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import type {AgentStatus} from '../../src/agent/status.ts';
import {birdRoutes} from '../helpers/bird.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {createAgentHost, templates} from './agent-host.ts';

// What is no template in the template folder, and the real program.

const test = namespaceTest();

const good = templates['publisher.conf'].replace('Networks', 'Networks4');
const isSettled = ({pass, bird}: AgentStatus) => pass?.isGood === true && bird?.isStale === false;

/** A host whose agent has made its one block known to BIRD. */
async function settledHost(t: ExecutionContext, label: string) {
  const host = await createAgentHost(t, label);
  await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30');
  await host.putBlocks('10.1.0.0/29 host-1');
  await host.template('publisher.conf', good);
  const bird = await host.startBird();
  const agent = await host.startAgent();
  await host.until('the agent has settled', isSettled);
  return {...host, agent, bird, inFolder: (name: string) => path.join(host.folder, 'templates', name)};
}

test('a link that leads to itself harms neither the agent nor what it notices later', async t => {
  const {agent, ...host} = await settledHost(t, 'loop');
  await symlink('loop', host.inFolder('loop'));
  await waitFor('the watcher has met it', () => agent.log.some(({msg}) => msg === 'changes of templates may be noticed later'));

  await host.template('publisher.conf', `${good}# edited\n`);
  await waitFor('the edit is live', async () => (await host.publisherConf()).endsWith('# edited\n'));
  await host.until('settled', isSettled);
  await host.template('publisher.conf.192.168.20.0', `${good}# of the subnet\n`);
  await waitFor('the new file is taken', async () => (await host.publisherConf()).endsWith('# of the subnet\n'));
  await host.until('settled', isSettled);
  t.is(await agent.end('SIGTERM'), 0);
  t.is(agent.stderr, '');
});

test('a folder with the name of a template is a problem with that name; prefixes go on with the last good one', async t => {
  const {bird, ...host} = await settledHost(t, 'named');
  const name = host.inFolder('publisher.conf.192.168.20.30');
  await mkdir(name);
  const {bird: report} = await host.until('the problem is seen', status => status.bird?.problem !== undefined);
  t.is(report?.problem?.reason, `no template for publisher.conf: ${name} is a folder, not a file`);
  await host.putBlocks('10.1.0.8/29 host-1');
  await waitFor('the new block is announced', async () => (await birdRoutes(bird.control)).join() === '10.1.0.0/29,10.1.0.8/29');
  t.true((await host.romana('agent', 'status')).stdout.replaceAll(/\s+/g, ' ').includes(`${name} is a folder, not a file`));

  await rm(name, {recursive: true});
  await host.until('all is well again', status => isSettled(status) && status.bird?.problem === undefined);
});
