import test from 'ava';
import {parseBirdConfig} from '../../src/core/bird-config/parse.ts';
import {forecast} from '../../src/core/forecast.ts';

const parse = (text: string) => parseBirdConfig([{path: '/etc/bird.conf', text}], '/etc/bird.conf');
const show = (before: string, after: string) =>
  forecast(parse(before), parse(after)).map(
    ({name, action, isSession, reasons}) => `${name}${isSession ? '*' : ''} ${action}: ${reasons.join('; ')}`,
  );
const bgp = (body: string) => `protocol bgp tor { local as 1; neighbor 10.0.0.1 as 2; ${body} }`;

const sessions: ReadonlyArray<readonly [before: string, after: string, expected: string | undefined]> = [
  ['', '', undefined],
  ['hold time 9;', 'hold  time /* s */ 9 ;', undefined],
  ['', 'hold time 240;', undefined],
  ['passive;', 'passive yes;', undefined],
  ['multihop;', 'multihop 64;', undefined],
  ['hold time 240;', 'hold time 9;', 'restart: hold time 240 → 9'],
  ['', 'hold time 9;', 'restart: hold time unset → 9'],
  ['rr client;', '', 'restart: rr client removed'],
  ['', 'rr client;', 'restart: rr client added'],
  ['password "secret";', 'password "other";', 'restart: password changed: the neighbour is lost unless it changes, too'],
  ['', 'password "secret";', 'restart: password added: the neighbour is lost unless it changes, too'],
  ['local as 65001;', 'local as 65009;', 'restart: local as 65001 → 65009: the neighbour is lost unless it changes, too'],
  ['description "a";', 'description "b";', 'update: description "a" → "b"'],
  ['', 'bfd on;', 'update: bfd unset → on'],
  ['hold time 9; description "a";', 'hold time 3; description "b";', 'restart: hold time 9 → 3'],
  ['', 'brand new thing 5;', 'restart: brand new thing unset → 5: what BIRD does then is not known'],
  ['disabled;', '', 'add: enabled'],
  ['', 'disabled; hold time 5;', 'remove: disabled'],
  ['disabled;', 'disabled; hold time 5;', 'update: hold time unset → 5; disabled before and after'],
  ['ipv4;', 'ipv4; ipv6;', 'restart: channel ipv6 added'],
  ['ipv4;', 'ipv4 { import none; };', 'reload: ipv4 import unset → none'],
  ['ipv4 { import none; next hop self; };', 'ipv4 { import all; };', 'reload: ipv4 import none → all; ipv4 next hop self removed'],
  ['ipv4;', 'ipv4 { import limit 10; };', 'update: ipv4 import limit unset → 10'],
  ['ipv4;', 'ipv4 { add paths on; };', 'restart: ipv4 add paths unset → on'],
  ['ipv4;', 'ipv4 { graceful restart off; };', undefined],
  ['graceful restart on; ipv4;', 'graceful restart on; ipv4 { graceful restart off; };', 'restart: ipv4 graceful restart unset → off'],
  [
    'capabilities off; ipv4;',
    'capabilities off; ipv4 { import none; };',
    'restart: ipv4 import unset → none; the neighbour cannot be asked for its routes again',
  ],
  ['import none;', 'import all;', 'reload: import none → all'],
];

for (const [before, after, expected] of sessions) {
  test(`a session: ${before || 'nothing'} becomes ${after || 'nothing'}`, t => {
    t.deepEqual(show(bgp(before), bgp(after)), expected === undefined ? [] : [`tor* ${expected}`]);
  });
}

test('protocols that come and go', t => {
  t.deepEqual(show('protocol bgp a {} protocol static s {}', 'protocol device {} protocol bgp b { disabled; } protocol static s {}'), [
    'device1 add: new',
    'b* add: new, but disabled',
    'a* remove: gone',
  ]);
  t.deepEqual(show('protocol ospf v2 x {}', 'protocol ospf v3 x {}'), ['x* restart: variant v2 → v3']);
});

