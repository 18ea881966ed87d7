import {spawn} from 'node:child_process';
import {once} from 'node:events';
import type {ExecutionContext} from 'ava';
import {desiredNeighbourRoutes} from '../../src/core/desired-neighbour-routes.ts';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {createReadKernel, mainRoutesOf} from '../../src/drivers/kernel.ts';
import {createNeighbourRoutes} from '../../src/drivers/neighbour-routes.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {nodeState} from '../helpers/node-state.ts';
import {waitFor} from '../helpers/wait.ts';
import {createDriverHost, type DriverHost, lines, routes} from './host.ts';

const test = namespaceTest();

const table = async ({ip}: DriverHost, number = 10) => {
  const outputs = await Promise.all(['-4', '-6'].map(family => ip(`${family} route show table ${number} proto 144`).catch(() => '')));
  return lines(outputs.join('\n')).map(line => line.replace(/ (proto \S+|onlink|pref medium)/g, '').replace(/ metric 64.*$/, ''));
};

test('routes are made, changed and removed, in both families', async t => {
  const host = await createDriverHost(t, 'neighbours');
  const driver = createNeighbourRoutes(host.run, 10);
  t.deepEqual(await driver.read(), [], 'a table that does not exist is empty');

  await host.make(driver, routes('10.1.0.0/29 192.168.20.31', '10.1.0.8/29 192.168.20.32', 'fd00::400/122 2001:db8::31'));
  t.deepEqual(await table(host), [
    '10.1.0.0/29 via 192.168.20.31 dev eth0',
    '10.1.0.8/29 via 192.168.20.32 dev eth0',
    'fd00::400/122 via 2001:db8::31 dev eth0',
  ]);
  t.is(host.changes.length, 2, 'one command for each family');

  await host.make(
    driver,
    routes('10.1.0.0/29 192.168.20.33', '10.1.0.16/32 192.168.20.32', 'fd00::400/122 2001:db8::32', 'fd00::1/128 2001:db8::32'),
  );
  t.deepEqual(await table(host), [
    '10.1.0.0/29 via 192.168.20.33 dev eth0',
    '10.1.0.16 via 192.168.20.32 dev eth0',
    'fd00::1 via 2001:db8::32 dev eth0',
    'fd00::400/122 via 2001:db8::32 dev eth0',
  ]);

  await host.make(driver, []);
  t.deepEqual(await table(host), []);
});

test('when the setting names another table, what stands in the one before goes', async t => {
  const host = await createDriverHost(t, 'moved');
  const wanted = routes('10.1.0.0/29 192.168.20.31', 'fd00::400/122 2001:db8::31');
  await host.make(createNeighbourRoutes(host.run, 10), wanted);
  await host.ip('route add 10.99.0.0/24 via 192.168.20.31 table 10 proto static');
  await host.make(createNeighbourRoutes(host.run, 11), wanted);
  t.deepEqual(await table(host, 10), []);
  t.is((await table(host, 11)).length, 2);
  t.is(lines(await host.ip('route show table 10')).length, 1, 'the route of somebody else stays');
});

test('routes with several next hops are made, and change in one step in any way', async t => {
  const host = await createDriverHost(t, 'multipath');
  const driver = createNeighbourRoutes(host.run, 10);
  const monitor = await watchRoutes(t, host);
  for (const wanted of [
    routes('10.1.0.0/29 192.168.20.31,192.168.20.32', 'fd00::400/122 2001:db8::31,2001:db8::32', '10.1.0.8/29 192.168.20.31'),
    routes('10.1.0.0/29 192.168.20.32', 'fd00::400/122 2001:db8::32', '10.1.0.8/29 2001:db8::31'),
    routes('10.1.0.0/29 192.168.20.9,192.168.20.10', 'fd00::400/122 2001:db8::9,2001:db8::10', '10.1.0.8/29 192.168.20.31,2001:db8::31'),
    routes('10.1.0.0/29 192.168.20.9,192.168.20.33', 'fd00::400/122 2001:db8::9,2001:db8::33', '10.1.0.8/29 2001:db8::32,2001:db8::33'),
  ]) {
    await host.make(driver, wanted);
    host.changes.length = 0;
    await host.make(driver, wanted);
    t.deepEqual(host.changes, [], 'what is read back is what was wanted');
  }
  const seen = await monitor.until('2001:db8::33');
  t.deepEqual(
    seen.filter(line => line.startsWith('Deleted')),
    [],
  );
});

test('a second pass runs nothing that changes', async t => {
  const host = await createDriverHost(t, 'idle');
  const driver = createNeighbourRoutes(host.run, 10);
  const wanted = routes(
    '10.1.0.0/29 192.168.20.31',
    '10.1.0.8/32 192.168.20.31',
    'fd00::400/122 2001:db8::31',
    'fd00::1/128 2001:db8::31',
    '0.0.0.0/0 192.168.20.31',
  );
  await host.make(driver, wanted);
  host.changes.length = 0;
  await host.make(driver, wanted);
  await host.make(createNeighbourRoutes(host.run, 10), wanted);
  t.deepEqual(host.changes, []);
});

