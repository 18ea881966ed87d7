import {birdRoutes} from '../helpers/bird.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {type AgentHost, createAgentHost} from './agent-host.ts';
import {configureAgent} from './networked-host.ts';

// What of the machine itself the agent sets, or refuses to work without, by the real program.

const test = namespaceTest();

const errorOf = (status: Awaited<ReturnType<AgentHost['status']>>, name: string) =>
  status.pass?.drivers.find(driver => driver.name === name)?.error;

test('without leave to set anything, BIRD waits with one message that says what to set; routes do not', async t => {
  const host = await createAgentHost(t, 'noleave');
  await configureAgent(host, {provision: false});
  await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30', 'host-2 192.168.20.31');
  await host.putBlocks('10.1.0.0/29 host-1', '10.1.0.8/29 host-2');
  const bird = await host.startBird();
  const agent = await host.startAgent();

  const status = await host.until('it is refused', current => errorOf(current, 'sysctls') !== undefined);
  const message = errorOf(status, 'sysctls') ?? '';
  t.regex(
    message,
    /^this host would not forward as it should: net\.ipv6\.\S+accept_ra is 1, expected 2; net\.ipv4\.ip_forward is 0, expected 1; /,
  );
  t.is(status.pass?.drivers.find(({name}) => name === 'bird')?.heldBackBy, 'sysctls');
  t.is(agent.log.filter(({driver}) => driver === 'sysctls').length, 1);
  await waitFor('routes are made', async () => (await host.ours()).includes('10.1.0.8/29 via 192.168.20.31'));
  t.deepEqual(await birdRoutes(bird.control), []);
  const forwarding = () => host.namespace.run('cat', ['/proc/sys/net/ipv4/ip_forward']);
  t.is(await forwarding(), '0\n');

  // As it says itself.
  const [, settings = ''] = /\(sysctl -w (.*?);/.exec(message) ?? [];
  await host.namespace.run('sysctl', ['-q', '-w', ...settings.split(' ')]);
  await waitFor('BIRD announces', async () => (await birdRoutes(bird.control)).join() === '10.1.0.0/29');
  t.is(errorOf(await host.until('all is well', ({pass}) => pass?.isGood === true), 'sysctls'), undefined);

  // What is announced stays when somebody sets one back, and nothing more is announced.
  await host.namespace.run('sysctl', ['-q', '-w', 'net.ipv4.ip_forward=0']);
  await host.putBlocks('10.1.0.16/29 host-1');
  await host.until('it is noticed', current => errorOf(current, 'sysctls')?.includes('ip_forward is 0') === true);
  await waitFor('routes follow', async () => (await host.ours()).includes('unreachable 10.1.0.16/29'));
  t.deepEqual(await birdRoutes(bird.control), ['10.1.0.0/29']);
  t.is(await forwarding(), '0\n');
});

test('with leave, what somebody sets back is put right as drift, and clean leaves it', async t => {
  const host = await createAgentHost(t, 'leave');
  await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30');
  await host.putBlocks('10.1.0.0/29 host-1');
  await host.startBird();
  const agent = await host.startAgent();
  await host.until('the agent has settled', ({pass}) => pass?.isGood === true);
  const forwarding = async () => (await host.namespace.run('cat', ['/proc/sys/net/ipv4/ip_forward'])).trim();
  t.is(await forwarding(), '1');

  // A pass that something else has asked for puts it right, too, but does not know that it is drift.
  await waitFor('drift is repaired, and the log says so', async () => {
    if (agent.log.some(({msg, driver}) => msg === 'drift repaired' && driver === 'sysctls')) return true;
    if ((await forwarding()) === '1') await host.namespace.run('sysctl', ['-q', '-w', 'net.ipv4.ip_forward=0']);
    return false;
  });
  await waitFor('it is put right', async () => (await forwarding()) === '1');

  await agent.end('SIGTERM');
  const {stdout} = await host.romana('agent', 'clean');
  t.false(stdout.includes('sysctls'), stdout);
  t.is(await forwarding(), '1');
});
