import {readFile, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {createRun} from '../../src/system/run.ts';
import {createNamespace, namespaceTest} from '../helpers/namespace.ts';
import {startPinging} from '../helpers/ping.ts';
import {waitFor} from '../helpers/wait.ts';
import {createAgentHost} from './agent-host.ts';
import {bootMachine, createEndpointHost, createMachine, ping, reach} from './endpoint-host.ts';

// The real agent with workloads of every kind, and packets between them.

const test = namespaceTest();
const run = createRun();

test('workloads of every kind reach each other, the host and its neighbour, in both families, and lose no packet while the agent is away', async t => {
  const host = await createEndpointHost(t, 'kinds');
  const web = await createNamespace(t, 'web');
  const db = await createNamespace(t, 'db');
  const vm = await createMachine(t, host, 'tap3', ['10.1.0.3/32', 'fd00::403/128']);
  const ips = {
    web: ['10.1.0.1', 'fd00::401'],
    db: ['10.1.0.2', 'fd00::402'],
    vm: ['10.1.0.3', 'fd00::403'],
    dns: ['10.1.0.4', 'fd00::404'],
  };
  for (const ip of Object.values(ips).flat()) await host.allocate(ip);

  t.regex(
    await host.add('web-1', '--ip', '10.1.0.1', '--ip', 'fd00::401', '--netns', web.name),
    /^Endpoint \(web-1\) added: 10\.1\.0\.1, fd00::401 by romc4719afa76f\.\n$/,
  );
  await host.add('shop/db:1', '--ip', '10.1.0.2', '--ip', 'fd00::402', '--netns', `/run/netns/${db.name}`, '--ifname', 'net0');
  t.is(
    await host.add('vm', '--ip', '10.1.0.3', '--ip', 'fd00::403', '--interface', 'tap3'),
    'Endpoint (vm) added: 10.1.0.3, fd00::403 by tap3.\n',
  );
  t.is(
    await host.add('dns', '--ip', '10.1.0.4', '--ip', 'fd00::404', '--local'),
    'Endpoint (dns) added: 10.1.0.4, fd00::404 on this host itself.\n',
  );

  const places = {web, db, vm, host: host.namespace, far: host.far};
  for (const [name, from] of Object.entries(places)) {
    for (const [other, addresses] of Object.entries(ips)) if (other !== name) for (const ip of addresses) await reach(from, ip);
  }
  for (const from of [web, db, vm]) for (const ip of ['192.168.20.1', '2001:db8::1', '192.168.20.30']) await reach(from, ip);

  const list = (await host.romana('endpoint', 'list')).stdout.split('\n').map(line => line.replaceAll(/ {2,}/g, ' | '));
  t.deepEqual(list, [
    'Endpoint List',
    'Name | IPs | Interface | State',
    'dns | 10.1.0.4, fd00::404 | this host | ok',
    'shop/db:1 | 10.1.0.2, fd00::402 | rom2ca49202642 | ok',
    'vm | 10.1.0.3, fd00::403 | tap3 | ok',
    'web-1 | 10.1.0.1, fd00::401 | romc4719afa76f | ok',
    '',
  ]);
  t.deepEqual(JSON.parse((await host.romana('endpoint', 'list', '-f', 'json')).stdout)[1], {
    name: 'shop/db:1',
    ips: ['10.1.0.2', 'fd00::402'],
    interface: 'rom2ca49202642',
    netns: `/run/netns/${db.name}`,
    ifname: 'net0',
    state: 'ok',
  });
  t.regex((await host.romana('agent', 'status')).stdout, /^web-1 +10\.1\.0\.1, fd00::401 +romc4719afa76f +ok$/m);
  t.is(await host.metric('romana_endpoints\\{state="ok"\\}'), 4);
  t.is((await stat(path.join(host.folder, 'state/endpoints.json'))).mode & 0o777, 0o600);

  const flows = [
    startPinging(t, web, '10.1.0.2'),
    startPinging(t, db, 'fd00::403'),
    startPinging(t, host.far, '10.1.0.3'),
    startPinging(t, host.far, 'fd00::401'),
    startPinging(t, vm, '10.1.0.4'),
    startPinging(t, host.far, 'fd00::404'),
  ];
  let {agent} = host;
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await agent.end(signal);
    agent = await host.startAgent();
    await host.until(
      'all is as it was',
      ({pass, endpoints}) => pass?.isGood === true && endpoints.length === 4 && endpoints.every(({state}) => state === 'ok'),
    );
  }
  for (const flow of flows) {
    const {sent, lost} = await flow.stop();
    t.true(sent > 50);
    t.is(lost, 0);
  }
});

