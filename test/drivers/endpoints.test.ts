import {stat} from 'node:fs/promises';
import type {ExecutionContext} from 'ava';
import type {EndpointPair} from '../../src/core/desired-endpoint-pairs.ts';
import type {EndpointPort} from '../../src/core/desired-endpoint-ports.ts';
import type {EndpointError} from '../../src/core/endpoint-error.ts';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {createEndpointAddresses} from '../../src/drivers/endpoint-addresses.ts';
import {whyNoPair} from '../../src/drivers/endpoint-namespace.ts';
import {createEndpointPairs} from '../../src/drivers/endpoint-pairs.ts';
import {createEndpointPorts} from '../../src/drivers/endpoint-ports.ts';
import {createEndpointRoutes} from '../../src/drivers/endpoint-routes.ts';
import type {Driver} from '../../src/reconcile/driver.ts';
import {createNamespace, type Namespace, namespaceTest} from '../helpers/namespace.ts';
import {createDriverHost, type DriverHost, lines} from './host.ts';

const test = namespaceTest();
const gateways = {ipv4: parseAddress('169.254.1.1'), ipv6: parseAddress('fe80::1')};
const handle = 'rom0123456789a';
const both = new Set(['ipv4', 'ipv6'] as const);

async function pair(workload: Namespace, {dev = handle, mtu = 1400, ips = ['10.1.0.1', 'fd00::401']} = {}): Promise<EndpointPair> {
  const netns = `/run/netns/${workload.name}`;
  return {
    dev,
    mark: `net:[${(await stat(netns)).ino}] 1a2b`,
    mtu,
    plan: {endpoint: 'web-1', netns, ifname: 'net0', ips: ips.map(parseAddress), gateways},
  };
}

function port(dev: string, options: Partial<EndpointPort> = {}): EndpointPort {
  const settings = {rp_filter: '1', accept_ra: '0', proxy_arp: '1', proxy_delay: '0', disable_ipv6: '0'};
  return {dev, handle, mark: '', isEnabled: true, gateway6: gateways.ipv6, settings, endpoint: 'vm', ...options};
}

/** Without the address that the kernel makes by itself, which takes a while. */
const withoutOwnAddress = (text: string) => text.replace(/inet6 fe80::(?!1\/).*\n.*/g, '');

/** "proxy_arp 1" and so on, of an interface. */
const settingsOf = async ({namespace}: DriverHost, dev: string) =>
  lines(
    await namespace.run('sh', [
      '-c',
      'cd /proc/sys/net; for file in ipv4/conf/$1/proxy_arp ipv4/conf/$1/rp_filter ipv4/neigh/$1/proxy_delay ipv6/conf/$1/accept_ra ipv6/conf/$1/disable_ipv6; do echo "$(basename $file) $(cat $file)"; done',
      'sh',
      dev,
    ]),
  );

async function failuresOf(t: ExecutionContext, action: Promise<void>): Promise<Record<string, string>> {
  const error = await t.throwsAsync<EndpointError>(action, {code: 'ERR_ENDPOINT'});
  return Object.fromEntries(error?.failures ?? []);
}

test('a pair is made into a namespace with addresses and default routes at its end, and is known again', async t => {
  const host = await createDriverHost(t, 'pair');
  const workload = await createNamespace(t, 'work');
  const driver = createEndpointPairs(host.run);
  const wanted = await pair(workload);
  await host.make(driver, [wanted]);
  t.regex(await host.ip(`-details link show ${handle}`), /mtu 1400 .*group 144 .*veth/s);
  t.regex(await host.ip(`link show ${handle}`), /alias romana net:\[\d+\] 1a2b web-1/);
  t.deepEqual(lines((await workload.run('ip', ['-4', 'route'])).replaceAll(' linkdown', '')), [
    '169.254.1.1 dev net0 scope link',
    'default via 169.254.1.1 dev net0',
  ]);
  t.regex(await workload.run('ip', ['-6', 'route', 'show', 'default']), /^default via fe80::1 dev net0/);
  t.regex(await workload.run('ip', ['address', 'show', 'net0']), /mtu 1400 .*inet 10\.1\.0\.1\/32 .*inet6 fd00::401\/128/s);

  host.changes.length = 0;
  await host.make(createEndpointPairs(host.run), [wanted]);
  t.deepEqual(host.changes, [], 'by a driver without any memory, too');
  await host.make(driver, []);
  await t.throwsAsync(host.ip(`link show ${handle}`), {message: /does not exist/});
  t.deepEqual(lines(await workload.run('ip', ['-brief', 'link'])).length, 1, 'its other end is gone, too');
});

