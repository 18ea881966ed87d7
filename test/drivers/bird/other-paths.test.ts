import {mkdir, writeFile} from 'node:fs/promises';
import type {ExecutionContext} from 'ava';
import {parsePrefix} from '../../../src/core/prefix.ts';
import {isSameTime} from '../../../src/drivers/bird/bird-status.ts';
import type {BirdControl} from '../../../src/drivers/bird/control-socket.ts';
import {askNeighboursAgain, readOtherPaths} from '../../../src/drivers/bird/other-paths.ts';
import {parseProtocols} from '../../../src/drivers/bird/protocols.ts';
import {birdPaths, type RunningBird, startBird} from '../../helpers/bird.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {connect, createNamespace, type Namespace, namespaceTest} from '../../helpers/namespace.ts';
import {waitFor} from '../../helpers/wait.ts';

// A host between two neighbours: what they send shows whether they have another path.

const test = namespaceTest();
const timers = 'connect delay time 1; connect retry time 1; error wait time 1, 2;';
const routes = (prefixes: readonly string[]) => prefixes.map(prefix => `route ${prefix} reject; `).join('');
const own = ['10.1.0.0/29', '10.1.0.8/29', '2001:db8:1::/122'];
const [first = '', second = '', third = ''] = own;

interface Site {
  readonly host: Namespace;
  readonly neighbours: readonly [Namespace, Namespace];
}

async function createSite(t: ExecutionContext): Promise<Site> {
  const host = await createNamespace(t, 'host');
  const neighbours = [await createNamespace(t, 'tor1'), await createNamespace(t, 'tor2')] as const;
  for (const [index, neighbour] of neighbours.entries()) {
    const net = 20 + index;
    await connect(host, neighbour, {
      device: `eth${index}`,
      addresses: [
        [`192.168.${net}.30/24`, `2001:db8:${net}::30/64`],
        [`192.168.${net}.1/24`, `2001:db8:${net}::1/64`],
      ],
    });
  }
  return {host, neighbours};
}

async function start(
  t: ExecutionContext,
  namespace: Namespace,
  text: string,
): Promise<RunningBird & {change(text: string): Promise<void>}> {
  const paths = birdPaths(await temporaryFolder(t));
  await mkdir(paths.confDir);
  await writeFile(paths.birdConf, text);
  const bird = await startBird(t, namespace, paths);
  return {
    ...bird,
    async change(changed) {
      await writeFile(paths.birdConf, changed);
      const {code} = await bird.control.command('configure');
      t.true(code === '0003' || code === '0004', code);
    },
  };
}

interface HostOptions {
  readonly channel?: string;
  readonly prefixes?: readonly string[];
  readonly neighbours?: readonly number[];
}

function hostConf({channel = 'import none; import keep filtered on;', prefixes = own, neighbours = [0]}: HostOptions = {}): string {
  const sessions = neighbours.map(
    index =>
      `protocol bgp 'tor-${index}' { local as 65010; neighbor 192.168.${20 + index}.1 as 65000; direct; ${timers}
  ipv4 { ${channel} export where source = RTS_STATIC; }; ipv6 { ${channel} export where source = RTS_STATIC; }; }`,
  );
  return `router id 192.168.20.30;
protocol device { }
protocol static { ipv4; ${routes(prefixes.filter(prefix => !prefix.includes(':')))} }
protocol static { ipv6; ${routes(prefixes.filter(prefix => prefix.includes(':')))} }
${sessions.join('\n')}
`;
}

/** A neighbour that has these prefixes from elsewhere, ours from an AS that is another one unless told, and prefers that to what the host sends. */
function torConf(index: number, elsewhere: readonly string[], {as = 65011, community = ''} = {}): string {
  const kinds = [
    ['ipv4', elsewhere.filter(prefix => !prefix.includes(':'))],
    ['ipv6', elsewhere.filter(prefix => prefix.includes(':'))],
  ] as const;
  const mark = `if net = 10.9.0.0/24 then bgp_path.prepend(65011); else bgp_path.prepend(${as}); ${community === '' ? '' : `bgp_community.add(${community});`} accept;`;
  return `router id 192.168.${20 + index}.1;
protocol device { }
${kinds.map(([family, prefixes]) => `protocol static { ${family}; ${routes(prefixes)} }`).join('\n')}
protocol bgp host { local as 65000; neighbor 192.168.${20 + index}.30 as 65010; direct; ${timers}
  ${kinds.map(([family]) => `${family} { import all; export filter { if source = RTS_STATIC then { ${mark} } else accept; }; };`).join('\n  ')}
}
`;
}

async function read(control: BirdControl, prefixes: readonly string[] = own) {
  const {announced, withOtherPath} = await readOtherPaths(control, prefixes.map(parsePrefix));
  return {announced: [...announced].toSorted(), withOtherPath: [...withOtherPath].toSorted()};
}

