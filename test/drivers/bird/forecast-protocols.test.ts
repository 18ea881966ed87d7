import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {parseBirdConfig} from '../../../src/core/bird-config/parse.ts';
import {forecast, type ProtocolChange} from '../../../src/core/forecast.ts';
import type {BirdControl} from '../../../src/drivers/bird/control-socket.ts';
import {birdPaths, startBird} from '../../helpers/bird.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {connect, createNamespace, namespaceTest} from '../../helpers/namespace.ts';
import {waitFor} from '../../helpers/wait.ts';

type Pair = readonly [before: string, after: string];

const netTest = namespaceTest();

// OSPF keeps its "since" when only an interface of it starts anew, so its log tells which neighbours were lost. Each edit has a link of its own.

interface OspfEdit {
  /** In the block of the interface, the area or the protocol, before and after. */
  readonly interface?: Pair;
  readonly area?: Pair;
  readonly protocol?: Pair;
  readonly channel?: Pair;
  /** The neighbour's side, where it must match. */
  readonly neighbour?: Partial<Record<'interface' | 'area', string>>;
}

const ospfEdits: readonly OspfEdit[] = [
  ...[
    ...[
      'cost 20;',
      'hello 2; dead 3;',
      'dead count 2;',
      'dead 2;',
      'retransmit 3;',
      'transmit delay 2;',
      'priority 5;',
      'wait 5;',
      'poll 5;',
    ],
    ...[
      'type broadcast;',
      'authentication simple; password "x";',
      'authentication cryptographic; password "x" { id 1; };',
      'check link off;',
      'bfd on;',
    ],
    ...['ecmp weight 2;', 'ttl security on;', 'tx length 1400;', 'rx buffer large;', 'tx priority 5;', 'tx class 0;', 'real broadcast on;'],
    ...['ptp netmask on;', 'ptp address off;', 'stub on;'],
  ].map(after => ({interface: ['', after] as const})),
  ...['stub;', 'nssa;', 'summary off;', 'stubnet 10.5.0.0/16;', 'networks { 10.0.0.0/8; };', 'interface "lo" { stub; };'].map(after => ({
    area: ['', after] as const,
  })),
  ...[
    ...['rfc1583compat on;', 'stub router on;', 'tick 2;', 'ecmp off;', 'ecmp on limit 4;', 'merge external on;', 'graceful restart on;'],
    ...['graceful restart off;', 'graceful restart time 30;', 'instance id 3;', 'router id 10.1.2.3;', 'description "x";'],
    ...['area 5 { interface "none"; };', 'vrf default;', 'debug all;'],
  ].map(after => ({protocol: ['', after] as const})),
  ...[
    'export none;',
    'export filter { ospf_metric1 = 5; accept; };',
    'import none;',
    'preference 140;',
    'table spare;',
    'export limit 10;',
  ].map(after => ({
    channel: ['', after] as const,
  })),
  {area: ['stub; default cost 1;', 'stub; default cost 5;'], neighbour: {area: 'stub;'}},
  {interface: ['cost 20;', '']},
  {interface: ['password "x"; authentication cryptographic;', ''], neighbour: {interface: 'password "x"; authentication cryptographic;'}},
  {},
];

function ospfConf(address: string, at: 0 | 1, {log, side}: {log?: string; side: 'ours' | 'theirs'}): string {
  const protocols = ospfEdits.map((edit, index) => {
    const text = (part: 'interface' | 'area' | 'protocol' | 'channel') => {
      if (side === 'ours') return edit[part]?.[at] ?? '';
      return part === 'interface' || part === 'area' ? (edit.neighbour?.[part] ?? '') : '';
    };
    return `ipv4 table m${index};
protocol ospf v2 o${index} {
  debug { states, events };
  ipv4 { table m${index}; ${text('channel')} };
  ${text('protocol')}
  area 1 { ${text('area')} interface "e${index}" { type ptp; hello 1; dead count 3; ${text('interface')} }; };
}`;
  });
  const to = log === undefined ? '' : `log "${log}" all;\n`;
  return `${to}router id ${address};\nipv4 table spare;\nprotocol device {}\nprotocol bfd {}\n${protocols.join('\n')}\n`;
}