test('another size is set at both ends, and nothing goes for it', async t => {
  const host = await createDriverHost(t, 'mtu');
  const workload = await createNamespace(t, 'work');
  const driver = createEndpointPairs(host.run);
  await host.make(driver, [await pair(workload)]);
  const index = async () => (await host.ip(`-oneline link show ${handle}`)).split(':')[0];
  const before = await index();
  for (const mtu of [9000, 1300]) {
    await host.make(driver, [await pair(workload, {mtu})]);
    t.regex(await host.ip(`link show ${handle}`), new RegExp(`mtu ${mtu}`));
    t.regex(await workload.run('ip', ['link', 'show', 'net0']), new RegExp(`mtu ${mtu}`));
  }
  const {mtu: _any, ...anySize} = await pair(workload);
  host.changes.length = 0;
  await host.make(driver, [{...anySize, mtu: undefined}]);
  t.deepEqual(host.changes, []);
  t.is(await index(), before);
});

test('a pair that was not made to its end, or into another namespace at that path, is made anew', async t => {
  const host = await createDriverHost(t, 'anew');
  const [old, workload] = [await createNamespace(t, 'old'), await createNamespace(t, 'work')];
  const driver = createEndpointPairs(host.run);
  await host.ip(`link add ${handle} group 144 type veth peer name net0 netns ${workload.name}`);
  await host.make(driver, [await pair(workload)]);
  t.regex(await workload.run('ip', ['address', 'show', 'net0']), /10\.1\.0\.1\/32/);

  await host.make(driver, [await pair(old)]);
  t.regex(await old.run('ip', ['address', 'show', 'net0']), /10\.1\.0\.1\/32/);
  await host.make(driver, [await pair(workload)]);
  t.regex(await workload.run('ip', ['address', 'show', 'net0']), /10\.1\.0\.1\/32/);
  t.is(lines(await old.run('ip', ['-brief', 'link'])).length, 1);
});

test('a pair that cannot be made leaves nothing, is named in the error, and stops no other', async t => {
  const host = await createDriverHost(t, 'badpair');
  const [taken, free] = [await createNamespace(t, 'taken'), await createNamespace(t, 'free')];
  await taken.run('ip', ['link', 'add', 'x', 'type', 'veth', 'peer', 'name', 'y']);
  await taken.run('ip', ['link', 'set', 'x', 'up']);
  await taken.run('ip', ['route', 'add', 'default', 'dev', 'x']);
  const good = await pair(free, {dev: 'romaaaaaaaaaaa'});
  const failures = await failuresOf(t, host.make(createEndpointPairs(host.run), [await pair(taken), good]));
  t.deepEqual(Object.keys(failures), ['web-1']);
  t.regex(failures['web-1'] ?? '', /File exists/);
  await t.throwsAsync(host.ip(`link show ${handle}`), {message: /does not exist/});
  t.regex(await free.run('ip', ['address', 'show', 'net0']), /10\.1\.0\.1\/32/);
});

