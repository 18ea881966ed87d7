import {readFileSync} from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import type {BirdConfig, Option, ProtocolConfig} from '../../src/core/bird-config/model.ts';
import {parseBirdConfig} from '../../src/core/bird-config/parse.ts';
import {desiredBirdFiles} from '../../src/core/desired-bird-files.ts';
import {parsePrefix} from '../../src/core/prefix.ts';
import {nodeState} from '../helpers/node-state.ts';

const parse = (text: string) => parseBirdConfig([{path: '/etc/bird.conf', text}], '/etc/bird.conf');
const plain = (options: ReadonlyMap<string, Option> | undefined) =>
  Object.fromEntries([...(options ?? [])].map(([key, {text}]) => [key, text]));
const channels = ({channels: all}: ProtocolConfig) => Object.fromEntries([...all].map(([name, options]) => [name, plain(options)]));
const only = ({protocols}: BirdConfig): ProtocolConfig => {
  const [protocol] = protocols.values();
  if (protocol === undefined || protocols.size > 1) throw new Error(`expected one protocol, got ${[...protocols.keys()]}`);
  return protocol;
};

const bodies: ReadonlyArray<
  readonly [title: string, text: string, options: Record<string, string>, channels: Record<string, Record<string, string>>]
> = [
  [
    'options of several words',
    'protocol bgp { hold time 240; error wait time 1, 2; rr client; }',
    {'hold time': '240', 'error wait time': '1, 2', 'rr client': ''},
    {},
  ],
  ['a value that is a word', 'protocol kernel { kernel table main; }', {'kernel table': 'main'}, {}],
  ['an option that is not listed', 'protocol bgp { some thing yes; other 5 s; }', {'some thing': 'yes', other: '5 s'}, {}],
  ['an option set twice', 'protocol bgp { hold time 5; hold time 6; }', {'hold time': '6'}, {}],
  [
    'strings and comments',
    'protocol bgp { description /* a */ "a; { #"; # }\n password "p"; }',
    {description: '"a; { #"', password: '"p"'},
    {},
  ],
  ['several passwords', 'protocol rip { password "a" { id 1; }; password "b"; }', {password: '"a" { id 1; }; "b"'}, {}],
  [
    'the ends of a session, in one statement',
    'protocol bgp { local 10.0.0.1 port 1790 as 65000; neighbor fe80::1%eth0 as 65001; }',
    {local: '10.0.0.1', 'local port': '1790', 'local as': '65000', neighbor: 'fe80::1%eth0', 'neighbor as': '65001'},
    {},
  ],
  [
    'the ends of a session, in several statements',
    'protocol bgp { local as 65000; local 10.0.0.1; neighbor range 10.0.0.0/8 internal; local role peer; }',
    {'local as': '65000', local: '10.0.0.1', 'neighbor range': '10.0.0.0/8', 'neighbor as': 'internal', 'local role': 'peer'},
    {},
  ],
  [
    'channels',
    'protocol bgp { ipv4 { import limit 10 action block; next hop self; table t4; }; ipv6; ipv4 multicast { import none; }; }',
    {},
    {ipv4: {'import limit': '10 action block', 'next hop self': '', table: 't4'}, ipv6: {}, 'ipv4 multicast': {import: 'none'}},
  ],
  [
    'filters in place',
    'protocol bgp { ipv4 { import filter { if net ~ [ 10.0.0.0/8 {24,32} ] then accept;\n reject; }; export where net ~ [10.0.0.0/8+]; }; }',
    {},
    {ipv4: {import: 'filter { if net ~ [10.0.0.0/8{24,32}] then accept; reject; }', export: 'where net ~ [10.0.0.0/8+]'}},
  ],
  [
    'BIRD 1.6: channel options in the protocol',
    'protocol kernel { scan time 10; export all; table t; }',
    {'scan time': '10'},
    {'': {export: 'all', table: 't'}},
  ],
  [
    'blocks in blocks',
    'protocol ospf { area 0 { stub; interface "eth0", "eth1" { hello 1; authentication none; }; interface "lo"; networks { 10.0.0.0/8 hidden; }; }; }',
    {
      'area 0': '',
      'area 0 stub': '',
      'area 0 interface "eth0", "eth1"': '',
      'area 0 interface "eth0", "eth1" hello': '1',
      'area 0 interface "eth0", "eth1" authentication': 'none',
      'area 0 interface "lo"': '',
      'area 0 networks': '',
      'area 0 networks 10.0.0.0/8 hidden': '',
    },
    {},
  ],
  ['patterns of interfaces', 'protocol direct { interface -"eth*", "*"; }', {'interface -"eth*", "*"': ''}, {}],
  ['a block of BFD in a session', 'protocol bgp { bfd { interval 100 ms; }; }', {bfd: '', 'bfd interval': '100 ms'}, {}],
  ['flags in braces', 'protocol bgp { debug { states, events }; }', {debug: '{ states, events }'}, {}],
  [
    'constants with names',
    'define SHORT = 3; define HOLD = SHORT; define T = 10.0.0.1; protocol bgp { hold time HOLD; neighbor T as 5; }',
    {'hold time': '3', neighbor: '10.0.0.1', 'neighbor as': '5'},
    {},
  ],
];

