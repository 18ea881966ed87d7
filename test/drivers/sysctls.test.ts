import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {desiredSysctls} from '../../src/core/desired-sysctls.ts';
import {messageOf} from '../../src/core/errors.ts';
import {createReadKernel, mainRoutesOf} from '../../src/drivers/kernel.ts';
import {createReadSettings, createSysctls} from '../../src/drivers/sysctls.ts';
import {reconcile, type StepResult} from '../../src/reconcile/reconcile.ts';
import {step} from '../../src/reconcile/step.ts';
import type {FileSystem} from '../../src/system/file-system.ts';
import {birdPaths, startBird} from '../helpers/bird.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {connect, createNamespace, type Namespace, namespaceTest} from '../helpers/namespace.ts';
import {nodeState} from '../helpers/node-state.ts';
import {waitFor} from '../helpers/wait.ts';

const test = namespaceTest();

/** A host on one segment or more with a neighbour; `eth0` bears its own addresses. */
async function createHost(t: ExecutionContext, label: string, links = 1) {
  const namespace = await createNamespace(t, label);
  const far = await createNamespace(t, `${label}-far`);
  for (let index = 0; index < links; index += 1) {
    await connect(namespace, far, {
      device: `eth${index}`,
      addresses: [
        [`192.168.2${index}.30/24`, `2001:db8:${index}::30/64`],
        [`192.168.2${index}.1/24`, `2001:db8:${index}::1/64`],
      ],
    });
  }
  const written: string[] = [];
  const files: Pick<FileSystem, 'read' | 'write'> = {
    read: file => namespace.run('cat', [file]).catch(() => undefined),
    async write(file, text) {
      written.push(`${file.replace('/proc/sys/net/', '')} ${text.trim()}`);
      await namespace.run('sh', ['-c', 'cat > "$0"', file], {input: text});
    },
  };
  const readKernel = createReadKernel(namespace.run);
  const readSettings = createReadSettings(files, readKernel);
  const base = nodeState({addresses: ['192.168.20.30/24', '2001:db8:0::30/64']});
  /** A pass of the one step, as the agent does it; gives how it went. */
  const pass = async ({provision = true} = {}): Promise<StepResult | undefined> => {
    const facts = Promise.all([readKernel(), readSettings()]).then(([kernel, kernelSettings]) => ({
      ...base,
      mainRoutes: mainRoutesOf(kernel),
      interfaces: kernel.interfaces,
      kernelSettings,
    }));
    const [result] = await reconcile([step(createSysctls({files, readSettings, provision}), desiredSysctls)], facts);
    return result;
  };
  const get = async (setting: string) => (await namespace.run('cat', [`/proc/sys/net/${setting}`])).trim();
  const set = (setting: string, value: string | number) =>
    namespace.run('sh', ['-c', 'echo "$1" > "/proc/sys/net/$0"', setting, String(value)]);
  return {namespace, far, written, files, pass, get, set};
}

const wantedOfOneLink = [
  'ipv6/conf/eth0/accept_ra 2',
  'ipv4/ip_forward 1',
  'ipv4/conf/eth0/forwarding 1',
  'ipv4/conf/eth0/arp_announce 2',
  'ipv6/conf/all/forwarding 1',
];

test('what is wrong is set, in order, once; what somebody sets back is put right; the rest stays', async t => {
  const {pass, written, get, set} = await createHost(t, 'set');
  await set('ipv4/conf/all/rp_filter', 1);
  await set('ipv4/conf/eth0/proxy_arp', 1);
  t.like(await pass(), {error: undefined, changes: 5, wanted: 5});
  t.deepEqual(written, wantedOfOneLink);
  for (const text of wantedOfOneLink) {
    const [setting = '', value = ''] = text.split(' ');
    t.is(await get(setting), value);
  }
  t.is(await get('ipv4/conf/all/rp_filter'), '1');
  t.is(await get('ipv4/conf/eth0/proxy_arp'), '1');

  written.length = 0;
  t.like(await pass(), {error: undefined, changes: 0, wanted: 5});
  t.deepEqual(written, [], 'a second pass writes nothing');

  await set('ipv4/ip_forward', 0);
  await set('ipv4/conf/eth0/arp_announce', 1);
  await set('ipv6/conf/all/forwarding', 0);
  t.like(await pass(), {error: undefined, changes: 4});
  t.like(await pass(), {error: undefined, changes: 0});
  t.deepEqual(
    [await get('ipv4/ip_forward'), await get('ipv4/conf/eth0/forwarding'), await get('ipv6/conf/all/forwarding')],
    ['1', '1', '1'],
  );
});

