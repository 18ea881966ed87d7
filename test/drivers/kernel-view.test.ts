import anyTest, {type ExecutionContext} from 'ava';
import {createReadKernel, type Kernel} from '../../src/drivers/kernel.ts';
import {createKernelMonitor} from '../../src/drivers/kernel-monitor.ts';
import {createKernelView} from '../../src/drivers/kernel-view.ts';
import {createNeighbourRoutes} from '../../src/drivers/neighbour-routes.ts';
import {systemFiles} from '../../src/system/file-system.ts';
import {followLines} from '../../src/system/follow-lines.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {createRandom, seed} from '../helpers/random.ts';
import {waitFor} from '../helpers/wait.ts';
import {createDriverHost, routes} from './host.ts';

const test = namespaceTest();

async function createViewedHost(t: ExecutionContext, label: string) {
  const host = await createDriverHost(t, label);
  await waitFor('no address of the host is new any more', async () => (await host.ip('-6 address show tentative')) === '');
  const foreign: string[] = [];
  const told: string[] = [];
  let reads = 0;
  const view = createKernelView({
    run(command, args, options) {
      if (command === 'sh') reads += 1;
      return host.run(command, args, options);
    },
    now: () => performance.now(),
    onForeign: what => foreign.push(what),
    onConnected: () => told.push('connected'),
    onDisconnected: reason => told.push(reason),
  });
  let pid: number | undefined;
  const monitor = createKernelMonitor({
    follow(command, args, handlers) {
      const follower = followLines('ip', ['netns', 'exec', host.namespace.name, command, ...args], handlers);
      pid = follower.pid;
      return follower;
    },
    files: systemFiles,
    listener: view.listener,
    addressMark: 'metric 1144',
  });
  t.teardown(() => monitor.close());
  await waitFor('the monitor listens', () => told.includes('connected'));
  const truth = createReadKernel(host.namespace.run);
  return {
    ...host,
    view,
    foreign,
    told,
    monitorPid: () => pid,
    reads: () => reads,
    driver: createNeighbourRoutes(view.run, 10, view.read),
    /** Waits until the view is what the kernel holds. */
    async agrees() {
      await waitFor('the view agrees with the kernel', async () => sorted(await view.read()) === sorted(await truth()));
    },
  };
}

function sorted({routes: all, rules, interfaces}: Kernel): string {
  // How long a neighbour's route of the kernel's own lives, for one, is nothing that we look at.
  const texts = all.map(({to, table, type, metric, protocol, hops}) => JSON.stringify([to, table, type, metric, protocol, hops]));
  return [...texts.toSorted(), ...rules.map(rule => JSON.stringify(rule)), ...interfaces.map(({name, isUp}) => `${name} ${isUp}`)].join(
    '\n',
  );
}

test('our own changes are known without another look, and nobody is told of them', async t => {
  const host = await createViewedHost(t, 'view-own');
  await host.view.read();
  await host.agrees();
  const [before, told] = [host.reads(), host.foreign.length];
  const walk = [
    routes('10.1.0.0/29 192.168.20.31', '10.1.0.16/32 192.168.20.31', 'fd00::400/122 2001:db8::31', '0.0.0.0/0 192.168.20.31'),
    routes('10.1.0.0/29 192.168.20.32', '10.1.0.8/29 2001:db8::31', 'fd00::400/122 2001:db8::32,2001:db8::33', '::/0 2001:db8::31'),
    routes('10.1.0.0/29 192.168.20.32,192.168.20.33', 'fd00::400/122 2001:db8::31,2001:db8::34', 'fd00::1/128 2001:db8::31'),
    [],
  ];
  for (const wanted of walk) {
    await host.make(host.driver, wanted);
    host.changes.length = 0;
    await host.make(host.driver, wanted);
    t.deepEqual(host.changes, []);
  }
  t.is(host.reads(), before);
  t.is(host.foreign.length, told);
  await host.agrees();
});

test('what others change is seen, and told', async t => {
  const host = await createViewedHost(t, 'view-foreign');
  await host.make(host.driver, routes('10.1.0.0/29 192.168.20.31', 'fd00::400/122 2001:db8::31,2001:db8::32'));
  await host.agrees();
  for (const [line, what] of [
    ['route del 10.1.0.0/29 table 10', 'own-route'],
    ['route add blackhole 10.1.0.0/29 table 10 proto 144 metric 64', 'own-route'],
    ['route replace 10.1.0.0/29 via 192.168.20.1 table 10 proto 144 metric 64', 'own-route'],
    ['route append 10.1.0.0/29 via 192.168.20.2 table 10 proto 144 metric 64', 'own-route'],
    ['-6 route del fd00::400/122 via 2001:db8::31 table 10', 'own-route'],
    ['-6 route append fd00::400/122 via 2001:db8::9 dev eth0 table 10 proto 144 metric 64', 'own-route'],
    ['route add 10.99.0.0/24 via 192.168.20.1', 'routes'],
    ['address add 10.7.0.1/24 dev eth0', 'machine'],
    ['rule add pref 100 lookup 99', 'machine'],
    ['link set eth0 down', 'machine'],
    ['link set eth0 up', 'machine'],
  ] as const) {
    host.foreign.length = 0;
    await host.ip(line);
    await waitFor(`it is told after ${line}`, () => host.foreign.includes(what));
    await host.agrees();
  }
  t.is(host.told.join(), 'connected');
});