test('a changed next hop is replaced: there is never a moment without a route', async t => {
  const host = await createDriverHost(t, 'replace');
  const driver = createNeighbourRoutes(host.run, 10);
  await host.make(driver, routes('10.1.0.0/29 192.168.20.31', 'fd00::400/122 2001:db8::31'));
  const monitor = await watchRoutes(t, host);
  for (const last of [32, 33, 34]) await host.make(driver, routes(`10.1.0.0/29 192.168.20.${last}`, `fd00::400/122 2001:db8::${last}`));
  const seen = await monitor.until('2001:db8::34');
  t.deepEqual(
    seen.filter(line => line.startsWith('Deleted')),
    [],
  );
  t.is(seen.filter(line => line.startsWith('10.1.0.0/29 ')).length, 3, seen.join('\n'));
  t.is(seen.filter(line => line.startsWith('fd00::400/122 ')).length, 3, seen.join('\n'));
});

/** What the kernel tells about routes from now on. */
async function watchRoutes(t: ExecutionContext, {namespace, ip}: DriverHost) {
  const child = spawn('ip', ['netns', 'exec', namespace.name, 'ip', 'monitor', 'route'], {stdio: ['ignore', 'pipe', 'inherit']});
  t.teardown(async () => {
    const ended = once(child, 'exit');
    if (child.kill('SIGKILL')) await ended;
  });
  let output = '';
  child.stdout.on('data', chunk => {
    output += String(chunk);
  });
  let mark = 1;
  await waitFor('ip monitor listens', async () => {
    await ip(`route replace 10.255.0.${mark++}/32 dev lo table 99`);
    return output.includes('10.255.0.');
  });
  return {
    async until(text: string): Promise<string[]> {
      await waitFor(`ip monitor shows ${text}`, () => output.includes(text));
      return lines(output).filter(line => !line.includes('10.255.0.'));
    },
  };
}

test('a route that fails does not stop the others, and the error names it', async t => {
  const host = await createDriverHost(t, 'badone');
  const driver = createNeighbourRoutes(host.run, 10);
  const wanted = routes(
    '10.1.0.0/29 192.168.20.31',
    '10.1.0.8/29 192.168.20.31 gone0',
    '10.1.0.16/29 192.168.20.31',
    'fd00::400/122 2001:db8::31 gone0',
    'fd00::440/122 2001:db8::31',
  );
  const error = await t.throwsAsync(host.make(driver, wanted));
  t.regex(
    error?.message ?? '',
    /^cannot change routes: ip route add 10\.1\.0\.8\/29 .* via 192\.168\.20\.31 dev gone0 onlink: Cannot find device "gone0"; ip route add fd00::400\/122 .*: Cannot find device "gone0"$/,
  );
  t.deepEqual(await table(host), [
    '10.1.0.0/29 via 192.168.20.31 dev eth0',
    '10.1.0.16/29 via 192.168.20.31 dev eth0',
    'fd00::440/122 via 2001:db8::31 dev eth0',
  ]);
});

test('of many routes that fail the error names five, and says how many there are', async t => {
  const host = await createDriverHost(t, 'badmany');
  const wanted = Array.from({length: 8}, (_, index) => `10.1.0.${index * 8}/29 192.168.20.31 gone0`);
  const error = await t.throwsAsync(host.make(createNeighbourRoutes(host.run, 10), routes(...wanted)));
  t.is(error?.message.match(/Cannot find device/g)?.length, 5);
  t.true(error?.message.endsWith(' and 3 more'), error?.message);
});

test("another program's route of the same prefix and metric is refused, not taken over", async t => {
  const host = await createDriverHost(t, 'taken');
  const driver = createNeighbourRoutes(host.run, 10);
  await host.ip('route add 10.1.0.0/29 via 192.168.20.1 table 10 metric 64 proto static');
  await host.ip('-6 route add fd00::400/122 via 2001:db8::1 table 10 metric 64 proto static');
  const error = await t.throwsAsync(
    host.make(driver, routes('10.1.0.0/29 192.168.20.31', 'fd00::400/122 2001:db8::31', '10.1.0.8/29 192.168.20.31')),
  );
  t.regex(error?.message ?? '', /10\.1\.0\.0\/29 .*File exists; .*fd00::400\/122 .*File exists/);
  t.deepEqual(await table(host), ['10.1.0.8/29 via 192.168.20.31 dev eth0']);
  t.is(lines(await host.ip('route show table 10 proto static')).length, 1);
  t.is(lines(await host.ip('-6 route show table 10 proto static')).length, 1);
});

test('where one route cannot be made, others that are not wanted go all the same, but for those that serve in its place', async t => {
  const host = await createDriverHost(t, 'stale');
  const driver = createNeighbourRoutes(host.run, 10);
  await host.make(
    driver,
    routes('10.1.0.0/29 192.168.20.31', '10.1.0.8/29 192.168.20.31', '10.1.0.16/29 192.168.20.32', 'fd00::400/122 2001:db8::31'),
  );
  await host.ip('route add 10.1.0.0/28 via 192.168.20.1 table 10 metric 64 proto static');
  const wanted = routes('10.1.0.0/28 192.168.20.31');
  await t.throwsAsync(host.make(driver, wanted), {message: /10\.1\.0\.0\/28 .*File exists/});
  t.deepEqual(await table(host), ['10.1.0.0/29 via 192.168.20.31 dev eth0', '10.1.0.8/29 via 192.168.20.31 dev eth0']);
  await host.ip('route del 10.1.0.0/28 table 10 proto static');
  await host.make(driver, wanted);
  t.deepEqual(await table(host), ['10.1.0.0/28 via 192.168.20.31 dev eth0']);
});

