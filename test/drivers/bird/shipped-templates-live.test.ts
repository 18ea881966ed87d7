import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import test from 'ava';
import {isSameTime} from '../../../src/drivers/bird/bird-status.ts';
import type {BirdControl} from '../../../src/drivers/bird/control-socket.ts';
import {parseProtocols} from '../../../src/drivers/bird/protocols.ts';
import {systemFiles} from '../../../src/system/file-system.ts';
import {birdPaths, startBird} from '../../helpers/bird.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {connect, createNamespace, type Namespace, namespaceTest} from '../../helpers/namespace.ts';
import {renderShipped, repository, type ShippedTemplate, shippedTemplates, type Vars} from '../../helpers/shipped-templates.ts';
import {waitFor} from '../../helpers/wait.ts';

// A host with a shipped template in one namespace, a BIRD 2 as its ToR in another; both with a password from a file.

const netTest = namespaceTest();
const addresses = {host: ['192.168.20.30/24', '2001:db8::30/64'], tor: ['192.168.20.1/24', '2001:db8::1/64']};
const networks = ['10.1.0.0/29', '2001:db8:1::/122'];

function liveTest(template: ShippedTemplate, title: string, implementation: (t: ExecutionContext) => Promise<void>): void {
  if (template.missing === undefined) netTest(title, implementation);
  else test.skip(`${title} (${template.missing})`, () => {});
}

for (const name of ['bird2/bgp', 'bird1/bgp', 'bird1/bgp-v6']) {
  for (const torAs of [65000, 65010]) {
    const template = templateOf(name);
    const session = torAs === 65010 ? 'internal' : 'external';
    liveTest(template, `${name}, ${session}: draining marks the routes and keeps the session`, async t => {
      const isV4 = template.families.includes('ipv4');
      const prefix = isV4 ? '10.1.0.0/29' : '2001:db8:1::/122';
      const tor = await startTor(t, isV4 ? '192.168.20.30' : '2001:db8::30', torAs);
      const neighbor = isV4 ? '192.168.20.1' : '2001:db8::1';
      const host = await startHost(t, {
        namespace: tor.host,
        template,
        vars: {neighbor, neighborAs: torAs, communities: ['65000:100', '65000:1:2']},
      });
      const seen = () => output(tor.control, `show route all for ${prefix} protocol host`);
      await waitFor('the ToR has the route', async () => (await seen()).includes(`${prefix} `));
      t.regex(await seen(), /BGP\.community: \(65000,100\)\n/);
      t.regex(await seen(), /BGP\.large_community: \(65000, 1, 2\)/);
      // As the ToR shows it: BIRD 1.6 rounds its times anew each time it is asked.
      const atTor = async () => parseProtocols(await tor.control.command('show protocols host'))[0];
      const before = await atTor();
      t.is(before?.info, 'Established');
      t.notRegex(await output(host.control, 'show route filtered'), /10\.|2001:/);

      await host.change({draining: true});
      await waitFor('the ToR sees the community', async () => (await seen()).includes('(65000,100) (65535,0)'));
      const drained = await seen();
      if (session === 'internal') {
        t.regex(drained, /BGP\.local_pref: 0\n/);
        t.regex(drained, /BGP\.as_path: *\n/);
      } else {
        t.regex(drained, /BGP\.med: 4294967294\n/);
        t.regex(drained, /BGP\.as_path: 65010 65010 65010 65010\n/);
      }
      // What the ToR has from elsewhere shows when it is asked again, without a new session.
      await host.control.command('reload in romana_bgp');
      await waitFor('the refused route shows', async () => (await output(host.control, 'show route filtered')).includes(`${prefix} `));

      await host.change({draining: false});
      await waitFor('the ToR sees no community of a drained host', async () => !(await seen()).includes('(65535,0)'));
      t.regex(await seen(), new RegExp(prefix));
      t.true(isSameTime((await atTor())?.since ?? '', before?.since ?? ''));
    });
  }
}