netTest('BIRD does to OSPF neighbours what the forecast says', async t => {
  const [a, b] = [await createNamespace(t, 'ospf-ours'), await createNamespace(t, 'ospf-theirs')];
  for (const index of ospfEdits.keys()) {
    await connect(a, b, {device: `e${index}`, addresses: [[`10.9.${index}.1/24`], [`10.9.${index}.2/24`]]});
  }
  const folder = await temporaryFolder(t);
  const [pathsA, pathsB] = [birdPaths(folder), birdPaths(await temporaryFolder(t))];
  const log = path.join(folder, 'log');
  const [before, after] = ([0, 1] as const).map(at => ospfConf('10.255.0.1', at, {log, side: 'ours'}));
  await writeFile(pathsA.birdConf, before ?? '');
  await writeFile(pathsB.birdConf, ospfConf('10.255.0.2', 0, {side: 'theirs'}));
  await startBird(t, b, pathsB);
  const {control} = await startBird(t, a, pathsA);
  const changesIn = (text: string, what: RegExp) => new Set([...text.matchAll(what)].map(([, name]) => name));
  await waitFor('all neighbours are there', async () => {
    const full = changesIn(await readFile(log, 'utf8'), /(o\d+): Neighbor \S+ on \S+ changed state from \w+ to Full/g);
    return full.size === ospfEdits.length;
  });
  const length = (await readFile(log, 'utf8')).length;
  await configure(control, {file: pathsA.birdConf, text: after ?? ''});

  const changes = forecastOf(before, after);
  const expected = [...changes.values()].filter(({action}) => action === 'restart').map(({name}) => name);
  // Only where one of them is not lost is it waited for so long.
  const deadline = performance.now() + 25_000;
  const lost = await waitFor('the neighbours that are to be lost', async () => {
    const text = (await readFile(log, 'utf8')).slice(length);
    const seen = changesIn(
      text,
      /(o\d+): (?:Neighbor \S+ on \S+ changed state from Full|Changed? state to|State changed to (?:stop|down|flush))/g,
    );
    return (expected.every(name => seen.has(name)) || performance.now() > deadline) && seen;
  });
  const wrong = ospfEdits.flatMap((edit, index) => disagreement(`o${index}`, edit, {changes, isRestarted: lost.has(`o${index}`)}));
  t.deepEqual(wrong, []);
});

// All others: "since" tells it all.

const edits: ReadonlyArray<readonly [kind: string, before: string, after: string]> = [
  ['static', 'ipv4;', 'ipv4; route 10.1.0.0/24 reject;'],
  ['static', 'ipv4; route 10.2.0.0/24 reject;', 'ipv4; route 10.2.0.0/24 unreachable;'],
  ['static', 'ipv4;', 'ipv4; check link;'],
  ['static', 'ipv4;', 'ipv4; igp table spare;'],
  ['static', 'ipv4;', 'ipv4 { import none; };'],
  ['static', 'ipv4;', 'ipv4 { preference 5; };'],
  ['static', 'ipv4;', 'ipv4 { table spare; };'],
  ['static', 'ipv4;', 'ipv6;'],
  ['static', 'ipv4;', 'ipv4; description "x";'],
  ['static', 'ipv4;', 'ipv4; disabled;'],
  ...[
    'scan time 5;',
    'learn;',
    'persist;',
    'metric 5;',
    'merge paths on;',
    'merge paths on limit 3;',
    'graceful restart on;',
    'kernel table 999;',
  ].map(
    (after, index) =>
      [
        'kernel',
        `ipv4 { table k${index}; }; kernel table 10${index};`,
        `ipv4 { table k${index}; }; kernel table 10${index}; ${after}`,
      ] as const,
  ),
  ['kernel', 'ipv4 { table k20; }; kernel table 120;', 'ipv4 { table k20; export all; }; kernel table 120;'],
  ['kernel', 'ipv4 { table k19; }; kernel table 119;', 'ipv4 { table k19; import none; }; kernel table 119;'],
  ['kernel', 'ipv4 { table k18; }; kernel table 118;', 'ipv4 { table k18; preference 5; }; kernel table 118;'],
  ['device', '', 'scan time 5;'],
  ['direct', 'ipv4; interface "a*";', 'ipv4; interface "b*";'],
  ['direct', 'ipv4; interface "a*";', 'ipv4; interface "a*"; check link on;'],
  ['direct', 'ipv4;', 'ipv4 { import none; };'],
  ['pipe', 'table spare; peer table k0;', 'table spare; peer table k0; import none;'],
  ['pipe', 'table spare; peer table k1;', 'table spare; peer table k1; export all;'],
  ['pipe', 'table spare; peer table k2;', 'table spare; peer table k3;'],
];

const bfdEdits: readonly string[] = [
  'interface "x" { interval 100 ms; };',
  'multihop { interval 100 ms; };',
  'neighbor 10.0.0.9 dev "lo";',
  'accept direct;',
];

const tables = ['spare', ...Array.from({length: 21}, (_, index) => `k${index}`)].map(name => `ipv4 table ${name};\n`).join('');

