import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import type {AgentHost} from './agent-host.ts';
import {configureAgent, createNetworkedHost} from './networked-host.ts';

// NAT and FORWARD by the real program.

const test = namespaceTest();

const isGood = ({pass}: Awaited<ReturnType<AgentHost['status']>>) => pass?.isGood === true;

/** The rules of a table's chain, without marks. */
async function rules({namespace}: AgentHost, table: string, chain: string): Promise<string[]> {
  const text = await namespace.run('iptables-nft', ['-t', table, '-S', chain]).catch(() => '');
  return text
    .split('\n')
    .filter(line => line.startsWith('-A '))
    .map(line => line.replace(/ -m comment --comment "?romana:[0-9a-f]{12}"?/, ''));
}

/** Has every start of an iptables noted, and gives how many there were. */
async function watchIptables({namespace, folder}: AgentHost): Promise<() => Promise<string[]>> {
  for (const command of ['iptables-nft-save', 'ip6tables-nft-save', 'iptables-nft-restore', 'ip6tables-nft-restore']) {
    const real = (await namespace.run('sh', ['-c', `command -v ${command}`])).trim();
    const script = `#!/bin/sh\nprintf '%s\\n' "${command}" >> ${path.join(folder, 'iptables-commands')}\nexec ${real} "$@"\n`;
    await writeFile(path.join(folder, 'bin', command), script, {mode: 0o755});
  }
  await writeFile(path.join(folder, 'iptables-commands'), '');
  return async () => (await readFile(path.join(folder, 'iptables-commands'), 'utf8')).split('\n').filter(Boolean);
}

test('NAT and FORWARD are made, kept, and gone when they are switched off, and what is not ours stays', async t => {
  const host = await createNetworkedHost(t, 'rules', {nat: {enabled: true, exclude: ['192.168.0.0/16']}, forward: {accept: true}});
  const {namespace} = host;
  await namespace.run('iptables-nft', ['-P', 'FORWARD', 'DROP']);
  await namespace.run('iptables-nft', ['-A', 'FORWARD', '-i', 'docker0', '-j', 'ACCEPT']);
  await namespace.run('iptables-nft', ['-t', 'nat', '-A', 'POSTROUTING', '-s', '172.17.0.0/16', '-j', 'MASQUERADE']);
  const forward = ['-A FORWARD -i docker0 -j ACCEPT', '-A FORWARD -j ROMANA-ACCEPT'];
  const agent = await host.startAgent();
  const settled = await host.until('the agent has settled', isGood);
  t.like(
    settled.pass?.drivers.find(({name}) => name === 'iptables'),
    {wanted: 3, warning: undefined},
  );
  t.deepEqual(await rules(host, 'filter', 'FORWARD'), forward);
  t.deepEqual(await rules(host, 'nat', 'ROMANA-MASQ-OUT'), [
    '-A ROMANA-MASQ-OUT -d 10.1.0.0/16 -j RETURN',
    '-A ROMANA-MASQ-OUT -d 192.168.0.0/16 -j RETURN',
    '-A ROMANA-MASQ-OUT -o eth0 -j MASQUERADE',
  ]);

  await namespace.run('iptables-nft', ['-F', 'ROMANA-ACCEPT']);
  await namespace.run('iptables-nft', ['-D', 'FORWARD', '2']);
  await waitFor('it is put right', async () => (await rules(host, 'filter', 'FORWARD')).join() === forward.join());
  t.is((await rules(host, 'filter', 'ROMANA-ACCEPT')).length, 2);
  await waitFor('the log says so', () => agent.log.some(({msg, driver}) => msg === 'drift repaired' && driver === 'iptables'));

  await agent.end('SIGKILL');
  await configureAgent(host, {nat: {enabled: false}});
  const second = await host.startAgent();
  await host.until('the second has settled', isGood);
  t.deepEqual(await rules(host, 'nat', 'ROMANA-MASQ-OUT'), []);
  t.deepEqual(await rules(host, 'nat', 'POSTROUTING'), ['-A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE']);
  t.deepEqual(await rules(host, 'filter', 'FORWARD'), forward);

  t.is(await second.end('SIGTERM'), 0);
  t.deepEqual(await rules(host, 'filter', 'FORWARD'), forward, 'stopping changes nothing');
  const {stdout, stderr} = await host.romana('agent', 'clean');
  t.is(stderr, '');
  t.regex(stdout, /\b1 iptables\b/);
  t.deepEqual(await rules(host, 'filter', 'FORWARD'), forward.slice(0, 1));
  t.regex(await namespace.run('iptables-nft', ['-S']), /^-P FORWARD DROP$/m);
});

test('switched off, a host that drops what it forwards says so once, and starts no iptables any more', async t => {
  const host = await createNetworkedHost(t, 'drops');
  await host.namespace.run('iptables-nft', ['-P', 'FORWARD', 'DROP']);
  const started = await watchIptables(host);
  const agent = await host.startAgent();
  const warning =
    'FORWARD has the policy DROP (iptables-nft): packets of endpoints are dropped unless a rule accepts them: have one of your own, or set agent.forward.accept: true';
  const status = await host.until('the agent has settled', isGood);
  t.is(status.pass?.drivers.find(({name}) => name === 'iptables')?.warning, warning);
  t.regex((await host.romana('agent', 'status')).stdout, /^warning {4}iptables: FORWARD has the policy DROP \(iptables-nft\)/m);

  t.deepEqual((await started()).toSorted(), ['ip6tables-nft-save', 'iptables-nft-save']);
  for (let count = 0; count < 3; count += 1) {
    const before = (await host.status()).pass?.at ?? 0;
    await writeFile(path.join(host.folder, 'templates/notes.txt'), `${count}\n`);
    await host.until('another pass', ({pass}) => (pass?.at ?? 0) > before);
  }
  t.is((await started()).length, 2);
  t.is(agent.log.filter(({warning: text}) => text === warning).length, 1);
});