test('why there can be no pair is said beforehand', async t => {
  const {run} = await createDriverHost(t, 'why');
  const workload = await createNamespace(t, 'work');
  const ask = (ifname: string, families: ReadonlySet<'ipv4' | 'ipv6'> = both) =>
    whyNoPair(run, {netns: `/run/netns/${workload.name}`, ifname, families});
  t.is(await ask('eth0'), undefined);
  t.regex((await ask('lo')) ?? '', /^Network namespace \/run\/netns\/\S+ has an interface lo already, which is not ours\.$/);
  await workload.run('ip', ['link', 'add', 'x', 'type', 'veth', 'peer', 'name', 'y']);
  await workload.run('ip', ['link', 'set', 'x', 'up']);
  await workload.run('ip', ['-6', 'route', 'add', 'default', 'dev', 'x']);
  t.regex((await ask('eth0')) ?? '', /has a default route already, by x\.$/);
  t.is(await ask('eth0', new Set(['ipv4'] as const)), undefined, 'which is nothing to IPv4');
  t.regex((await whyNoPair(run, {netns: '/run/netns/not-there', ifname: 'eth0', families: both})) ?? '', /cannot be entered: /);
});

test("somebody else's interface is set up, known by a second name, and given back as a new one is", async t => {
  const host = await createDriverHost(t, 'port');
  await host.ip('link add tap3 mtu 1300 type veth peer name far3');
  await host.ip('link set far3 up');
  await host.namespace.run('sysctl', ['-qw', 'net.ipv4.conf.default.rp_filter=2', 'net.ipv6.conf.tap3.disable_ipv6=1']);
  await host.ip('address add 192.0.2.1/24 dev tap3');
  const driver = createEndpointPorts(host.run);
  await host.make(driver, [port('tap3')]);
  t.deepEqual(await settingsOf(host, 'tap3'), ['accept_ra 0', 'disable_ipv6 0', 'proxy_arp 1', 'proxy_delay 0', 'rp_filter 1']);
  const shown = await host.ip('address show tap3');
  for (const part of [/state UP/, /mtu 1300/, /altname rom0123456789a/, /inet6 fe80::1\/64/, /inet 192\.0\.2\.1\/24/]) t.regex(shown, part);
  t.regex(await host.ip('link show rom0123456789a'), /tap3/);

  host.changes.length = 0;
  await host.make(createEndpointPorts(host.run), [port('tap3')]);
  t.deepEqual(host.changes, []);

  await host.make(driver, []);
  t.deepEqual(await settingsOf(host, 'tap3'), ['accept_ra 1', 'disable_ipv6 0', 'proxy_arp 0', 'proxy_delay 80', 'rp_filter 2']);
  const left = await host.ip('address show tap3');
  t.notRegex(left, /altname|fe80::1\/64/);
  for (const part of [/state UP/, /mtu 1300/, /inet 192\.0\.2\.1\/24/]) t.regex(left, part);
  host.changes.length = 0;
  await host.make(driver, []);
  t.deepEqual(host.changes, []);
});

test('ports are put right whatever somebody made of them, one by one', async t => {
  const host = await createDriverHost(t, 'bentport');
  await host.ip('link add tap3 type veth peer name far3');
  await host.ip('link set far3 up');
  const driver = createEndpointPorts(host.run);
  await host.make(driver, [port('tap3', {mtu: 1300})]);
  const right = [await settingsOf(host, 'tap3'), await host.ip('address show tap3').then(text => withoutOwnAddress(text))];
  for (const change of [
    ['sysctl', '-qw', 'net.ipv4.conf.tap3.proxy_arp=0'],
    ['sysctl', '-qw', 'net.ipv4.conf.tap3.rp_filter=0'],
    ['sysctl', '-qw', 'net.ipv4.neigh.tap3.proxy_delay=80'],
    ['ip', 'link', 'set', 'tap3', 'down'],
    ['ip', 'link', 'set', 'tap3', 'mtu', '1500'],
    ['ip', 'address', 'del', 'fe80::1/64', 'dev', 'tap3'],
    ['ip', 'address', 'add', 'fe80::7/64', 'dev', 'tap3', 'metric', '1145', 'nodad'],
    ['ip', 'link', 'property', 'add', 'dev', 'tap3', 'altname', 'romfedcba98765'],
    ['ip', 'link', 'property', 'del', 'dev', 'tap3', 'altname', handle],
  ]) {
    const [command = '', ...args] = change;
    await host.namespace.run(command, args);
    await host.make(driver, [port('tap3', {mtu: 1300})]);
    const now = [await settingsOf(host, 'tap3'), await host.ip('address show tap3').then(text => withoutOwnAddress(text))];
    t.deepEqual(now, right, change.join(' '));
  }
});