test('without leave to set anything, one message names all that is wrong and what to do, and nothing is written', async t => {
  const {pass, written, set, namespace} = await createHost(t, 'refused');
  await set('ipv4/conf/eth0/arp_announce', 1);
  const result = await pass({provision: false});
  const commands =
    'net.ipv6.conf.eth0.accept_ra=2 net.ipv4.ip_forward=1 net.ipv4.conf.eth0.forwarding=1 net.ipv4.conf.eth0.arp_announce=2 net.ipv6.conf.all.forwarding=1';
  t.is(
    messageOf(result?.error),
    'this host would not forward as it should: net.ipv6.conf.eth0.accept_ra is 1, expected 2; net.ipv4.ip_forward is 0, expected 1; ' +
      'net.ipv4.conf.eth0.forwarding is 0, expected 1; net.ipv4.conf.eth0.arp_announce is 1, expected 2; net.ipv6.conf.all.forwarding is 0, expected 1: ' +
      `set them (sysctl -w ${commands}; for the next boot in /etc/sysctl.d), or let the agent do it (agent.provision: true)`,
  );
  t.deepEqual(written, []);
  await namespace.run('sysctl', ['-q', '-w', ...commands.split(' ')]);
  t.like(await pass({provision: false}), {error: undefined, changes: 0});
});

test('the name of an interface may have a dot', async t => {
  const {pass, namespace, get} = await createHost(t, 'dot');
  await namespace.run('ip', ['link', 'set', 'eth0', 'down']);
  await namespace.run('ip', ['link', 'set', 'eth0', 'name', 'bond0.7']);
  await namespace.run('ip', ['link', 'set', 'bond0.7', 'up']);
  const message = messageOf((await pass({provision: false}))?.error);
  const commands = /sysctl -w (.*?);/.exec(message)?.[1] ?? '';
  t.true(commands.includes('net/ipv4/conf/bond0.7/arp_announce=2'), message);
  await namespace.run('sysctl', ['-q', '-w', ...commands.split(' ')]);
  t.is(await get('ipv4/conf/bond0.7/arp_announce'), '2');
  t.like(await pass(), {error: undefined, changes: 0});
});

test('the interface of an endpoint is left to those who set it up', async t => {
  const {pass, namespace, written, set} = await createHost(t, 'endpoint', 2);
  for (const setting of ['all', 'eth0', 'eth1']) await set(`ipv4/conf/${setting}/rp_filter`, 1);
  // With a route through it, it would be a link like any other.
  await namespace.run('ip', ['route', 'add', '10.9.0.0/16', 'via', '192.168.21.1']);
  await namespace.run('ip', ['link', 'property', 'add', 'dev', 'eth1', 'altname', 'rom0123456789a']);
  t.like(await pass(), {error: undefined});
  t.deepEqual(
    written.filter(line => line.includes('rp_filter')),
    ['ipv4/conf/eth0/rp_filter 2'],
  );
  t.false(written.some(line => line.includes('eth1')));
  await namespace.run('ip', ['link', 'property', 'del', 'dev', 'eth1', 'altname', 'rom0123456789a']);
  t.like(await pass(), {error: undefined});
  t.true(written.includes('ipv4/conf/eth1/rp_filter 2'));
});

test('one that cannot be set does not stop the others, and the error names it', async t => {
  const host = await createHost(t, 'fails');
  const {write} = host.files;
  Object.assign(host.files, {
    write: (file: string, text: string, mode: number) =>
      file.endsWith('/ip_forward') ? Promise.reject(new Error('EPERM: operation not permitted')) : write(file, text, mode),
  });
  t.is(messageOf((await host.pass())?.error), 'cannot set net.ipv4.ip_forward=1: EPERM: operation not permitted');
  t.is(await host.get('ipv6/conf/all/forwarding'), '1');
});