for (const name of ['bird2/ospf', 'bird1/ospf', 'bird1/ospf-v6']) {
  const template = templateOf(name);
  liveTest(template, `${name}: draining raises the metric and keeps the neighbour`, async t => {
    const hasSecret = name !== 'bird1/ospf-v6';
    const tor = await startTor(t, '192.0.2.1', 65000, hasSecret);
    const vars = {interface: 'eth0', type: 'ptp', helloInterval: 1, deadCount: 4, metric2: 50};
    const host = await startHost(t, {namespace: tor.host, template, vars});
    const wanted = networks.filter(prefix => template.families.includes(prefix.includes(':') ? 'ipv6' : 'ipv4'));
    const metrics = async () => {
      const routes = await Promise.all(wanted.map(prefix => output(tor.control, `show route all for ${prefix}`)));
      return routes.map(text => /OSPF\.metric2: (\d+)/.exec(text)?.[1]);
    };
    await waitFor('the ToR has the routes', async () => (await metrics()).every(metric => metric === '50'));
    const before = await upSince(host.control);
    t.is(before.length, wanted.length);
    await host.change({draining: true});
    await waitFor('the ToR sees the highest metric', async () => (await metrics()).every(metric => metric === '16777214'));
    // BIRD 1.6 rounds its times anew each time it is asked; to come up anew takes longer.
    for (const [index, seconds] of (await upSince(host.control)).entries()) t.true(Math.abs(seconds - (before[index] ?? 0)) <= 1);
  });
}

netTest('bird2/bgp with two ToRs: the session of one stays when the other one is taken out', async t => {
  const tor = await startTor(t, '192.168.20.30', 65000);
  const [first, second] = [
    {address: '192.168.20.1', as: 65000},
    {address: '2001:db8::1', as: 65000, name: 'tor-2'},
  ];
  const host = await startHost(t, {namespace: tor.host, template: templateOf('bird2/bgp'), vars: {neighbors: [first, second]}});
  const session = async () => parseProtocols(await host.control.command('show protocols romana_bgp_192_168_20_1'))[0];
  const before = await waitFor('the session is up', async () => {
    const found = await session();
    return found?.info === 'Established' ? found : undefined;
  });
  t.regex(await output(host.control, 'show protocols'), /^romana_bgp_tor_2 /m);
  await host.change({vars: {neighbors: [first]}});
  await waitFor('the other one is gone', async () => !(await output(host.control, 'show protocols')).includes('romana_bgp_tor_2'));
  t.true(isSameTime((await session())?.since ?? '', before.since));
});

netTest('an export limit withholds what is above it and keeps the session; import takes nothing', async t => {
  const tor = await startTor(t, '192.168.20.30', 65000);
  const many = ['10.1.0.0/29', '10.1.0.8/29', '10.1.0.16/29'];
  const vars = {neighbor: '192.168.20.1', neighborAs: 65000, exportLimit: 2};
  const host = await startHost(t, {namespace: tor.host, template: templateOf('bird2/bgp-v4'), vars, networks: many});
  await waitFor('the ToR has two of three', async () => (await output(tor.control, 'show route protocol host count')).startsWith('2 of '));
  t.regex(await output(host.control, 'show protocols romana_bgp'), /Established/);
  t.regex(await output(host.control, 'show route protocol romana_bgp count'), /^0 of /);
});

function templateOf(name: string): ShippedTemplate {
  const found = shippedTemplates.find(template => template.name === name);
  if (found === undefined) throw new Error(`there is no template ${name}`);
  return found;
}

interface HostOptions {
  readonly namespace: Namespace;
  readonly template: ShippedTemplate;
  readonly vars: Vars;
  readonly networks?: readonly string[];
}