test('routes of a static protocol', t => {
  const statics = (routes: string) => `protocol static s { ipv4; ${routes} }`;
  t.deepEqual(
    show(
      statics('route 10.0.0.0/24 reject; route 10.0.1.0/24 reject; route 10.0.2.0/24 reject;'),
      statics('route 10.0.1.0/24 unreachable; route 10.0.2.0/24 reject; route 10.0.3.0/24 reject; route 10.0.4.0/24 reject;'),
    ),
    ['s update: routes: 2 added, 1 removed, 1 changed'],
  );
});

test('a definition that changes reloads the channels that use it, through others, too', t => {
  const conf = (prefix: string) => `
    define NETS = [ ${prefix}+ ];
    define OTHER = 5;
    function ours() { return net ~ NETS; }
    filter out { if ours() then accept; reject; }
    protocol bgp a { ipv4 { import none; export filter out; }; }
    protocol bgp b { ipv4 { import where net ~ NETS; export none; }; }
    protocol bgp c { ipv4 { import where OTHER = 5; export all; }; }
    protocol kernel k { ipv4 { export where ours(); }; }`;
  t.deepEqual(show(conf('10.0.0.0/8'), conf('10.0.0.0/9')), [
    'a* reload: ipv4 export: out changed',
    'b* reload: ipv4 import: NETS changed',
    'k reload: ipv4 export: ours changed',
  ]);
  t.deepEqual(show(conf('10.0.0.0/8'), conf('10.0.0.0/8 /* the same */')), []);
});

test('definitions that use each other end', t => {
  const conf = (value: number) =>
    `function f() { return g() + ${value}; } function g() { return f(); } protocol bgp a { ipv4 { import where f() = 1; }; }`;
  t.deepEqual(show(conf(1), conf(2)), ['a* reload: ipv4 import: f changed']);
});

test('a constant that an option is set to counts by its value', t => {
  const conf = (name: string, value: number) => `define ${name} = ${value}; ${bgp(`hold time ${name};`)}`;
  t.deepEqual(show(conf('HOLD', 9), conf('HOLD', 3)), ['tor* restart: hold time 9 → 3']);
  t.deepEqual(show(conf('HOLD', 9), conf('TIME', 9)), []);
});

test('a template that changes is a change of the protocols that use it', t => {
  const conf = (hold: number) => `template bgp t { hold time ${hold}; } protocol bgp a from t {} protocol bgp b from t { hold time 5; }`;
  t.deepEqual(show(conf(9), conf(3)), ['a* restart: hold time 9 → 3']);
});

test('the global router id counts for those that have none of their own', t => {
  const conf = (id: string) =>
    `router id ${id}; protocol bgp a {} protocol bgp b { router id 1.1.1.1; } protocol static s {} protocol ospf o { disabled; }`;
  t.deepEqual(show(conf('10.0.0.1'), conf('10.0.0.2')), [
    'a* restart: global router id 10.0.0.1 → 10.0.0.2',
    'o* update: global router id 10.0.0.1 → 10.0.0.2; disabled before and after',
  ]);
});

const ospf = (inside: string) => `protocol ospf o { area 0 { interface "eth0" { cost 5; ${inside} }; }; }`;

test('OSPF: what both ends must agree on, what they need not, a link more or less', t => {
  t.deepEqual(show(ospf(''), ospf('hello 1;')), [
    'o* restart: area 0 interface "eth0" hello unset → 1: the neighbour is lost unless it changes, too',
  ]);
  t.deepEqual(show(ospf('retransmit 3;'), ospf('retransmit 4;')), ['o* update: area 0 interface "eth0" retransmit 3 → 4']);
  const more = ospf('').replace('}; }; }', '}; interface "eth1", "eth2" { hello 1; password "x"; }; }; }');
  t.deepEqual(show(ospf(''), more), ['o* update: area 0 interface "eth1", "eth2" added']);
  t.deepEqual(show(more, ospf('')), ['o* restart: area 0 interface "eth1", "eth2" removed']);
});
