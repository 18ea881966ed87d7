import {writeFile} from 'node:fs/promises';
import {parseBirdConfig} from '../../../src/core/bird-config/parse.ts';
import {forecast} from '../../../src/core/forecast.ts';
import type {BirdControl} from '../../../src/drivers/bird/control-socket.ts';
import {birdPaths, startBird} from '../../helpers/bird.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {connect, createNamespace, namespaceTest} from '../../helpers/namespace.ts';
import {waitFor} from '../../helpers/wait.ts';

// Each edit has a session of its own between the same two BIRDs; one `configure` makes all edits, and BIRD shows which sessions it cost.

interface Edit {
  /** In the protocol's block, before and after. */
  readonly body?: readonly [before: string, after: string];
  /** In its channel's. */
  readonly channel?: readonly [before: string, after: string];
  /** The session's ends afterwards, where they change. */
  readonly ends?: string;
  readonly isInternal?: boolean;
  /** The neighbour's side, where it must match. */
  readonly neighbour?: string;
}

const edits: readonly Edit[] = [
  ...[
    ...[
      'hold time 9;',
      'min hold time 3;',
      'startup hold time 100;',
      'keepalive time 3;',
      'min keepalive time 1;',
      'connect delay time 3;',
    ],
    ...['connect retry time 30;', 'error wait time 1, 9;', 'error forget time 10;', 'disable after error on;', 'disable after cease on;'],
    ...['password "secret";', 'setkey no;', 'ttl security on;', 'multihop;', 'multihop 3;', 'direct;', 'passive on;', 'interface "eth0";'],
    ...['check link on;', 'strict bind on;', 'free bind on;'],
    ...['source address 10.9.0.1;', 'local role provider;', 'local role provider; require roles on;', 'confederation 65100;'],
    ...['allow bgp_local_pref on;', 'allow local as;', 'allow local as 2;', 'allow as sets off;', 'enforce first as on;', 'rs client;'],
    ...[
      'enable route refresh off;',
      'graceful restart on;',
      'graceful restart off;',
      'graceful restart time 60;',
      'long lived graceful restart on;',
    ],
    ...['long lived stale time 60;', 'interpret communities off;', 'enable as4 off;', 'enable extended messages on;', 'capabilities off;'],
    ...['advertise hostname on;', 'path metric off;', 'med metric on;', 'deterministic med on;', 'igp metric off;', 'prefer older on;'],
    ...[
      'default bgp_med 5;',
      'default bgp_local_pref 200;',
      'router id 10.9.9.9;',
      'description "tor";',
      'debug all;',
      'mrtdump all;',
      'vrf default;',
    ],
    ...['bfd on;', 'bfd graceful;', 'bfd { interval 100 ms; };', 'disabled;', 'disabled no;'],
    ...['hold time 240;', 'ipv6 { import none; export none; };', 'ipv4 multicast { import none; export none; };'],
  ].map(after => ({body: ['', after] as const})),
  ...['rr client;', 'rr cluster id 1.1.1.1;'].map(after => ({body: ['', after] as const, isInternal: true})),
  {channel: ['', 'next hop self;'], isInternal: true},
  ...[
    ...['import none;', 'export none;', 'export filter { bgp_med = 5; accept; };', 'import filter { bgp_local_pref = 5; accept; };'],
    ...[
      'import limit 10;',
      'import limit 10 action block;',
      'receive limit 10;',
      'export limit 10;',
      'import keep filtered on;',
      'rpki reload off;',
    ],
    ...[
      'preference 150;',
      'table spare;',
      'next hop self;',
      'next hop self ebgp;',
      'next hop keep;',
      'next hop address 10.9.0.9;',
      'gateway recursive;',
    ],
    ...[
      'next hop prefer global;',
      'add paths rx;',
      'add paths on;',
      'import table on;',
      'export table on;',
      'igp table spare;',
      'secondary on; table ordered;',
    ],
    ...[
      'extended next hop on;',
      'aigp on;',
      'aigp originate;',
      'cost 5;',
      'mandatory on;',
      'debug all;',
      'graceful restart off;',
      'graceful restart on;',
    ],
    ...[
      'long lived graceful restart off;',
      'long lived stale time 5;',

      'import where inner();',
      'export filter outer;',
    ],
  ].map(after => ({channel: ['', after] as const})),
  // What BIRD does by default, said.
  ...[
    ...['hold time 240;', 'startup hold time 240;', 'connect retry time 120;', 'error forget time 300;', 'graceful restart aware;'],
    ...[
      'graceful restart time 120;',
      'long lived stale time 3600;',
      'path metric on;',
      'igp metric on;',
      'med metric off;',
      'prefer older off;',
    ],
    ...['deterministic med off;', 'default bgp_med 0;', 'default bgp_local_pref 100;', 'interpret communities on;', 'enable as4 on;'],
    ...[
      'enable route refresh on;',
      'capabilities on;',
      'passive off;',
      'setkey on;',
      'ttl security off;',
      'strict bind off;',
      'rs client off;',
    ],
    ...[
      'disable after error off;',
      'advertise hostname off;',
      'enable extended messages off;',
      'bfd off;',
      'long lived graceful restart aware;',
    ],
    ...['free bind off;', 'allow as sets on;', 'enforce first as off;', 'allow bgp_local_pref off;', 'min hold time 0;', 'rr client no;'],
  ].map(after => ({body: ['', after] as const})),
  ...[
    ...[
      'add paths off;',
      'import table off;',
      'export table off;',
      'extended next hop off;',
      'next hop self off;',
      'next hop keep off;',
      'aigp off;',
    ],
    ...[
      'mandatory off;',
      'secondary off;',
      'preference 100;',
      'import keep filtered off;',
      'import limit off;',
      'rpki reload on;',
      'gateway direct;',
    ],
  ].map(after => ({channel: ['', after] as const})),
  {body: ['enable route refresh off;', 'enable route refresh off;'], channel: ['', 'import none;']},
  {body: ['capabilities off;', 'capabilities off;'], channel: ['', 'import none;']},
  {body: ['', 'direct;'], isInternal: true},
  {body: ['', 'multihop;'], isInternal: true},
  {channel: ['import table on;', 'import table on; import none;'], neighbour: 'enable route refresh off;'},
  {body: ['graceful restart on;', 'graceful restart on;'], channel: ['', 'graceful restart off;']},
  {body: ['multihop;', 'multihop; check link off;']},
  ...['import filter outer;', 'export where inner();', 'export where net ~ NETS;', 'export where net ~ SAME;'].map(text => ({
    channel: [text, text] as const,
  })),
  ...['import table on;', 'add paths rx;', 'next hop self;', 'preference 150;', 'import limit 10;'].map(text => ({
    channel: [text, ''] as const,
  })),
  ...['hold time 30;', 'bfd on;', 'rr client;'].map(text => ({body: [text, ''] as const, isInternal: true})),
  {body: ['hold time HOLD;', 'hold time HOLD;']},
  {body: ['password "x";', ''], neighbour: 'password "x";'},
  {body: ['ipv6 { import none; export none; };', ''], neighbour: 'ipv6 { import none; export none; };'},
  ...[
    'local 10.9.0.1 as 65009; neighbor 10.9.0.2 as 65002;',
    'local 10.9.0.1 as 65001; neighbor 10.9.0.2 as 65009;',
    'local 10.9.0.1 as 65001; neighbor 10.9.0.2 external;',
    'local as 65001; neighbor 10.9.0.2 as 65002;',
    'local 10.9.0.9 as 65001; neighbor 10.9.0.2 as 65002;',
    'local 10.9.0.1 as 65001; neighbor 10.9.0.9 as 65002;',
    'local 10.9.0.1 port 1790 as 65001; neighbor 10.9.0.2 as 65002;',
    'local 10.9.0.1 as 65001; neighbor 10.9.0.2 port 1790 as 65002;',
    'local 10.9.0.1 as 65001; neighbor 10.9.0.2 port 179 as 65002;',
    'local 10.9.0.1 as 65001; neighbor range 10.9.0.0/24 as 65002;',
  ].map(ends => ({ends})),
  // The last one stays as it is.
  {},
];

