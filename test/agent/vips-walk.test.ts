import {setTimeout as pause} from 'node:timers/promises';
import {namespaceTest} from '../helpers/namespace.ts';
import {createRandom, type Random, seed} from '../helpers/random.ts';
import {overlaps} from './address-record.ts';
import {createVipSegment, type SegmentHost, type VipSegment} from './vip-segment.ts';

// Faults at random, several at a time, and the kernels' own words on who had which VIP when. SEED=… in the environment walks it again.

const test = namespaceTest({isSerial: true});
const vips = {web: '192.168.20.99', mail: '192.168.20.98', db: '2001:db8::99', dns: '2001:db8::98'};
const steps = 25;

interface Fault {
  readonly name: string;
  begin(): Promise<unknown>;
  /** What puts it right; a fault that is over at once has none. */
  readonly end?: () => Promise<unknown>;
}

test(`whatever fails, no VIP is on two hosts, and afterwards each is on one (SEED=${seed})`, async t => {
  const random = createRandom(seed);
  const segment = await createVipSegment(t, {leaseSeconds: 2});
  for (const [name, ip] of Object.entries(vips)) await segment.putVip(name, ip);
  await Promise.all(segment.hosts.map(host => host.start()));
  for (const [name, ip] of Object.entries(vips)) await segment.settled(name, ip);

  const path: string[] = [];
  const open = new Map<string, Fault>();
  const finish = async ({name, end}: Fault) => {
    open.delete(name);
    path.push(`end of ${name}`);
    await end?.();
  };
  for (let step = 0; step < steps; step += 1) {
    const [oldest, ...others] = open.values();
    // One at a time, or two; with more, nobody would hold anything most of the time.
    if (oldest !== undefined && random.between(1, 3) <= open.size) await finish(random.pick([oldest, ...others]));
    else {
      const fault = pick(random, segment);
      const isEtcdAway = [...open.keys()].some(name => name.startsWith('etcd'));
      // Nobody can drain a host without etcd.
      if (open.has(fault.name) || (isEtcdAway && /^(drain|etcd)/.test(fault.name))) continue;
      path.push(fault.name);
      await fault.begin();
      if (fault.end !== undefined) open.set(fault.name, fault);
    }
    // What the walk is about: how long one thing lasts before the next.
    await pause(random.between(0, 2000));
  }
  const last = [...open.values()].toSorted((a, b) => Number(b.name.startsWith('etcd')) - Number(a.name.startsWith('etcd')));
  for (const fault of last) await finish(fault);
  const holders = await Promise.all(Object.entries(vips).map(([name, ip]) => segment.settled(name, ip)));
  t.log(`${holders.join(', ')} after ${path.join(', ')}`);
  t.deepEqual(overlaps(new Map(segment.hosts.map(({name, record}) => [name, record]))), [], path.join(', '));
  const moves = segment.hosts.flatMap(({record}) => record.spans).length;
  t.log(`${moves} times a VIP came to a host`);
  t.true(moves > Object.keys(vips).length);
});

function pick(random: Random, segment: VipSegment): Fault {
  const {hosts, etcd} = segment;
  const host = hosts[random.between(0, hosts.length - 1)] as SegmentHost;
  const {name, namespace} = host;
  const port = `port${name.slice('host-'.length)}`;
  const ip = random.pick(Object.values(vips) as [string, ...string[]]);
  return random.pick<Fault>([
    {name: `kill ${name}`, begin: () => host.signal('SIGKILL'), end: () => host.start()},
    {name: `restart ${name}`, begin: () => restart(host)},
    {name: `stop ${name}`, begin: () => host.signal('SIGSTOP'), end: () => host.signal('SIGCONT')},
    {name: `cut ${name}`, begin: () => host.cut(), end: () => host.heal()},
    {name: `drain ${name}`, begin: () => segment.putHost(name, true), end: () => segment.putHost(name, false)},
    {
      name: `link of ${name}`,
      begin: () => segment.switch.run('ip', ['link', 'set', port, 'down']),
      end: () => segment.switch.run('ip', ['link', 'set', port, 'up']),
    },
    // Somebody removes an address, or adds one of his own: the kernel looks after lifetimes then, and not again for a second.
    {
      name: `address of ${name}`,
      begin: () => namespace.run('ip', ['address', 'del', `${ip}/${ip.includes(':') ? 128 : 32}`, 'dev', 'eth0']).catch(() => ''),
    },
    {
      name: `foreign address on ${name}`,
      begin: () => namespace.run('ip', ['address', 'add', '192.0.2.7/32', 'dev', 'lo']),
      end: () => namespace.run('ip', ['address', 'del', '192.0.2.7/32', 'dev', 'lo']),
    },
    random.pick<Fault>([
      {name: 'etcd down', begin: () => etcd.kill(), end: () => etcd.start()},
      {name: 'etcd hangs', begin: async () => etcd.pause(), end: async () => etcd.resume()},
    ]),
  ]);
}

/** What is stopped or was killed is left so. */
async function restart(host: SegmentHost): Promise<void> {
  if (!host.isRunning) return;
  await host.signal('SIGCONT');
  await host.signal('SIGTERM');
  await host.start();
}