test('with /proc/sys read-only it says so, and where to set what is missing', async t => {
  const {namespace} = await createHost(t, 'readonly');
  const script = `
    import {createSysctls} from './src/drivers/sysctls.ts';
    import {systemFiles} from './src/system/file-system.ts';
    const driver = createSysctls({files: systemFiles, readSettings: async () => ({values: new Map(), learnsRoutes: new Set()}), provision: true});
    const create = [{path: 'ipv4/ip_forward', value: '1', present: '0'}, {path: 'ipv6/conf/all/forwarding', value: '1', present: '0'}];
    await driver.apply({create, update: [], remove: []}).catch(error => process.stdout.write(error.message));
  `;
  const output = await namespace.run('sh', [
    '-c',
    'mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec "$@"',
    'sh',
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '-e',
    script,
  ]);
  t.is(
    output,
    'cannot set net.ipv4.ip_forward=1, net.ipv6.conf.all.forwarding=1: /proc/sys is read-only here, as in a container: ' +
      'set them from outside (sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1)',
  );
});

test('a host that begins to forward keeps the default route that its router advertises', async t => {
  const host = await createHost(t, 'advertised');
  // What only switches forwarding on loses it: without that, the test would show nothing.
  const other = await createHost(t, 'lost');
  for (const {namespace, far} of [host, other]) {
    await startRouter(t, far);
    await waitFor('the default route is learned', () => defaultRoute(namespace));
  }
  await other.set('ipv6/conf/all/forwarding', 1);
  await waitFor('the default route is lost', async () => (await defaultRoute(other.namespace)) === undefined);

  t.like(await host.pass(), {error: undefined, changes: 5});
  t.regex((await defaultRoute(host.namespace)) ?? '', /^default via fe80::\S+ dev eth0 proto ra /);

  // Somebody sets it back: the route is there until its time is over, and says what is right.
  await host.set('ipv6/conf/eth0/accept_ra', 1);
  t.like(await host.pass(), {error: undefined, changes: 1});
  t.is(await host.get('ipv6/conf/eth0/accept_ra'), '2');
  t.like(await other.pass(), {error: undefined});
  t.is(await other.get('ipv6/conf/eth0/accept_ra'), '1', 'where nothing is learned, nothing is from now on');
});

async function startRouter(t: ExecutionContext, namespace: Namespace): Promise<void> {
  const paths = birdPaths(await temporaryFolder(t));
  const radv = 'protocol radv { interface "eth0" { min ra interval 3; max ra interval 4; default lifetime 60; prefix ::/0 { skip; }; }; }';
  await mkdir(path.dirname(paths.birdConf), {recursive: true});
  await writeFile(paths.birdConf, `router id 192.168.20.1;\nprotocol device {}\nipv6 table master6;\n${radv}\n`);
  await startBird(t, namespace, paths);
}

async function defaultRoute({run}: Namespace): Promise<string | undefined> {
  return (await run('ip', ['-6', 'route', 'show', 'default'])).trim() || undefined;
}

test('on a host with two links, a packet that comes in by the other one is not dropped', async t => {
  const {namespace, far, pass, set, get} = await createHost(t, 'links', 2);
  for (const setting of ['all', 'eth0', 'eth1']) await set(`ipv4/conf/${setting}/rp_filter`, setting === 'all' ? 0 : 1);
  await set('ipv4/conf/lo/rp_filter', 1);
  for (const name of ['all', 'eth0', 'eth1']) {
    await far.run('sh', ['-c', 'echo 0 > "/proc/sys/net/ipv4/conf/$0/rp_filter"', name]);
  }
  await namespace.run('ip', ['route', 'add', 'default', 'nexthop', 'via', '192.168.20.1', 'nexthop', 'via', '192.168.21.1']);
  // Goes out by the second link with the address of the first.
  const ping = () =>
    far.run('ping', ['-c', '1', '-W', '1', '-I', '192.168.20.1', '192.168.21.30']).then(
      () => true,
      () => false,
    );
  t.false(await ping());
  t.like(await pass(), {error: undefined});
  t.deepEqual([await get('ipv4/conf/eth0/rp_filter'), await get('ipv4/conf/eth1/rp_filter')], ['2', '2']);
  t.is(await get('ipv4/conf/lo/rp_filter'), '1');
  await waitFor('the other end is answered', ping);
  t.like(await pass(), {error: undefined, changes: 0});
});