const head = (isAfter: boolean) => `
router id 10.255.0.1;
timeformat protocol iso long ms;
ipv4 table spare;
ipv4 table ordered sorted;
define HOLD = ${isAfter ? 30 : 60};
define NETS = [ 10.70.0.0/${isAfter ? 16 : 15}+ ];
define SAME = [ 10.70.0.0/16+ ]${isAfter ? '' : ' '};
function inner() { return ${isAfter ? 'true' : 'net ~ 10.0.0.0/8'}; }
filter outer { if inner() then accept; reject; }
protocol device {}
protocol bfd {}
`;

function ours(isAfter: boolean): string {
  const at = isAfter ? 1 : 0;
  const protocols = edits.map(({body, channel, ends, isInternal = false}, index) => {
    const as = isInternal ? 65001 : 65002;
    // A table for each, so that what one session learns is no news to the others.
    return `ipv4 table m${index};
protocol static s${index} { ipv4 { table m${index}; }; route 10.70.0.0/24 reject; }
protocol bgp t${index} {
  ${isAfter && ends !== undefined ? ends.replaceAll('10.9.0.', `10.9.${index}.`) : `local 10.9.${index}.1 as 65001; neighbor 10.9.${index}.2 as ${as};`}
  connect delay time 1; error wait time 1, 2;
  ipv4 { table m${index}; import all; export where source = RTS_STATIC; ${channel?.[at] ?? ''} };
  ${body?.[at] ?? ''}
}`;
  });
  return head(isAfter) + protocols.join('\n');
}

