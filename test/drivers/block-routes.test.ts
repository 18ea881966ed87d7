import {parsePrefix} from '../../src/core/prefix.ts';
import {createBlockRoutes} from '../../src/drivers/block-routes.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {createDriverHost, type DriverHost, lines} from './host.ts';

const test = namespaceTest();
const blocks = (...cidrs: readonly string[]) => cidrs.map(cidr => ({to: parsePrefix(cidr)}));

const ours = async ({ip}: DriverHost) =>
  lines((await Promise.all(['-4', '-6'].map(family => ip(`${family} route show table main proto 144`)))).join('\n')).map(line =>
    line.replace(/( dev lo)?( metric 4096)( pref medium)?$/, ''),
  );

test('unreachable routes for own blocks are made and removed, in both families', async t => {
  const host = await createDriverHost(t, 'blocks');
  const driver = createBlockRoutes(host.run);
  await host.make(driver, blocks('10.1.0.0/29', '10.1.0.16/28', 'fd00::400/122'));
  t.deepEqual(await ours(host), ['unreachable 10.1.0.0/29', 'unreachable 10.1.0.16/28', 'unreachable fd00::400/122']);
  await t.throwsAsync(host.ip('route get 10.1.0.3'), {message: /No route to host|unreachable/});
  host.changes.length = 0;
  await host.make(driver, blocks('10.1.0.0/29', '10.1.0.16/28', 'fd00::400/122'));
  t.deepEqual(host.changes, []);
  await host.make(driver, blocks('10.1.0.16/28', 'fd00::400/121'));
  t.deepEqual(await ours(host), ['unreachable 10.1.0.16/28', 'unreachable fd00::400/121']);
  await host.make(driver, []);
  t.deepEqual(await ours(host), []);
});

test("an endpoint's exact route wins, and so does a route that somebody else has for the block", async t => {
  const host = await createDriverHost(t, 'exact');
  await host.ip('route add 10.1.0.3 dev eth0');
  await host.ip('route add 10.1.0.8/29 via 192.168.20.1');
  await host.make(createBlockRoutes(host.run), blocks('10.1.0.0/29', '10.1.0.8/29'));
  t.regex(await host.ip('route get 10.1.0.3'), /10\.1\.0\.3 dev eth0/);
  t.regex(await host.ip('route get 10.1.0.9'), /via 192\.168\.20\.1/);
});

test('foreign routes stay: other protocols, other types, and one under our own metric', async t => {
  const host = await createDriverHost(t, 'foreign');
  const driver = createBlockRoutes(host.run);
  const foreign = [
    'route add unreachable 10.1.0.0/29 metric 4096 proto static',
    'route add blackhole 10.1.0.16/29',
    '-6 route add unreachable fd00::400/122 metric 4096 proto bird',
  ];
  for (const line of foreign) await host.ip(line);
  const before = lines((await host.ip('route show')) + (await host.ip('-6 route show')));
  const error = await t.throwsAsync(host.make(driver, blocks('10.1.0.0/29', '10.1.0.16/29', 'fd00::400/122')));
  t.regex(error?.message ?? '', /unreachable 10\.1\.0\.0\/29 .*File exists; .*unreachable fd00::400\/122 .*File exists/);
  t.deepEqual(await ours(host), ['unreachable 10.1.0.16/29']);
  await host.make(driver, []);
  t.deepEqual(lines((await host.ip('route show')) + (await host.ip('-6 route show'))), before);
});

test('ours are put right whatever somebody made of them', async t => {
  const host = await createDriverHost(t, 'bent');
  const driver = createBlockRoutes(host.run);
  await host.make(driver, blocks('10.1.0.0/29', 'fd00::400/122'));
  for (const line of [
    'route replace blackhole 10.1.0.0/29 metric 4096 proto 144',
    'route add prohibit 10.1.0.0/29 metric 7 proto 144',
    'route add 10.2.0.0/29 via 192.168.20.1 proto 144',
    '-6 route replace prohibit fd00::400/122 metric 4096 proto 144',
    '-6 route add unreachable fd00::400/122 metric 7 proto 144',
  ]) {
    await host.ip(line);
  }
  await host.make(driver, blocks('10.1.0.0/29', 'fd00::400/122'));
  t.deepEqual(await ours(host), ['unreachable 10.1.0.0/29', 'unreachable fd00::400/122']);
  host.changes.length = 0;
  await host.make(driver, blocks('10.1.0.0/29', 'fd00::400/122'));
  t.deepEqual(host.changes, []);
});