test('the lifetime of an address of ours is nothing new', async t => {
  const host = await createViewedHost(t, 'view-address');
  const renew = async (seconds: number) => {
    await host.ip(`address replace 10.9.9.9/32 dev eth0 metric 1144 valid_lft ${seconds} preferred_lft ${seconds}`);
    await host.ip('route replace 10.99.0.0/24 via 192.168.20.1 table 10 proto 144');
    await host.ip('route del 10.99.0.0/24 table 10');
  };
  await renew(600);
  await waitFor('the address is seen', async () => {
    const {interfaces} = await host.view.read();
    return interfaces.some(({addresses}) => addresses.some(({address}) => String(address) === '10.9.9.9'));
  });
  await host.agrees();
  const before = host.reads();
  host.foreign.length = 0;
  for (let seconds = 601; seconds < 604; seconds++) await renew(seconds);
  await waitFor('the last of them is told', () => host.foreign.length >= 6);
  await host.view.read();
  t.deepEqual([...new Set(host.foreign)], ['own-route']);
  t.is(host.reads(), before);
});

test('while nobody listens every read looks, and when the listening program ends it is started again', async t => {
  const host = await createViewedHost(t, 'view-killed');
  await host.agrees();
  process.kill(host.monitorPid() ?? 0, 'SIGKILL');
  await waitFor('the end is told', () => host.told.some(text => text.includes('has ended')));
  const before = host.reads();
  await host.view.read();
  await host.view.read();
  t.is(host.reads(), before + 2);
  await host.ip('route add 10.1.0.0/29 via 192.168.20.31 table 10 proto 144 metric 64');
  await waitFor('it listens again', () => host.told.at(-1) === 'connected');
  await host.agrees();
});

test('a change that the kernel refuses leaves no wrong view behind', async t => {
  const host = await createViewedHost(t, 'view-refused');
  await host.view.read();
  const wanted = routes('10.1.0.0/29 192.168.20.31', '10.1.0.8/29 192.168.20.31 gone0', 'fd00::400/122 2001:db8::31');
  await t.throwsAsync(host.make(host.driver, wanted), {message: /gone0/});
  await host.agrees();
  await host.make(host.driver, wanted.slice(0, 1));
  await host.agrees();
});

test(`whatever we and others do by turns, the view ends as the kernel (SEED=${seed})`, async t => {
  const host = await createViewedHost(t, 'view-walk');
  const random = createRandom(seed);
  const to = () => random.pick(['10.1.0.0/29', '10.1.0.8/29', '10.1.0.16/32', 'fd00::400/122', 'fd00::1/128']);
  const via = (prefix: string) => `${prefix.includes(':') ? '2001:db8::' : '192.168.20.'}${random.between(31, 35)}`;
  const hops = (prefix: string) => [...new Set([via(prefix), via(prefix)])].join(',');
  const own = () => [...new Set([to(), to(), to()])].map(prefix => `${prefix} ${hops(prefix)}`);
  const foreign = () => {
    const prefix = to();
    const family = prefix.includes(':') ? '-6' : '-4';
    return random.pick([
      `${family} route flush table 10`,
      `${family} route replace ${prefix} via ${via(prefix)} table 10 proto 144 metric 64`,
      `${family} route append ${prefix} via ${via(prefix)} dev eth0 table 10 proto 144 metric 64`,
      `${family} route del ${prefix} table 10`,
      `${family} route replace unreachable ${prefix} proto 144 metric 4096`,
      'link set eth0 down',
      'link set eth0 up',
    ]);
  };
  for (let turn = 0; turn < 40; turn++) {
    await host.ip('link set eth0 up');
    if (random.number() < 0.6) await host.ip(foreign()).catch(() => undefined);
    await host.make(host.driver, routes(...own())).catch(() => undefined);
    if (random.number() < 0.6) await host.ip(foreign()).catch(() => undefined);
    if (random.number() < 0.3) await host.agrees();
  }
  await host.agrees();
  t.pass();
});

/** A view of a kernel whose answers come when they are let through. */
function createSlowView() {
  const answers: Array<() => void> = [];
  const view = createKernelView({
    async run(command) {
      if (command !== 'sh') return '';
      const {promise, resolve} = Promise.withResolvers<void>();
      answers.push(resolve);
      await promise;
      return Array(5).fill('[]').join('\n---\n');
    },
    onForeign: () => undefined,
    now: () => 0,
  });
  return {view, answers};
}

anyTest('a look that began before a change of ours is not shared with those who ask after it', async t => {
  const {view, answers} = createSlowView();
  const reading = [view.read(), view.read()];
  await waitFor('a look', () => answers.length > 0);
  t.is(answers.length, 1);
  await view.run('ip', ['-4', '-force', '-batch', '-'], {input: 'route add 10.1.0.0/29 table 10 proto 144 metric 64\n'});
  reading.push(view.read());
  await waitFor('another look', () => answers.length === 2);
  for (const answer of answers) answer();
  await Promise.all(reading);
});

anyTest('a look that began before a change was heard of is not shared with those who ask after it', async t => {
  const {view, answers} = createSlowView();
  view.listener.onConnected();
  const reading = [view.read()];
  await waitFor('a look', () => answers.length === 1);
  view.listener.onOther('routes');
  reading.push(view.read(), view.read());
  await waitFor('another look', () => answers.length === 2);
  for (const answer of answers) answer();
  await Promise.all(reading);
  await view.read();
  t.is(answers.length, 2, 'what the second showed is kept');
});

anyTest('what was read while the listener was being connected is not kept', async t => {
  const {view, answers} = createSlowView();
  const reading = view.read();
  await waitFor('a look', () => answers.length === 1);
  view.listener.onConnected();
  answers[0]?.();
  await reading;
  const again = view.read();
  await waitFor('another look', () => answers.length === 2);
  answers[1]?.();
  await again;
  await view.read();
  t.is(answers.length, 2, 'that one is');
});
