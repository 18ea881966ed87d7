import type {ExecutionContext} from 'ava';
import type {VipAddress} from '../../src/core/desired-vips.ts';
import {parseAddress} from '../../src/core/prefix.ts';
import {createVipAnnouncer} from '../../src/drivers/vip-announcer.ts';
import {createVips} from '../../src/drivers/vips.ts';
import {systemClock} from '../../src/system/clock.ts';
import type {Run} from '../../src/system/run.ts';
import {uptimeMs} from '../../src/system/uptime.ts';
import {createNamespace, type Namespace, namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';

const test = namespaceTest();
const ips = ['192.168.20.99', '2001:db8::99'];

/** Two hosts and a neighbour on one segment. */
async function segment(t: ExecutionContext) {
  const neighbour = await createNamespace(t, 'neighbour');
  await neighbour.run('ip', ['link', 'add', 'br0', 'type', 'bridge']);
  const hosts: Namespace[] = [];
  for (const index of [1, 2]) {
    const host = await createNamespace(t, `host-${index}`);
    await neighbour.run('ip', ['link', 'add', `port${index}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host.name]);
    await neighbour.run('ip', ['link', 'set', `port${index}`, 'master', 'br0', 'up']);
    await host.run('ip', ['address', 'add', `192.168.20.${index}/24`, 'dev', 'eth0']);
    await host.run('ip', ['address', 'add', `2001:db8::${index}/64`, 'dev', 'eth0', 'nodad']);
    await host.run('ip', ['link', 'set', 'eth0', 'up']);
    hosts.push(host);
  }
  for (const address of ['192.168.20.3/24', '2001:db8::3/64']) {
    await neighbour.run('ip', ['address', 'add', address, 'dev', 'br0', ...(address.includes(':') ? ['nodad'] : [])]);
  }
  await neighbour.run('ip', ['link', 'set', 'br0', 'up']);
  return {neighbour, hosts};
}

const addresses = (): VipAddress[] =>
  ips.map(ip => ({ip: parseAddress(ip), dev: 'eth0', lifetime: {seconds: 600, latestAt: uptimeMs() + 60_000}}));
const put = (host: Namespace) => createVips(host.run).apply({create: addresses(), update: [], remove: []});

/** The hardware address that the neighbour remembers of each VIP. */
async function remembered({run}: Namespace): Promise<Record<string, string | undefined>> {
  const text = await run('ip', ['neighbour', 'show', 'dev', 'br0']);
  return Object.fromEntries(ips.map(ip => [ip, new RegExp(`^${ip} lladdr (\\S+) `, 'm').exec(text)?.[1]]));
}

async function macOf({run}: Namespace): Promise<string> {
  return /link\/ether (\S+)/.exec(await run('ip', ['link', 'show', 'dev', 'eth0']))?.[1] ?? '';
}

test('a neighbour that knows the old holder turns to the new one at once', async t => {
  const {
    neighbour,
    hosts: [old, next],
  } = await segment(t);
  if (old === undefined || next === undefined) return t.fail();
  await put(old);
  await waitFor('the neighbour reaches the old holder', async () => {
    const pings = await Promise.allSettled(ips.map(ip => neighbour.run('ping', ['-c', '1', '-W', '1', ip])));
    return pings.every(({status}) => status === 'fulfilled');
  });
  const before = await macOf(old);
  t.deepEqual(Object.values(await remembered(neighbour)), [before, before]);

  await old.run('ip', ['link', 'set', 'eth0', 'down']);
  await put(next);
  t.deepEqual(Object.values(await remembered(neighbour)), [before, before]);
  const {announce} = createVipAnnouncer({run: next.run, clock: systemClock, onMissing: () => t.fail()});
  announce(addresses(), () => true);
  const after = await macOf(next);
  await waitFor('the neighbour knows the new holder', async () => Object.values(await remembered(neighbour)).every(mac => mac === after));
});

test('what is missing is told once, what is gone meanwhile is not announced, and the loopback never', async t => {
  const missing: string[] = [];
  const sent: string[] = [];
  const [first] = addresses();
  if (first === undefined) return t.fail();
  const run: Run = async (_command, args) => {
    sent.push(args.slice(3).join(' '));
    throw Object.assign(new Error('not found'), {exitCode: 127});
  };
  const pauses: Array<() => void> = [];
  const clock = {sleep: () => new Promise<void>(resolve => pauses.push(resolve))};
  const {announce} = createVipAnnouncer({run, clock, onMissing: (program, debianPackage) => missing.push(`${program} ${debianPackage}`)});
  let isThere = true;
  announce([...addresses(), {...first, dev: 'lo'}], () => isThere);
  for (let count = 1; count <= 3; count += 1) {
    await waitFor('it pauses', () => pauses.length === count);
    if (count === 3) isThere = false;
    pauses.at(-1)?.();
  }
  await waitFor('both have been missed', () => missing.length === 2);
  t.deepEqual(missing, ['arping iputils-arping', 'ndptool libndp-tools']);
  t.deepEqual(
    sent,
    [...ips, ...ips].map(ip => `eth0 ${ip}`),
  );
});