test('interfaces that carry no mark of ours stay as they are, and so does a gateway address that somebody else has put there', async t => {
  const host = await createDriverHost(t, 'foreignport');
  for (const dev of ['tap3', 'tap4']) await host.ip(`link add ${dev} type veth peer name f-${dev}`);
  await host.ip('link add rom99999999999 type veth peer name far9');
  await host.ip('link property add dev tap4 altname romana-is-a-name-of-mine');
  await host.ip('address add fe80::1/64 dev tap3 nodad');
  await host.ip('link set tap3 up');
  const before = await host.ip('-details link show');
  await host.make(createEndpointPairs(host.run), []);
  await host.make(createEndpointPorts(host.run), []);
  t.is(await host.ip('-details link show'), before);
  await host.make(createEndpointPorts(host.run), [port('tap3')]);
  await host.make(createEndpointPorts(host.run), []);
  t.regex(await host.ip('address show tap3'), /inet6 fe80::1\/64/);
});

test('an interface that is not there is named with its endpoint, and stops no other', async t => {
  const host = await createDriverHost(t, 'noport');
  await host.ip('link add tap4 type veth peer name far4');
  const failures = await failuresOf(
    t,
    host.make(createEndpointPorts(host.run), [port('tap3'), port('tap4', {handle: 'romfedcba98765', endpoint: 'other'})]),
  );
  t.deepEqual(Object.keys(failures), ['vm']);
  t.regex(failures['vm'] ?? '', /^ip link property add dev tap3 altname rom0123456789a: .*Cannot find device/);
  t.true((await settingsOf(host, 'tap4')).includes('proxy_arp 1'));
});

const route = (text: string) => {
  const [to = '', dev = '', source] = text.split(' ');
  return {to: parsePrefix(to), dev, endpoint: 'vm', ...(source !== undefined && {source: parseAddress(source)})};
};
const exactRoutes = async ({ip}: DriverHost) =>
  lines((await Promise.all(['-4', '-6'].map(family => ip(`${family} route show table main proto 144`)))).join('\n')).map(line =>
    line.replace(/ (scope link|pref medium)/g, ''),
  );

test('exact routes are made, moved to another interface in one step, and removed', async t => {
  const host = await createDriverHost(t, 'routes');
  for (const dev of ['tap3', 'tap4']) {
    await host.ip(`link add ${dev} type veth peer name f-${dev}`);
    await host.ip(`link set ${dev} up`);
  }
  const driver = createEndpointRoutes(host.run);
  await host.make(driver, [
    route('10.1.0.1/32 tap3 192.168.20.30'),
    route('fd00::401/128 tap3 2001:db8::30'),
    route('169.254.1.1/32 eth0'),
  ]);
  t.deepEqual(await exactRoutes(host), [
    '10.1.0.1 dev tap3 src 192.168.20.30 linkdown',
    '169.254.1.1 dev eth0',
    'fd00::401 dev tap3 src 2001:db8::30 metric 1024 linkdown',
  ]);
  host.changes.length = 0;
  await host.make(createEndpointRoutes(host.run), [
    route('10.1.0.1/32 tap3 192.168.20.30'),
    route('fd00::401/128 tap3 2001:db8::30'),
    route('169.254.1.1/32 eth0'),
  ]);
  t.deepEqual(host.changes, []);
  await host.make(driver, [route('10.1.0.1/32 tap4'), route('fd00::401/128 tap4')]);
  t.deepEqual(await exactRoutes(host), ['10.1.0.1 dev tap4 linkdown', 'fd00::401 dev tap4 metric 1024 linkdown']);
  t.is(host.changes.filter(change => change.includes('route del')).length, 1, 'only that of the gateway is deleted');
  await host.make(driver, []);
  t.deepEqual(await exactRoutes(host), []);
});