test('ours are put right whatever somebody made of them', async t => {
  const host = await createDriverHost(t, 'bent');
  const driver = createNeighbourRoutes(host.run, 10);
  const wanted = routes(
    '10.1.0.0/29 192.168.20.31',
    '10.1.0.8/29 192.168.20.31',
    '10.1.0.16/29 192.168.20.31',
    '10.1.0.24/29 192.168.20.31',
    '10.1.0.32/29 192.168.20.31',
    'fd00::400/122 2001:db8::31',
    'fd00::440/122 2001:db8::31',
  );
  await host.make(driver, wanted);
  const right = await table(host);
  for (const line of [
    'route replace blackhole 10.1.0.0/29 table 10 proto 144 metric 64',
    'route replace 10.1.0.8/29 dev eth0 table 10 proto 144 metric 64',
    'route replace 10.1.0.16/29 table 10 proto 144 metric 64 nexthop via 192.168.20.31 nexthop via 192.168.20.1',
    'route add 10.1.0.0/29 via 192.168.20.1 table 10 proto 144 metric 7',
    'route add unreachable 10.1.5.0/29 table 10 proto 144',
    'route replace 10.1.0.24/29 via 192.168.20.31 dev eth0 mtu 600 table 10 proto 144 metric 64',
    'route replace 10.1.0.32/29 via 192.168.20.31 dev eth0 src 192.168.20.30 table 10 proto 144 metric 64',
    '-6 route replace fd00::440/122 via 2001:db8::31 dev eth0 mtu 1300 table 10 proto 144 metric 64',
    '-6 route append fd00::400/122 via 2001:db8::1 dev eth0 table 10 proto 144 metric 64',
    '-6 route add unreachable fd00::4000/122 table 10 proto 144',
  ]) {
    await host.ip(line);
  }
  await host.make(driver, wanted);
  t.deepEqual(await table(host), right);
  host.changes.length = 0;
  await host.make(driver, wanted);
  t.deepEqual(host.changes, []);
});

test('the main table is read as the kernel would use it', async t => {
  const host = await createDriverHost(t, 'main');
  for (const line of [
    'route add default via 192.168.20.1 metric 100',
    'route add 10.9.0.0/24 nexthop via 192.168.20.1 nexthop via 192.168.20.2',
    'route add 10.8.0.0/24 via inet6 2001:db8::1 dev eth0',
    'route add unreachable 10.7.0.0/24',
    'route add 10.6.0.1 dev eth0',
    '-6 route add default via 2001:db8::1 dev eth0',
    '-6 route add fd00:9::/64 nexthop via 2001:db8::1 nexthop via 2001:db8::2',
  ]) {
    await host.ip(line);
  }
  const seen = mainRoutesOf(await createReadKernel(host.run)()).map(
    ({to, via, dev, metric}) => `${to} via ${via ?? '-'} dev ${dev} metric ${metric}`,
  );
  t.deepEqual(
    seen.filter(line => !line.startsWith('fe80::')).toSorted(),
    [
      '0.0.0.0/0 via 192.168.20.1 dev eth0 metric 100',
      '10.6.0.1/32 via - dev eth0 metric 0',
      '10.8.0.0/24 via 2001:db8::1 dev eth0 metric 0',
      '10.9.0.0/24 via 192.168.20.1 dev eth0 metric 0',
      '10.9.0.0/24 via 192.168.20.2 dev eth0 metric 0',
      '192.168.20.0/24 via - dev eth0 metric 0',
      '2001:db8::/64 via - dev eth0 metric 256',
      '::/0 via 2001:db8::1 dev eth0 metric 1024',
      'fd00:9::/64 via 2001:db8::1 dev eth0 metric 1024',
      'fd00:9::/64 via 2001:db8::2 dev eth0 metric 1024',
    ].toSorted(),
  );
  t.deepEqual(host.changes, []);
});

test('a default route whose next hop is an IPv6 address makes nobody a neighbour', async t => {
  const host = await createDriverHost(t, 'unnumbered');
  await host.ip('route add default via inet6 2001:db8::1 dev eth0');
  const far = {name: 'host-9', ip: parseAddress('172.16.0.9'), agentPort: 9604, drained: false, tags: {}, groups: {}};
  const cidr = parsePrefix('10.1.0.0/29');
  const node = nodeState({
    state: {hosts: new Map([[far.name, far]]), blocks: new Map([[cidr, {cidr, host: far.name, tenant: '', segment: ''}]])},
  });
  t.deepEqual(desiredNeighbourRoutes({...node, mainRoutes: mainRoutesOf(await createReadKernel(host.run)())}), []);
});
