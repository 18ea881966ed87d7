import type {VipAddress} from '../../src/core/desired-vips.ts';
import {parseAddress} from '../../src/core/prefix.ts';
import {createVips} from '../../src/drivers/vips.ts';
import {createShellRun} from '../../src/system/shell.ts';
import {uptimeMs} from '../../src/system/uptime.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {createDriverHost, type DriverHost} from './host.ts';

const test = namespaceTest();

const vip = (ip: string, seconds = 60, dev = 'eth0', latestAt = uptimeMs() + 60_000): VipAddress => ({
  ip: parseAddress(ip),
  dev,
  lifetime: {seconds, latestAt},
});

/** Every address but those of the loopback network and of the link, as "dev address options". */
async function addresses({ip}: DriverHost): Promise<string[]> {
  const text = await ip('-oneline address show');
  return text
    .split('\n')
    .flatMap(line => /^\d+: (\S+) +inet6? (\S+) (.*?)\\/.exec(line)?.slice(1).join(' ').replaceAll(/\s+/g, ' ').trim() ?? [])
    .filter(line => !/ (127|::1|fe80)/.test(line))
    .toSorted();
}

test('addresses are put on with our metric and a lifetime, prolonged, moved and removed; all others stay', async t => {
  const host = await createDriverHost(t, 'vips');
  await host.ip('address add 192.0.2.9/32 dev eth0');
  await host.ip('address add 192.0.2.10/32 dev eth0 metric 1143');
  await host.ip('address add 192.168.20.99/24 dev eth0');
  await host.ip('address add 192.0.2.9/32 dev lo');
  await host.ip('-6 address add 2001:db8::99/64 dev eth0 metric 144');
  const foreign = await addresses(host);
  const driver = createVips(host.run);

  await host.make(driver, [vip('192.0.2.1'), vip('2001:db8:1::1')]);
  const own = [
    'eth0 192.0.2.1/32 metric 1144 scope global dynamic eth0',
    'eth0 2001:db8:1::1/128 metric 1144 scope global nodad deprecated dynamic noprefixroute',
  ];
  t.deepEqual(
    (await addresses(host)).filter(line => !foreign.includes(line)),
    own,
  );
  t.is(host.changes.length, 1);
  t.regex(await host.ip('address show'), /2001:db8:1::1\/128 .*\n +valid_lft (60|59)sec preferred_lft 0sec/);

  await host.make(driver, [vip('192.0.2.1', 1000), vip('2001:db8:1::1', 1000)]);
  t.is((await host.ip('address show')).match(/valid_lft (1000|999)sec/g)?.length, 2);
  t.deepEqual(
    (await addresses(host)).filter(line => !foreign.includes(line)),
    own,
  );

  await host.make(driver, [vip('192.0.2.1', 60, 'lo'), vip('2001:db8:1::1')]);
  t.deepEqual(
    (await addresses(host)).filter(line => line.includes('192.0.2.1/')),
    ['lo 192.0.2.1/32 metric 1144 scope global dynamic lo'],
  );

  // Whatever carries our mark is ours.
  await host.ip('address add 192.0.2.77/28 dev eth0 metric 1144');
  await host.ip('address add 2001:db8:7::7/64 dev lo metric 1144');
  await host.make(driver, []);
  t.deepEqual(await addresses(host), foreign);
  const before = host.changes.length;
  await host.make(driver, []);
  t.is(host.changes.length, before);
});

test('an address that others have put there is not taken over, and the rest is done', async t => {
  const host = await createDriverHost(t, 'vips-foreign');
  await host.ip('address add 192.0.2.1/32 dev eth0');
  const driver = createVips(host.run);
  await t.throwsAsync(host.make(driver, [vip('192.0.2.1'), vip('192.0.2.2'), vip('2001:db8:1::1')]), {
    message: /^cannot change addresses of VIPs: ip address add 192\.0\.2\.1\/32 dev eth0 [^;]*: .*(exists|already assigned)[^;]*$/,
  });
  const text = await host.ip('address show dev eth0');
  t.regex(text, /inet 192\.0\.2\.1\/32 scope global eth0\n +valid_lft forever/);
  t.regex(text, /192\.0\.2\.2\/32 metric 1144/);
  t.regex(text, /2001:db8:1::1\/128 metric 1144/);
});

test('what comes too late is not done, whatever was decided before', async t => {
  const host = await createDriverHost(t, 'vips-late');
  const driver = createVips(host.run);
  await t.throwsAsync(host.make(driver, [vip('192.0.2.1', 60, 'eth0', uptimeMs() - 20), vip('192.0.2.2')]), {message: /too late/});
  t.deepEqual(
    (await driver.read()).map(({ip}) => ip as string),
    ['192.0.2.2'],
  );
});

test('the kernel itself removes what nobody prolongs', async t => {
  const host = await createDriverHost(t, 'vips-end');
  const driver = createVips(host.run);
  await host.make(driver, [vip('192.0.2.1', 1), vip('2001:db8:1::1', 1)]);
  t.is((await driver.read()).length, 2);
  await waitFor('the addresses are gone', async () => (await driver.read()).length === 0);
});

test('an address whose time is over before it can be removed is no failure, and the others are removed', async t => {
  const host = await createDriverHost(t, 'vips-gone');
  const driver = createVips(host.run);
  const present = [vip('192.0.2.2'), vip('2001:db8:1::2')];
  await host.make(driver, present);
  const gone = [vip('192.0.2.1'), vip('2001:db8:1::1'), vip('192.0.2.1', 60, 'eth9')];
  await driver.apply({create: [], update: [], remove: [...gone, ...present]});
  t.deepEqual(await driver.read(), []);
});

test('a shell that stays takes the commands as any runner does', async t => {
  const host = await createDriverHost(t, 'vips-shell');
  const inside = createShellRun();
  const driver = createVips((command, args, options) => inside('ip', ['netns', 'exec', host.namespace.name, command, ...args], options));
  await host.make(driver, [vip('192.0.2.1'), vip('2001:db8:1::1')]);
  t.is((await driver.read()).length, 2);
  await host.make(driver, [vip('192.0.2.1')]);
  t.is((await driver.read()).length, 1);
});