/** Waits until all prefixes are announced, and just these have another path. */
async function until(t: ExecutionContext, control: BirdControl, withOtherPath: readonly string[], prefixes = own): Promise<void> {
  const found = await waitFor(`${withOtherPath.length} have another path`, async () => {
    const now = await read(control, prefixes);
    return now.announced.length === prefixes.length && now.withOtherPath.length === withOtherPath.length && now;
  });
  t.deepEqual(found.withOtherPath, withOtherPath.toSorted());
}

test('what a neighbour sends of our prefixes is another path, and counts until it is withdrawn', async t => {
  const {host, neighbours} = await createSite(t);
  const tor = await start(t, neighbours[0], torConf(0, []));
  const {control} = await start(t, host, hostConf());
  await until(t, control, []);
  await tor.change(torConf(0, [first, third, '10.9.0.0/24']));
  await until(t, control, [first, third]);
  await tor.change(torConf(0, own));
  await until(t, control, own);
  t.deepEqual(await read(control, [second]), {announced: [second], withOtherPath: [second]}, 'only what was asked for');
  t.deepEqual(await read(control, []), {announced: [], withOtherPath: []});
  await tor.change(torConf(0, [second]));
  await until(t, control, [second]);
});

test('every neighbour must have one; a neighbour that is down need not', async t => {
  const {host, neighbours} = await createSite(t);
  await start(t, neighbours[0], torConf(0, own));
  const {control} = await start(t, host, hostConf({neighbours: [0, 1]}));
  await until(t, control, own);
  const other = await start(t, neighbours[1], torConf(1, [second]));
  await until(t, control, [second]);
  await other.kill();
  await until(t, control, own);
});

test('without any session nothing is announced', async t => {
  const {host} = await createSite(t);
  const {control} = await start(t, host, hostConf());
  t.deepEqual(await read(control), {announced: [], withOtherPath: []});
});

test('a path through our own AS is not seen, and one that is being drained does not count', async t => {
  const {host, neighbours} = await createSite(t);
  const tor = await start(t, neighbours[0], torConf(0, [...own, '10.9.0.0/24'], {as: 65010}));
  const {control} = await start(t, host, hostConf());
  const seen = (prefix: string) =>
    waitFor(`${prefix} is there`, async () => (await control.command('show route filtered')).lines.some(line => line.startsWith(prefix)));
  await seen('10.9.0.0/24');
  await until(t, control, []);
  await tor.change(torConf(0, own, {community: '(65535, 0)'}));
  await seen(first);
  await until(t, control, []);
  await tor.change(torConf(0, own, {community: '(65000, 7)'}));
  await until(t, control, own);
});

test('imported routes count as refused ones do', async t => {
  const {host, neighbours} = await createSite(t);
  await start(t, neighbours[0], torConf(0, own));
  const {control} = await start(t, host, hostConf({channel: 'import all;'}));
  await until(t, control, own);
});

test('what was refused before BIRD was to keep it is asked for again, in the same session', async t => {
  const {host, neighbours} = await createSite(t);
  const tor = await start(t, neighbours[0], torConf(0, own));
  const bird = await start(t, host, hostConf({channel: 'import none;'}));
  await until(t, bird.control, []);
  const since = async () => parseProtocols(await tor.control.command('show protocols host'))[0];
  const before = await since();
  await bird.change(hostConf());
  await askNeighboursAgain(bird.control);
  await until(t, bird.control, own);
  t.is(before?.info, 'Established');
  t.true(isSameTime((await since())?.since ?? '', before?.since ?? ''));
});

test('more prefixes than a command of BIRD can name', async t => {
  const many = Array.from({length: 200}, (_, index) => `10.1.${index}.0/29`);
  const {host, neighbours} = await createSite(t);
  await start(t, neighbours[0], torConf(0, [...many.slice(0, 150), '10.9.0.0/24']));
  const {control} = await start(t, host, hostConf({prefixes: many}));
  await until(t, control, many.slice(0, 150), many);
});

test('OSPF: an external route of another router counts, but for one that is being drained', async t => {
  const {host, neighbours} = await createSite(t);
  const conf = (id: string, metric: number) => `router id ${id};
protocol device { }
protocol static { ipv4; ${routes([first])} }
protocol ospf v2 fabric {
  ipv4 { import none; import keep filtered on; export filter { if source != RTS_STATIC then reject; ospf_metric2 = ${metric}; accept; }; };
  area 0 { interface "eth0" { type ptp; hello 1; dead count 4; }; };
}
`;
  const other = await start(t, neighbours[0], conf('192.168.20.1', 10));
  const {control} = await start(t, host, conf('192.168.20.30', 16777214));
  await until(t, control, [first], [first]);
  await other.change(conf('192.168.20.1', 16777214));
  await until(t, control, [], [first]);
});
