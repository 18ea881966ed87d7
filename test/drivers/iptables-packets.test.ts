import {spawn} from 'node:child_process';
import {once} from 'node:events';
import type {ExecutionContext} from 'ava';
import {desiredChains} from '../../src/core/desired-chains.ts';
import type {NodeSettings} from '../../src/core/node-state.ts';
import {parsePrefix} from '../../src/core/prefix.ts';
import {createIptables} from '../../src/drivers/iptables.ts';
import {createReadKernel, mainRoutesOf} from '../../src/drivers/kernel.ts';
import {connect, createNamespace, type Namespace, namespaceTest} from '../helpers/namespace.ts';
import {nodeState} from '../helpers/node-state.ts';
import {waitFor} from '../helpers/wait.ts';
import {createIptablesHost, foreignRules, make} from './iptables-host.ts';

// What the chains do to real packets between an endpoint, its host, and a machine outside.

const test = namespaceTest();

const port = 7777;
const networks = ['10.1.0.0/16', '10.2.0.0/16', 'fd00:1::/48'];

/** An endpoint (10.1.0.1, 10.1.0.9, fd00:1::1) behind a host, and a machine outside that knows the way back to it. */
async function createScene(t: ExecutionContext, label: string) {
  const host = await createIptablesHost(t, label);
  const {namespace} = host;
  const endpoint = await createNamespace(t, `${label}-ep`);
  const outside = await createNamespace(t, `${label}-out`);
  await connect(namespace, outside, {
    addresses: [
      ['192.168.20.30/24', '2001:db8::30/64'],
      ['192.168.20.1/24', '2001:db8::1/64', '10.2.0.5/32', '10.96.0.1/32', '192.168.99.1/32'],
    ],
  });
  await connect(namespace, endpoint, {
    device: 'veth1',
    addresses: [
      ['169.254.1.1/32', 'fd00:1::ffff/128'],
      ['10.1.0.1/32', '10.1.0.9/32', 'fd00:1::1/128'],
    ],
  });
  const lines: ReadonlyArray<readonly [Namespace, ...string[]]> = [
    [namespace, 'route add default via 192.168.20.1', '-6 route add default via 2001:db8::1'],
    [namespace, 'route add 10.1.0.1/32 dev veth1', 'route add 10.1.0.9/32 dev veth1', '-6 route add fd00:1::1/128 dev veth1'],
    [
      endpoint,
      'route add 169.254.1.1/32 dev veth1',
      'route add default via 169.254.1.1',
      '-6 route add fd00:1::ffff/128 dev veth1',
      '-6 route add default via fd00:1::ffff',
    ],
    [outside, 'route add 10.1.0.0/16 via 192.168.20.30', '-6 route add fd00:1::/48 via 2001:db8::30'],
  ];
  for (const [{run}, ...commands] of lines) for (const command of commands) await run('ip', command.split(' '));
  await namespace.run('sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
  await startEcho(t, outside);

  const driver = createIptables({...host.options, backend: 'auto', isUsed: true});
  return {
    ...host,
    endpoint,
    outside,
    /** Makes the chains of these settings, for what the host really has of interfaces and routes. */
    async configure(settings: Partial<Pick<NodeSettings, 'nat' | 'forward' | 'serviceRange'>>, cidrs: readonly string[] = networks) {
      const kernel = await createReadKernel(namespace.run)();
      const trees = cidrs.map(text => {
        const cidr = parsePrefix(text);
        const root = {name: '', path: '', cidr, assignment: {}, routing: '', groups: []};
        return {network: {name: text, cidr, blockMask: 29, tenants: []}, root};
      });
      const base = nodeState({addresses: ['192.168.20.30/24', '2001:db8::30/64'], state: {trees}});
      const node = {...base, settings: {...base.settings, ...settings}, mainRoutes: mainRoutesOf(kernel), interfaces: kernel.interfaces};
      return make(driver, desiredChains(node));
    },
  };
}

/** Answers a connection with the address that it comes from. */
async function startEcho(t: ExecutionContext, {name}: Namespace): Promise<void> {
  const script = `require('node:net').createServer(socket => socket.end(socket.remoteAddress)).listen(${port}, '::', () => console.log('listens'))`;
  const child = spawn('ip', ['netns', 'exec', name, process.execPath, '-e', script], {stdio: ['ignore', 'pipe', 'inherit']});
  t.teardown(async () => {
    const ended = once(child, 'exit');
    if (child.kill('SIGKILL')) await ended;
  });
  await once(child.stdout, 'data');
}

/** As whom the machine outside sees what a namespace sends it; '' where nothing gets through. */
async function seenAs({run}: Namespace, address: string): Promise<string> {
  const script = `
    const socket = require('node:net').connect({host: ${JSON.stringify(address)}, port: ${port}, timeout: 700});
    socket.on('data', data => process.stdout.write(String(data).replace('::ffff:', ''))).on('timeout', () => socket.destroy()).on('error', () => {});`;
  return run(process.execPath, ['-e', script]);
}

const isReached = ({run}: Namespace, from: string, to: string) =>
  run('ping', ['-c', '1', '-W', '1', '-I', from, to]).then(
    () => true,
    () => false,
  );

for (const backend of ['nft', 'legacy'] as const) {
  test(`iptables-${backend}: what leaves the networks is seen with the address of the host, and nothing else is`, async t => {
    const {endpoint, outside, namespace, put, configure} = await createScene(t, `nat-${backend}`);
    // FORWARD accepts, as a host is without a container engine.
    await put(backend, foreignRules.replace(':FORWARD DROP', ':FORWARD ACCEPT'));
    await waitFor('the endpoint gets out', async () => (await seenAs(endpoint, '192.168.20.1')) === '10.1.0.1');
    await waitFor('in IPv6, too', async () => (await seenAs(endpoint, '2001:db8::1')) === 'fd00:1::1');

    const nat = {enabled: true, exclude: [parsePrefix('192.168.99.0/24')]};
    await configure({nat, serviceRange: [parsePrefix('10.96.0.0/12')]});
    const expected = {
      '192.168.20.1': '192.168.20.30',
      '2001:db8::1': '2001:db8::30',
      '10.2.0.5': '10.1.0.1',
      '10.96.0.1': '10.1.0.1',
      '192.168.99.1': '10.1.0.1',
    };
    for (const [address, source] of Object.entries(expected)) t.is(await seenAs(endpoint, address), source, address);
    t.is(await seenAs(namespace, '192.168.20.1'), '192.168.20.30', 'the host itself');

    // Nobody outside need know of the endpoint any more.
    await outside.run('ip', ['route', 'del', '10.1.0.0/16']);
    t.is(await seenAs(endpoint, '192.168.20.1'), '192.168.20.30');
    t.is(await seenAs(endpoint, '10.2.0.5'), '');
    await outside.run('ip', ['route', 'add', '10.1.0.0/16', 'via', '192.168.20.30']);

    await configure({});
    t.is(await seenAs(endpoint, '192.168.20.1'), '10.1.0.1');
  });

  test(`iptables-${backend}: where FORWARD drops, endpoints get through, but for what an operator refuses; and no packet is lost on a change`, async t => {
    const {endpoint, outside, put, configure} = await createScene(t, `fwd-${backend}`);
    await waitFor('the endpoint gets out', () => isReached(endpoint, '10.1.0.1', '192.168.20.1'));
    await waitFor('in IPv6, too', () => isReached(endpoint, 'fd00:1::1', '2001:db8::1'));
    await put(backend, foreignRules);
    await put(backend, '*filter\n:FORWARD DROP [0:0]\nCOMMIT', 'ip6tables');
    t.false(await isReached(endpoint, '10.1.0.1', '192.168.20.1'));
    t.false(await isReached(endpoint, 'fd00:1::1', '2001:db8::1'));

    await configure({forward: {accept: true}});
    t.true(await isReached(endpoint, '10.1.0.1', '192.168.20.1'));
    t.true(await isReached(endpoint, 'fd00:1::1', '2001:db8::1'));
    t.true(await isReached(outside, '192.168.20.1', '10.1.0.1'), 'from outside, too');
    t.false(await isReached(endpoint, '10.1.0.9', '192.168.20.1'), 'what a rule before ours drops stays dropped');

    const ping = endpoint.run('ping', ['-q', '-i', '0.01', '-c', '200', '-W', '1', '-I', '10.1.0.1', '192.168.20.1']);
    for (let index = 0; index < 10; index += 1) {
      t.true((await configure({forward: {accept: true}}, [...networks, `10.${index + 3}.0.0/16`])) > 0);
    }
    t.regex(await ping, / 200 received, 0% packet loss/);

    await configure({});
    t.false(await isReached(endpoint, '10.1.0.1', '192.168.20.1'));
  });
}