for (const [title, text, options, expected] of bodies) {
  test(`a protocol's body: ${title}`, t => {
    const protocol = only(parse(text));
    t.deepEqual(plain(protocol.options), options);
    t.deepEqual(channels(protocol), expected);
  });
}

const names: ReadonlyArray<readonly [text: string, names: readonly string[]]> = [
  ['protocol bgp {} protocol bgp {} protocol static {}', ['bgp1', 'bgp2', 'static1']],
  ['protocol bgp bgp1 {} protocol bgp {}', ['bgp1', 'bgp2']],
  ['template bgp t {} protocol bgp from t {} protocol bgp tor from t {}', ['bgp1', 'tor']],
  ["protocol bgp 'tor-1.a' {}", ['tor-1.a']],
  ['protocol ospf v3 {} protocol ospf v2 o {}', ['ospf1', 'o']],
];

for (const [text, expected] of names) {
  test(`names: ${text}`, t => {
    t.deepEqual([...parse(text).protocols.keys()], expected);
  });
}

test('kind, variant and place', t => {
  t.like(only(parse('\n/*\n*/ protocol ospf v3 o {}')), {kind: 'ospf', variant: 'v3', name: 'o', file: '/etc/bird.conf', line: 3});
  t.like(only(parse('protocol rip ng r {}')), {kind: 'rip', variant: 'ng', name: 'r'});
  t.like(only(parse('protocol static v2 {}')), {variant: 'v2'});
});

for (const [text, expected] of [
  ['', false],
  ['disabled;', true],
  ['disabled yes;', true],
  ['disabled on;', true],
  ['disabled no;', false],
  ['disabled; disabled off;', false],
] as const) {
  test(`disabled: ${JSON.stringify(text)}`, t => {
    t.is(only(parse(`protocol bgp x { ${text} }`)).isDisabled, expected);
  });
}

test('a protocol begins with what its template says, and changes nothing there', t => {
  const {protocols} = parse(`
    template bgp base { hold time 9; disabled; ipv4 { import none; export all; }; }
    template bgp leaf from base { keepalive time 3; }
    protocol bgp a from leaf { hold time 30; disabled no; ipv4 { export none; }; ipv6; }
    protocol bgp b from leaf { }`);
  const [a, b] = [protocols.get('a'), protocols.get('b')];
  t.deepEqual(plain(a?.options), {'hold time': '30', disabled: 'no', 'keepalive time': '3'});
  t.deepEqual(a && channels(a), {ipv4: {import: 'none', export: 'none'}, ipv6: {}});
  t.deepEqual(plain(b?.options), {'hold time': '9', disabled: '', 'keepalive time': '3'});
  t.deepEqual(b && channels(b), {ipv4: {import: 'none', export: 'all'}});
  t.deepEqual([a?.isDisabled, b?.isDisabled], [false, true]);
});