/** Starts the host's BIRD with the shipped bird.conf and the rendered template; `change` renders it anew and lets BIRD read it. */
async function startHost(t: ExecutionContext, {namespace, template, vars, networks: own = networks}: HostOptions) {
  const folder = await temporaryFolder(t);
  const paths = birdPaths(folder);
  const md5File = await writeSecret(folder);
  const write = async (changed: {vars?: Vars; draining?: boolean}) => {
    const all = {...(changed.vars ?? vars), ...(template.text.includes('\n  md5File ') ? {md5File} : {})};
    const text = renderShipped(template, {addresses: addresses.host, networks: own, vars: all, draining: changed.draining ?? false});
    await systemFiles.write(path.join(paths.confDir, 'publisher.conf'), text, 0o644);
    return text;
  };
  await mkdir(paths.confDir);
  await systemFiles.write(paths.birdConf, (await systemFiles.read(path.join(repository, template.birdConf))) ?? '', 0o644);
  t.notRegex(await write({}), /"secret"/);
  const {control} = await startBird(t, namespace, {...paths, program: template.program});
  const change = async (changed: {vars?: Vars; draining?: boolean}) => {
    await write(changed);
    const {code} = await control.command('configure');
    // Done, or under way: a protocol that goes has to end its session first.
    t.true(code === '0003' || code === '0004', code);
  };
  return {control, change};
}

/** Starts a BIRD 2 as ToR that knows the host's prefixes from elsewhere, too, and speaks BGP and OSPF. */
async function startTor(
  t: ExecutionContext,
  neighbor: string,
  torAs: number,
  hasOspf6Secret = true,
): Promise<{host: Namespace; control: BirdControl}> {
  const host = await createNamespace(t, 'host');
  const tor = await createNamespace(t, 'tor');
  await connect(host, tor, {addresses: [addresses.host, addresses.tor]});
  // BIRD 1.6 starts an IPv6 session anew when the link-local address of its interface gets ready.
  await waitFor('the addresses are ready', async () => {
    const tentative = await Promise.all([host, tor].map(({run}) => run('ip', ['-6', 'address', 'show', 'tentative'])));
    return tentative.every(text => text.trim() === '');
  });
  const folder = await temporaryFolder(t);
  const paths = birdPaths(folder);
  const secret = await writeSecret(folder);
  const area = (isSecret: boolean) =>
    `area 0 { interface "eth0" { type ptp; hello 1; dead count 4;${isSecret ? `\n  authentication cryptographic;\n  include "${secret}";\n` : ''} }; };`;
  const text = `router id 192.168.20.1;
protocol device { }
protocol static elsewhere4 { ipv4; route 10.1.0.0/29 via 192.168.20.77; }
protocol static elsewhere6 { ipv6; route 2001:db8:1::/122 via 2001:db8::77; }
protocol bgp host {
  local as ${torAs};
  neighbor ${neighbor} as 65010;
  direct;
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  include "${secret}";
  ipv4 { import all; export where source = RTS_STATIC; };
  ipv6 { import all; export where source = RTS_STATIC; };
}
protocol ospf v2 { ipv4 { import all; export none; }; ${area(true)} }
protocol ospf v3 { ipv6 { import all; export none; }; ${area(hasOspf6Secret)} }
`;
  await systemFiles.write(paths.birdConf, text, 0o644);
  const {control} = await startBird(t, tor, paths);
  return {host, control};
}

async function writeSecret(folder: string): Promise<string> {
  const file = path.join(folder, 'tor.secret');
  await systemFiles.write(file, 'password "secret";\n', 0o640);
  return file;
}

async function output(control: BirdControl, command: string): Promise<string> {
  return `${(await control.command(command)).lines.join('\n')}\n`;
}

/** When the host's OSPF protocols came up, in seconds of the day. */
async function upSince(control: BirdControl): Promise<number[]> {
  const text = await output(control, 'show protocols "romana_ospf*"');
  return [...text.matchAll(/ up +(\d+):(\d+):(\d+)/g)].map(([, h, m, s]) => Number(h) * 3600 + Number(m) * 60 + Number(s));
}