function otherConf(at: 0 | 1, bfd: string): string {
  const protocols = edits.map(([kind, ...bodies], index) => `protocol ${kind} p${index} { ${bodies[at]} }\n`);
  return `router id 10.255.0.1;\ntimeformat protocol iso long ms;\n${tables}${protocols.join('')}protocol bfd b { ${at === 1 ? bfd : ''} }\n`;
}

netTest('BIRD does to protocols without neighbours what the forecast says', async t => {
  const paths = birdPaths(await temporaryFolder(t));
  const before = otherConf(0, '');
  await writeFile(paths.birdConf, before);
  const {control} = await startBird(t, await createNamespace(t, 'others'), paths);
  const wrong: string[] = [];
  for (const bfd of bfdEdits) {
    await configure(control, {file: paths.birdConf, text: before});
    const was = await sinceOf(control);
    await waitFor('the clock has gone on', () => Date.now() > Math.max(...was.values()) + 30);
    const after = otherConf(1, bfd);
    await configure(control, {file: paths.birdConf, text: after});
    const is = await sinceOf(control);
    const changes = forecastOf(before, after);
    for (const [name, since] of was) {
      const isRestarted = Math.abs((is.get(name) ?? 0) - since) > 10;
      const edit = name === 'b' ? bfd : edits[Number(name.slice(1))];
      wrong.push(...disagreement(name, edit, {changes, isRestarted}));
    }
  }
  t.deepEqual([...new Set(wrong)], []);
});

netTest('a new global router id restarts what uses it', async t => {
  const conf = (id: string) => `router id ${id};
timeformat protocol iso long ms;
protocol static p0 { ipv4; }
protocol kernel p1 { ipv4; }
protocol ospf v2 p2 { area 0 { interface "none"; }; }
protocol ospf v2 p3 { router id 10.1.1.1; area 0 { interface "none"; }; }
protocol bgp p4 { local 127.0.0.1 as 1; neighbor 192.0.2.1 as 2; multihop; passive; ipv4 { import none; export none; }; }
protocol bgp p5 { router id 10.1.1.1; local 127.0.0.1 as 1; neighbor 192.0.2.2 as 2; multihop; passive; ipv4 { import none; export none; }; }
protocol bfd p6 {}
protocol rip p7 { ipv4; interface "none"; }
protocol babel p8 { ipv4; interface "none"; }
protocol device p9 {}
protocol direct p10 { ipv4; }
`;
  const paths = birdPaths(await temporaryFolder(t));
  const [before, after] = [conf('10.255.0.1'), conf('10.255.0.2')];
  await writeFile(paths.birdConf, before);
  const {control} = await startBird(t, await createNamespace(t, 'router-id'), paths);
  const was = await sinceOf(control);
  await waitFor('the clock has gone on', () => Date.now() > Math.max(...was.values()) + 30);
  await configure(control, {file: paths.birdConf, text: after});
  const is = await sinceOf(control);
  const changes = forecastOf(before, after);
  const wrong = [...was].flatMap(([name, since]) =>
    disagreement(name, 'router id', {changes, isRestarted: Math.abs((is.get(name) ?? 0) - since) > 10}).map(text => `${name} ${text}`),
  );
  t.is(was.size, 11);
  t.deepEqual(wrong, []);
});

async function sinceOf(control: BirdControl): Promise<ReadonlyMap<string, number>> {
  const {lines} = await control.command('show protocols');
  return new Map(
    lines.flatMap(line => {
      const [, name, since = ''] = /^((?:p|b)\d*) +\S+ +\S+ +\S+ +(\d{4}\S+ \S+)/.exec(line) ?? [];
      return name === undefined ? [] : [[name, Date.parse(since)] as const];
    }),
  );
}

async function configure(control: BirdControl, {file, text}: {file: string; text: string}): Promise<void> {
  await writeFile(file, text);
  const {code, lines} = await control.command('configure');
  if (!['0003', '0004'].includes(code)) throw new Error(lines.join('\n'));
  await waitFor('BIRD has reconfigured', async () => (await control.command('show status')).lines.includes('Daemon is up and running'));
}

function forecastOf(...texts: Array<string | undefined>): ReadonlyMap<string, ProtocolChange> {
  const [before, after] = texts.map((text = '') => parseBirdConfig([{path: 'a', text}], 'a'));
  return new Map((before && after && forecast(before, after))?.map(change => [change.name, change]));
}

function disagreement(
  name: string,
  edit: unknown,
  {changes, isRestarted}: {changes: ReadonlyMap<string, ProtocolChange>; isRestarted: boolean},
): string[] {
  const {action = 'none', reasons = []} = changes.get(name) ?? {};
  if (isRestarted === (action === 'restart' || action === 'remove')) return [];
  return [`${JSON.stringify(edit)}: ${action} (${reasons.join(', ')}), but ${isRestarted ? 'a restart' : 'none'}`];
}