const routes: ReadonlyArray<readonly [text: string, route: string]> = [
  ['route 10.1.0.0/29 reject;', '10.1.0.0/29 reject'],
  ['route   10.1.0.0/29\n  reject ;', '10.1.0.0/29 reject'],
  ['route 10.1.0.0 / 29 via 10.0.0.1;', '10.1.0.0/29 via 10.0.0.1'],
  ['route 10.1.0.5/29 reject;', '10.1.0.0/29 reject'],
  ['route 010.1.0.0/029 reject;', ''],
  ['route 10.1.0.0/33 reject;', ''],
  ['route 10.1.0.256/32 reject;', ''],
  ['route 2001:DB8:0:0::/64 blackhole;', '2001:db8::/64 blackhole'],
  ['route 2001:db8:1::40/122 unreachable;', '2001:db8:1::40/122 unreachable'],
  ['route ::/0 via fe80::1%eth0;', '::/0 via fe80::1%eth0'],
  ['route 10.0.0.0/8 via 10.0.0.1 weight 2 via "eth0";', '10.0.0.0/8 via 10.0.0.1 weight 2 via "eth0"'],
  ['route 10.0.0.0/8 via 10.0.0.1 { bgp_community.add((65535,0)); };', '10.0.0.0/8 via 10.0.0.1 { bgp_community.add((65535, 0)); }'],
  ['route NET via TOR;', '10.9.0.0/16 via 10.0.0.1'],
  ['route 65000:1 10.0.0.0/8 reject;', ''],
  ['# route 10.0.0.0/8 reject;', ''],
  ['/* route 10.0.0.0/8 reject; */', ''],
];

for (const [text, expected] of routes) {
  test(`routes: ${text}`, t => {
    const {routes: found} = only(parse(`define NET = 10.9.0.0/16; define TOR = 10.0.0.1; protocol static { ipv4; ${text} }`));
    t.deepEqual(
      found.map(({prefix, target}) => `${prefix} ${target}`),
      expected === '' ? [] : [expected],
    );
  });
}

test('routes say where they stand, plain or not', t => {
  const {routes: found} = only(
    parse('protocol static {\n\n route 10.0.0.0/8 reject;\n # a\n route 11.0.0.0/8\n via 10.0.0.1;\n route 12.0.0.0/8 reject;\n}'),
  );
  t.deepEqual(
    found.map(({line}) => line),
    [3, 5, 7],
  );
});

test('whatever the prefix, a route has it in canonical form', t => {
  const group = fc.constantFrom('0', '1', 'db8', 'DB8', '0db8', 'ffff', '');
  const octet = fc.constantFrom('0', '1', '10', '010', '128', '255', '256', '');
  const address = fc.oneof(
    fc.array(group, {minLength: 1, maxLength: 9}).map(groups => groups.join(':')),
    fc.array(octet, {minLength: 3, maxLength: 5}).map(octets => octets.join('.')),
  );
  fc.assert(
    fc.property(address, fc.integer({min: 0, max: 130}), (start, length) => {
      const text = `${start}/${length}`;
      const found = only(parse(`protocol static { route ${text} reject; }`)).routes.map(({prefix}) => prefix);
      t.true(found.length === 0 || found[0] === parsePrefix(text), text);
    }),
    {numRuns: 2000},
  );
});