test('what of a block no endpoint has is answered as unreachable at once, and so is what had one', async t => {
  const host = await createEndpointHost(t, 'unused');
  const web = await createNamespace(t, 'web');
  const unreachable = {'10.1.0.1': 'Destination Host Unreachable', 'fd00::401': 'Destination unreachable: No route'};
  const expectUnreachable = async () => {
    for (const [ip, error] of Object.entries(unreachable)) t.is(await ping(host.far, ip), error);
  };
  await expectUnreachable();
  await host.add('web-1', '--ip', '10.1.0.1', '--ip', 'fd00::401', '--netns', web.name);
  for (const ip of Object.keys(unreachable)) await reach(host.far, ip);
  t.is(await ping(web, '10.1.0.5'), 'Destination Host Unreachable');
  t.is(await host.remove('web-1'), 'Endpoint (web-1) removed successfully.\n');
  await expectUnreachable();
  t.is((await web.run('ip', ['-brief', 'link'])).trim().split('\n').length, 1, 'the interface that we had made is gone');
});

test("a machine's interface that goes and comes back, and a namespace, take up where they were; what is whose stays so", async t => {
  const host = await createEndpointHost(t, 'comeback');
  const addresses = ['10.1.0.3/32', 'fd00::403/128'];
  const vm = await createMachine(t, host, 'tap3', addresses);
  for (const ip of ['10.1.0.1', '10.1.0.3', 'fd00::403']) await host.allocate(ip);
  await host.add('vm', '--ip', '10.1.0.3', '--ip', 'fd00::403', '--interface', 'tap3');
  const netns = `${vm.name}-w`;
  await run('ip', ['netns', 'add', netns]);
  t.teardown(() => run('ip', ['netns', 'del', netns]).then(() => undefined));
  await host.add('web-1', '--ip', '10.1.0.1', '--netns', netns);
  await reach(host.far, '10.1.0.1');

  await host.ip('link del tap3');
  await waitFor('it is missed', async () => (await host.stateOf('vm')) === 'interface missing: there is no interface tap3');
  t.is(await ping(host.far, '10.1.0.3'), 'Destination Host Unreachable');
  const {pass} = await host.status();
  t.true(pass?.isGood, 'which is no error');
  t.is(await host.metric('romana_endpoints\\{state="interface missing"\\}'), 1);
  await bootMachine(host, vm, 'tap3', addresses);
  for (const ip of ['10.1.0.3', 'fd00::403']) await reach(host.far, ip);
  t.is(await host.stateOf('vm'), 'ok');
  await vm.run('ip', ['link', 'set', 'eth0', 'down']);
  await waitFor('it is down', async () => (await host.stateOf('vm')) === 'interface down: nothing is up at the other end of tap3');

  await run('ip', ['netns', 'del', netns]);
  await waitFor('it is missed', async () =>
    (await host.stateOf('web-1'))?.startsWith('namespace missing: there is no network namespace at /run/netns/'),
  );
  await run('ip', ['netns', 'add', netns]);
  await reach(host.far, '10.1.0.1');
  await waitFor('it is well again', async () => (await host.stateOf('web-1')) === 'ok');
});

test('what others change is put right: routes at once, settings with the next look', async t => {
  const host = await createEndpointHost(t, 'drift');
  const vm = await createMachine(t, host, 'tap3', ['10.1.0.3/32', 'fd00::403/128']);
  await host.add('vm', '--ip', '10.1.0.3', '--ip', 'fd00::403', '--interface', 'tap3');
  await reach(vm, '192.168.20.1');
  await host.ip('route del 10.1.0.3/32');
  await host.ip('-6 route del fd00::403/128');
  await host.ip('route del 169.254.1.1/32');
  for (const ip of ['10.1.0.3', 'fd00::403']) await reach(host.far, ip);
  await host.ip('address del fe80::1/64 dev tap3');
  await reach(vm, '2001:db8::1');
  await host.namespace.run('sysctl', ['-qw', 'net.ipv4.conf.tap3.proxy_arp=0']);
  await waitFor(
    'the setting is back',
    async () => (await host.namespace.run('sysctl', ['-n', 'net.ipv4.conf.tap3.proxy_arp'])).trim() === '1',
  );
  t.is(await host.ip('route show 169.254.1.1').then(text => text.trim()), '169.254.1.1 dev eth0 proto 144 scope link');
});