test('routes of own blocks and of others stay, whatever they look like; an exact one of another program is not taken over', async t => {
  const host = await createDriverHost(t, 'foreignroutes');
  for (const line of [
    'route add unreachable 10.1.0.0/29 proto 144 metric 4096',
    '-6 route add unreachable fd00::400/122 proto 144 metric 4096',
    'route add 10.1.0.2/32 via 192.168.20.1 proto 144 metric 4096',
    'route add 10.1.0.16/29 via 192.168.20.1 proto 144',
    'route add unreachable 10.1.0.4/32 proto 144 metric 4096',
    'route add 10.1.0.1/32 dev eth0 proto static',
    'route add 10.1.0.3/32 dev eth0',
    '-6 route add fd00::401/128 dev eth0 proto bird',
    'route add 10.1.0.5/32 dev eth0 table 10 proto 144',
  ]) {
    await host.ip(line);
  }
  const all = async () => {
    const found = lines((await host.ip('-4 route show table all')) + (await host.ip('-6 route show table all')));
    // Which the kernel makes by itself, when it is ready.
    return found.filter(line => !/fe80::|ff00::/.test(line));
  };
  const before = await all();
  const driver = createEndpointRoutes(host.run);
  await host.make(driver, []);
  t.deepEqual(await all(), before);
  const failures = await failuresOf(t, host.make(driver, [route('10.1.0.1/32 eth0'), {...route('fd00::401/128 eth0'), endpoint: 'six'}]));
  t.regex(failures['vm'] ?? '', /^ip route add 10\.1\.0\.1\/32 .*File exists/);
  t.regex(failures['six'] ?? '', /^ip route add fd00::401\/128 .*File exists/);
  t.deepEqual(await all(), before);
});

test('exact routes are put right whatever somebody made of them', async t => {
  const host = await createDriverHost(t, 'bentroutes');
  await host.ip('link add tap3 type veth peer name far3');
  await host.ip('link set tap3 up');
  const wanted = [route('10.1.0.1/32 tap3 192.168.20.30'), route('fd00::401/128 tap3 2001:db8::30')];
  const driver = createEndpointRoutes(host.run);
  await host.make(driver, wanted);
  const right = await exactRoutes(host);
  for (const line of [
    'route replace blackhole 10.1.0.1/32 proto 144',
    'route replace 10.1.0.1/32 via 192.168.20.1 proto 144',
    'route replace 10.1.0.1/32 dev eth0 proto 144',
    'route replace 10.1.0.1/32 dev tap3 proto 144',
    'route add 10.1.0.1/32 via 192.168.20.1 proto 144 metric 7',
    'route add unreachable 10.1.0.1/32 proto 144 metric 7',
    'route replace 10.1.0.1/32 proto 144 nexthop via 192.168.20.1 nexthop via 192.168.20.2',
    '-6 route replace unreachable fd00::401/128 proto 144 metric 1024',
    '-6 route replace fd00::401/128 via 2001:db8::1 dev eth0 proto 144 metric 1024',
    '-6 route add fd00::401/128 dev eth0 proto 144 metric 7',
  ]) {
    await host.ip(line);
    await host.make(driver, wanted);
    t.deepEqual(await exactRoutes(host), right, line);
  }
});

const address = (ip: string) => ({ip: parseAddress(ip), endpoint: 'dns'});