test('globals, filters and functions', t => {
  const {globals, filters} = parse(`
    router id 10.0.0.1; log syslog all; log "/x" { info, auth }; timeformat protocol iso long; ipv4 table t4; watchdog warning 5 s;
    define NETS = [ 10.0.0.0/8{24,32}, # one
                    11.0.0.0/8+ ];
    filter f int x; { x = 1; if net ~ NETS then { accept; } reject; }
    function g(int a; int b) { return a; }`);
  t.deepEqual(plain(globals), {
    'router id': '10.0.0.1',
    log: 'syslog all; "/x" { info, auth }',
    'timeformat protocol': 'iso long',
    'ipv4 table t4': '',
    'watchdog warning': '5 s',
    'define NETS': '[10.0.0.0/8{24,32}, 11.0.0.0/8+]',
  });
  t.deepEqual(plain(filters), {
    f: 'int x; { x = 1; if net ~ NETS then { accept; } reject; }',
    g: '(int a; int b) { return a; }',
  });
});

test('text is the same however it was spaced', t => {
  const text = (filter: string) => plain(parse(`filter f ${filter}`).filters)['f'];
  t.is(
    text('{if net~[10.0.0.0/8{24,32},::/0+]then bgp_community.add((1,2));reject;}'),
    text('{ if net ~ [ 10.0.0.0/8 { 24, 32 } ,\n ::/0 + ] then /**/ bgp_community . add( ( 1 , 2 ) ) ;\n reject ; }'),
  );
});

const files = (texts: Readonly<Record<string, string>>) => Object.entries(texts).map(([path, text]) => ({path, text}));
const includes: ReadonlyArray<readonly [title: string, texts: Record<string, string>, protocols: readonly string[]]> = [
  [
    'in the order of their names',
    {'/e/m': 'include "c/*.conf";', '/e/c/b.conf': 'protocol bgp b {}', '/e/c/a.conf': 'protocol bgp a {}'},
    ['a', 'b'],
  ],
  [
    'not hidden ones, nor other folders',
    {'/e/m': 'include "c/*";', '/e/c/.a': 'protocol bgp a {}', '/e/c/d/a': 'protocol bgp b {}', '/e/c/c': 'protocol bgp c {}'},
    ['c'],
  ],
  [
    'from the including file’s folder',
    {'/e/m': 'include "c/a";', '/e/c/a': 'include "b";', '/e/c/b': 'protocol bgp b {}', '/e/b': 'protocol bgp no {}'},
    ['b'],
  ],
  ['by absolute name', {'/e/m': 'include "/f/a";', '/f/a': 'protocol bgp a {}'}, ['a']],
  [
    'by classes and question marks',
    {'/e/m': 'include "[a-b]?.[!x]";', '/e/a1.c': 'protocol bgp a {}', '/e/b1.x': 'protocol bgp b {}', '/e/c1.c': 'protocol bgp c {}'},
    ['a'],
  ],
  [
    'signs that mean something to a regular expression',
    {'/e/m': 'include "a+(.c*";', '/e/a+(.conf': 'protocol bgp a {}', '/e/aa(xconf': 'protocol bgp b {}'},
    ['a'],
  ],
  ['missing ones', {'/e/m': 'include "a"; protocol bgp x {}\ninclude "b";\nprotocol bgp y {}'}, ['x', 'y']],
  ['only at the start of a line', {'/e/m': 'protocol bgp x {} include "a";', '/e/a': 'protocol bgp a {}'}, ['x']],
  ['not in comments', {'/e/m': '#include "a";\n/*\ninclude "a";\n*/', '/e/a': 'protocol bgp a {}'}, []],
  ['of themselves', {'/e/m': 'include "m";\nprotocol bgp x {}'}, ['x']],
  [
    'of each other, many times over',
    {'/e/m': 'include "*";\n'.repeat(50), '/e/n': 'include "*";\n'.repeat(50), '/e/o': 'protocol bgp o {}'},
    ['o'],
  ],
];

for (const [title, texts, protocols] of includes) {
  test(`includes: ${title}`, t => {
    t.deepEqual([...parseBirdConfig(files(texts), '/e/m').protocols.keys()], protocols);
  });
}