test('a workload sends from its own addresses only, where that is for the host to say', async t => {
  const host = await createEndpointHost(t, 'spoof');
  const web = await createNamespace(t, 'web');
  await host.add('web-1', '--ip', '10.1.0.1', '--netns', web.name);
  await reach(web, '192.168.20.1');
  await web.run('ip', ['address', 'add', '192.0.2.7/32', 'dev', 'eth0']);
  await host.far.run('ip', ['route', 'add', '192.0.2.7/32', 'via', '192.168.20.30']);
  await host.ip('route add 192.0.2.7/32 via 192.168.20.1');
  const filtered = async () => {
    const [names = '', values = ''] = (await host.namespace.run('sh', ['-c', 'grep ^TcpExt /proc/net/netstat'])).split('\n');
    return Number(values.split(' ')[names.split(' ').indexOf('IPReversePathFilter')]);
  };
  const before = await filtered();
  t.is(await ping(web, '192.168.20.1', '-I', '192.0.2.7'), 'no reply');
  t.true((await filtered()) > before, 'the packets were dropped for where they came from');
  t.is(await ping(web, '192.168.20.1'), 'reply');
});

test('packets are as large as the uplink takes, also when that changes', async t => {
  const host = await createEndpointHost(t, 'mtu');
  const web = await createNamespace(t, 'web');
  const tap = await createMachine(t, host, 'tap3', ['10.1.0.3/32']);
  await host.ip('link set eth0 mtu 1400');
  await waitFor(
    'the agent has seen it',
    async () => (await host.namespace.run('sysctl', ['-n', 'net.ipv6.conf.eth0.mtu'])).trim() === '1400',
  );
  await host.add('web-1', '--ip', '10.1.0.1', '--netns', web.name);
  await host.add('vm', '--ip', '10.1.0.3', '--interface', 'tap3');
  const mtus = async () => {
    const shown = [
      await host.ip('link show romc4719afa76f'),
      await web.run('ip', ['link', 'show', 'eth0']),
      await host.ip('link show tap3'),
    ];
    return shown.map(text => /mtu (\d+)/.exec(text)?.[1]).join(' ');
  };
  t.is(await mtus(), '1400 1400 1500', 'an interface that came along stays as it is');
  await host.ip('link set eth0 mtu 9000');
  await waitFor('both ends follow', async () => (await mtus()) === '9000 9000 1500');
  await reach(web, '10.1.0.3');
  await host.remove('vm');
  await host.add('vm', '--ip', '10.1.0.3', '--interface', 'tap3', '--mtu', '1300');
  t.is(await mtus(), '9000 9000 1300', 'unless it is asked for');
  await reach(tap, '10.1.0.1');
});

test('what an adopted interface had before it has again, and clean takes away what is ours of endpoints, but no workload', async t => {
  const host = await createEndpointHost(t, 'leave');
  await createMachine(t, host, 'tap3', ['10.1.0.3/32', 'fd00::403/128']);
  await host.ip('link set tap3 up');
  const shown = async () => (await host.ip('-details address show tap3')).replaceAll(/(valid|preferred)_lft \w+/g, '');
  const settings = async () =>
    host.namespace.run('sh', [
      '-c',
      'cat /proc/sys/net/ipv4/conf/tap3/* /proc/sys/net/ipv4/neigh/tap3/proxy_delay /proc/sys/net/ipv6/conf/tap3/accept_ra',
    ]);
  await waitFor('its own address is ready', async () => /inet6 fe80/.test(await shown()) && !/tentative/.test(await shown()));
  const before = [await shown(), await settings()];
  await host.add('vm', '--ip', '10.1.0.3', '--ip', 'fd00::403', '--interface', 'tap3');
  t.notDeepEqual([await shown(), await settings()], before);
  await host.remove('vm');
  t.deepEqual([await shown(), await settings()], before);

  const web = await createNamespace(t, 'web');
  await host.add('vm', '--ip', '10.1.0.3', '--ip', 'fd00::403', '--interface', 'tap3');
  await host.add('web-1', '--ip', '10.1.0.1', '--ip', 'fd00::401', '--netns', web.name);
  await host.add('dns', '--ip', '10.1.0.4', '--ip', 'fd00::404', '--local');
  await reach(host.far, 'fd00::404');
  const file = path.join(host.folder, 'state/endpoints.json');
  const wanted = await readFile(file, 'utf8');
  await host.agent.end('SIGTERM');
  t.regex((await host.romana('agent', 'clean')).stdout, /^removed: .*1 endpoint-ports, 5 endpoint-routes, 2 endpoint-addresses/);
  t.deepEqual([await shown(), await settings()], before);
  t.is(await host.ip('route show proto 144'), '');
  t.notRegex(await host.ip('address show lo'), /10\.1\.0\.4|fd00::404/);
  t.regex(await web.run('ip', ['address', 'show', 'eth0']), /10\.1\.0\.1\/32/);
  t.is(await readFile(file, 'utf8'), wanted);
  t.is((await host.romana('agent', 'clean')).stdout, 'nothing of the agent is on this host\n');

  await host.startAgent();
  for (const ip of ['10.1.0.1', 'fd00::403', '10.1.0.4']) await reach(host.far, ip);
});