test('addresses of processes of the host go on the loopback where the kernel makes no device for them, and others on it stay', async t => {
  const host = await createDriverHost(t, 'local');
  await host.ip('address add 10.1.0.9/32 dev lo');
  await host.ip('address add fd00::409/128 dev lo');
  const foreign = await host.ip('address show lo');
  const hasDummy = await host.ip('link add try0 type dummy').then(
    () => true,
    () => false,
  );
  const driver = createEndpointAddresses(host.run);
  await host.make(driver, [address('10.1.0.1'), address('fd00::401')]);
  const dev = hasDummy ? 'romana-lo' : 'lo';
  const shown = await host.ip(`address show ${dev}`);
  t.regex(shown, /inet 10\.1\.0\.1\/32 metric 1145 scope global/);
  t.regex(shown, /inet6 fd00::401\/128 metric 1145 scope global/);
  host.changes.length = 0;
  await host.make(createEndpointAddresses(host.run), [address('10.1.0.1'), address('fd00::401')]);
  t.deepEqual(host.changes, []);
  await host.make(driver, []);
  t.is(await host.ip('address show lo'), foreign);
});

test('they go on romana-lo where there is one', async t => {
  const host = await createDriverHost(t, 'dummy');
  // One end of a veth pair stands in for a dummy device.
  await host.ip('link add romana-lo type veth peer name other');
  const driver = createEndpointAddresses(host.run);
  await host.make(driver, [address('10.1.0.1'), address('fd00::401')]);
  t.regex(await host.ip('address show romana-lo'), /inet 10\.1\.0\.1\/32 .*inet6 fd00::401\/128/s);
  await host.ip('link set romana-lo down');
  await host.make(driver, [address('10.1.0.1'), address('fd00::401')]);
  t.regex(await host.ip('address show romana-lo'), /,UP.*inet 10\.1\.0\.1\/32 .*inet6 fd00::401\/128/s);
  host.changes.length = 0;
  await host.make(driver, [address('10.1.0.1'), address('fd00::401')]);
  t.deepEqual(host.changes, []);
  await host.make(driver, []);
  t.notRegex(await host.ip('address show romana-lo'), /10\.1\.0\.1|fd00::401/);
});

test('what is wanted and what is found is shown in the same words', async t => {
  const host = await createDriverHost(t, 'shown');
  const workload = await createNamespace(t, 'work');
  await host.ip('link add tap3 type veth peer name far3');
  const shownAs = async <Item>(driver: Driver<Item>, wanted: readonly Item[]) => {
    await host.make(driver, wanted);
    const found = await driver.read();
    return [wanted, found].map(items => items.map(item => driver.show?.(item)));
  };
  const [wantedPairs, pairs] = await shownAs(createEndpointPairs(host.run), [await pair(workload)]);
  t.deepEqual(pairs, wantedPairs);
  t.regex(pairs?.[0] ?? '', /^rom0123456789a into net:\[\d+\] 1a2b, 1400 bytes$/);
  const other = port('tap3', {handle: 'romfedcba98765', mtu: 1300});
  const [wantedPorts, ports] = await shownAs(createEndpointPorts(host.run), [other]);
  t.is(
    wantedPorts?.[0],
    'tap3 as romfedcba98765: on, 1300 bytes, fe80::1, proxy_arp 1, rp_filter 1, proxy_delay 0, accept_ra 0, disable_ipv6 0',
  );
  t.is(ports?.[0]?.replace(/forwarding \d, /, ''), wantedPorts?.[0]);
  const [wantedRoutes, routes] = await shownAs(createEndpointRoutes(host.run), [route('10.1.0.1/32 tap3 192.168.20.30')]);
  t.deepEqual(routes, wantedRoutes);
  const [wantedAddresses, addresses] = await shownAs(createEndpointAddresses(host.run), [address('10.1.0.4')]);
  t.deepEqual([wantedAddresses, addresses?.[0]?.replace(/ on (lo|romana-lo)$/, '')], [['10.1.0.4'], '10.1.0.4']);
});