test('an include in the middle of a block', t => {
  const texts = {
    '/e/m': 'protocol static s {\n ipv4;\n include "r";\n route 10.0.1.0/24 reject;\n}',
    '/e/r': '\nroute 10.0.0.0/24 reject;\n',
  };
  const {routes: found} = only(parseBirdConfig(files(texts), '/e/m'));
  t.deepEqual(
    found.map(({prefix, file, line}) => `${prefix} ${file}:${line}`),
    ['10.0.0.0/24 /e/r:2', '10.0.1.0/24 /e/m:4'],
  );
});

test('without its main file, a configuration is empty', t => {
  t.is(parseBirdConfig([], '/e/m').protocols.size, 0);
});

test('any text is read', t => {
  const words =
    'protocol template filter function define bgp static ospf x from route 10.0.0.0/8 10.0.0.1 reject { } ; [ ] ( ) = " \' # /* */ ipv4 import as local neighbor area interface 5 include'.split(
      ' ',
    );
  const text = fc
    .array(fc.oneof({weight: 5, arbitrary: fc.constantFrom(...words, '\n', 'include "m";')}, fc.string()))
    .map(parts => parts.join(' '));
  fc.assert(
    fc.property(text, texts => t.notThrows(() => parse(texts))),
    {numRuns: 500},
  );
});

for (const [title, text] of [
  ['braces', '{'.repeat(200_000)],
  ['blocks in a protocol', `protocol ospf { ${'a 1 { '.repeat(100_000)}`],
  [
    'definitions of definitions',
    `define a0 = 1 1;${Array.from({length: 200}, (_, n) => `define a${n + 1} = a${n} a${n};`).join('')}protocol bgp { x 1 a200; }`,
  ],
  ['variables without end', `filter ${'int x;'.repeat(50_000)}`],
] as const) {
  test(`a text that would exhaust a careless reader: ${title}`, t => {
    t.notThrows(() => parse(text));
  });
}

for (const kind of ['bgp', 'ospf'] as const) {
  test(`the shipped files of ${kind}`, t => {
    const templates = ['bird/bird.conf', `templates/bird2/${kind}/publisher.conf`].map(file => ({file, text: readFileSync(file, 'utf8')}));
    const vars = {neighbor: '192.168.20.1', neighborAs: 65001, localAs: 65000, holdTime: 9, interface: 'eth0', helloInterval: 1, bfd: true};
    const node = nodeState({
      addresses: ['192.168.20.30/24', '2001:db8::30/64'],
      blocks: ['10.1.0.0/29', '10.1.0.8/29', '2001:db8:1::/122'],
      publish: {birdConf: '/etc/bird/bird.conf', confDir: '/etc/bird/conf.d', vars},
      templates,
    });
    const {protocols, globals} = parseBirdConfig(desiredBirdFiles(node), '/etc/bird/bird.conf');
    const prefixes = (name: string) => protocols.get(name)?.routes.map(({prefix}) => String(prefix));
    t.is(globals.get('router id')?.text, '192.168.20.30');
    t.deepEqual(prefixes('romana'), ['10.1.0.0/29', '10.1.0.8/29']);
    t.deepEqual(prefixes('romana6'), ['2001:db8:1::/122']);
    t.like(protocols.get('romana_bfd'), {kind: 'bfd', file: '/etc/bird/conf.d/publisher.conf'});
    const session = protocols.get(kind === 'bgp' ? 'romana_bgp' : 'romana_ospf');
    t.like(
      plain(session?.options),
      kind === 'bgp'
        ? {'local as': '65000', neighbor: '192.168.20.1', 'neighbor as': '65001', direct: '', 'hold time': '9', bfd: 'on'}
        : {'area 0 interface "eth0"': '', 'area 0 interface "eth0" hello': '1', 'area 0 interface "eth0" bfd': 'yes'},
    );
    t.like(plain(session?.channels.get('ipv4')), {import: 'none', export: 'where proto = "romana"'});
    const sixth = kind === 'bgp' ? session : protocols.get('romana_ospf6');
    t.like(plain(sixth?.channels.get('ipv6')), {import: 'none', export: 'where proto = "romana6"'});
  });
}