function theirs(): string {
  const protocols = edits.map(
    ({neighbour = '', isInternal = false}, index) => `protocol bgp t${index} {
  local 10.9.${index}.2 as ${isInternal ? 65001 : 65002}; neighbor 10.9.${index}.1 as 65001; passive; connect delay time 1; error wait time 1, 2; ${neighbour}
  ipv4 { import all; export where source = RTS_STATIC; };
}`,
  );
  return `router id 10.255.0.2;\nprotocol device {}\nprotocol static own { ipv4; route 10.80.0.0/24 reject; }\n${protocols.join('\n')}`;
}

interface Seen {
  readonly isUp: boolean;
  /** In milliseconds; BIRD reckons it from a clock of its own each time, and may be one off. */
  readonly since: number;
  readonly updates: string;
}

/** What `show protocols all` tells of every session. */
async function look(control: BirdControl): Promise<ReadonlyMap<string, Seen>> {
  const {lines} = await control.command('show protocols all');
  const sessions = new Map<string, Seen>();
  let name = '';
  for (const line of lines) {
    const [, session, state = '', since = '', info = ''] = /^(t\d+) +BGP +\S+ +(\S+) +(\S+ \S+) *(.*)$/.exec(line) ?? [];
    if (session !== undefined) {
      name = session;
      sessions.set(name, {isUp: state === 'up' && info.trim() === 'Established', since: Date.parse(since), updates: ''});
    } else if (/^\S/.test(line)) name = '';
    const seen = sessions.get(name);
    if (seen !== undefined && /^ +(?:Import|Export) updates:/.test(line)) sessions.set(name, {...seen, updates: `${seen.updates}${line}`});
  }
  return sessions;
}

const netTest = namespaceTest();

netTest('BIRD does to BGP sessions what the forecast says', async t => {
  const [a, b] = [await createNamespace(t, 'bgp-ours'), await createNamespace(t, 'bgp-theirs')];
  const addresses = (side: number) => edits.map((_, index) => `10.9.${index}.${side}/24`);
  await connect(a, b, {addresses: [addresses(1), addresses(2)]});
  const [pathsA, pathsB] = [birdPaths(await temporaryFolder(t)), birdPaths(await temporaryFolder(t))];
  await writeFile(pathsA.birdConf, ours(false));
  await writeFile(pathsB.birdConf, theirs());
  await startBird(t, b, pathsB);
  const {control} = await startBird(t, a, pathsA);
  const before = await waitFor('all sessions are up, with their routes', async () => {
    const seen = await look(control);
    const isReady = [...seen.values()].every(({isUp, updates}) => isUp && /Import updates: +[1-9]/.test(updates));
    return isReady && seen.size === edits.length && seen;
  });

  await writeFile(pathsA.birdConf, ours(true));
  const reply = await control.command('configure');
  t.true(['0003', '0004'].includes(reply.code), reply.lines.join('\n'));
  await waitFor('BIRD has reconfigured', async () => (await control.command('show status')).lines.includes('Daemon is up and running'));
  const parsed = [false, true].map(isAfter => parseBirdConfig([{path: 'a', text: ours(isAfter)}], 'a'));
  const changes = new Map(parsed[0] && parsed[1] && forecast(parsed[0], parsed[1]).map(change => [change.name, change]));
  const expected = [...changes.values()].filter(({action}) => action === 'reload').map(({name}) => name);
  const deadline = performance.now() + 5000;
  // What was asked of BIRD before is done before this is.
  const fence = edits.length - 1;
  await control.command(`reload t${fence}`);
  const after = await waitFor('all that is to be reloaded', async () => {
    const seen = await look(control);
    const isDone = (name: string) => seen.get(name)?.updates !== before.get(name)?.updates;
    return (expected.every(isDone) && isDone(`t${fence}`) && seen) || (performance.now() > deadline && seen);
  });

  const wrong: string[] = [];
  for (const [index, edit] of edits.slice(0, -1).entries()) {
    const name = `t${index}`;
    const [was, is] = [before.get(name), after.get(name)];
    const seen = Math.abs((was?.since ?? 0) - (is?.since ?? 0)) > 10 ? 'restart' : was?.updates !== is?.updates ? 'reload' : 'none';
    const {action = 'none', reasons = []} = changes.get(name) ?? {};
    const said = action === 'update' ? 'none' : action === 'remove' ? 'restart' : action;
    if (said !== seen) wrong.push(`${JSON.stringify(edit)}: ${action} (${reasons.join(', ')}), but ${seen}`);
  }
  t.deepEqual(wrong, []);
});