test('an agent that is killed in the middle of an add makes it whole when it is started again, and the add may be repeated', async t => {
  const host = await createEndpointHost(t, 'crash');
  const args = (name: string, ip: string, netns: string) => [name, '--ip', ip, '--netns', netns];
  const mark = path.join(host.folder, 'stuck');
  let {agent} = host;
  for (const [index, [command, pattern]] of [
    ['ip', 'link add rom*'],
    ['nsenter', '*ip -batch -'],
    ['ip', 'link set dev rom* alias *'],
    ['ip', '-force -batch -'],
  ].entries()) {
    const web = await createNamespace(t, `web${index}`);
    const wrapper = path.join(host.folder, 'bin', command ?? '');
    const usual = await readFile(wrapper, 'utf8').catch(() => '#!/bin/sh\nexec /usr/bin/nsenter "$@"\n');
    const [head = '', ...rest] = usual.split('\n');
    const trap = `case "$*" in ${(pattern ?? '').replaceAll(' ', '\\ ')}) [ ! -e ${mark} ] && { echo $$ > ${mark}; exec sleep 60; } ;; esac`;
    await writeFile(wrapper, [head, trap, ...rest].join('\n'), {mode: 0o755});
    const adding = host.romana('endpoint', 'add', ...args(`web-${index}`, `10.1.0.${index}`, web.name));
    const pid = Number(
      await waitFor(`${command} ${pattern} is run`, () =>
        readFile(mark, 'utf8').then(
          text => text.trim(),
          () => undefined,
        ),
      ),
    );
    await agent.end('SIGKILL');
    process.kill(pid, 'SIGKILL');
    t.is((await adding).status, 1);
    await writeFile(wrapper, usual, {mode: 0o755});

    agent = await host.startAgent();
    await waitFor('it is whole', async () => (await host.stateOf(`web-${index}`))?.startsWith('not allocated'));
    t.regex(await host.add(...args(`web-${index}`, `10.1.0.${index}`, web.name)), /added/);
    await reach(host.far, `10.1.0.${index}`);
    await host.namespace.run('rm', [mark]);
  }
});

test('an address from the daemon goes to an endpoint; a tap device that nobody has opened waits', async t => {
  const host = await createAgentHost(t, 'daemon');
  await host.startEtcd();
  await host.startDaemon();
  const file = path.join(host.folder, 'topology.json');
  await writeFile(
    file,
    JSON.stringify({networks: [{name: 'net1', cidr: '10.1.0.0/16'}], topologies: [{networks: ['net1'], map: [{name: 'all'}]}]}),
  );
  for (const line of ['topology update', 'host add host-1 192.168.20.30']) {
    const {status, stderr} = await host.romana(...line.split(' '), ...(line.startsWith('topology') ? [file] : []));
    t.deepEqual([status, stderr], [0, '']);
  }
  await host.startAgent();
  const web = await createNamespace(t, 'web');
  const allocate = async (name: string) => {
    const {stdout} = await host.romana('address', 'allocate', name, '--host', 'host-1', '-f', 'json');
    return String(JSON.parse(stdout));
  };
  await host.until('the agent has begun', ({pass}) => pass !== undefined);
  const ip = await allocate('web-1');
  t.is(
    (await host.romana('endpoint', 'add', 'web-1', '--ip', ip, '--netns', web.name)).stdout,
    `Endpoint (web-1) added: ${ip} by romc4719afa76f.\n`,
  );
  await reach(host.namespace, ip);

  await host.ip('tuntap add dev tap3 mode tap');
  await host.romana('endpoint', 'add', 'vm', '--ip', await allocate('vm'), '--interface', 'tap3');
  const {endpoints} = await host.until('it waits', status => status.endpoints.some(({state}) => state === 'interface down'));
  t.deepEqual(
    endpoints.map(({name, state}) => `${name} ${state}`),
    ['vm interface down', 'web-1 ok'],
  );
  const {stdout} = await host.romana('explain', ip);
  t.regex(stdout, /web-1/);
});
