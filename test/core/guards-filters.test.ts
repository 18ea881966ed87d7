import test from 'ava';
import {createJudge} from '../../src/core/guards/filter-verdict.ts';
import {checkGuards} from '../../src/core/publish-guards.ts';
import {configOf, inputOf, session} from './guards-samples.ts';

const filters = {
  OURS: '{ if proto = "romana" then accept; reject; }',
  named: 'bool b; { b = true; if ours() then { bgp_community.add((65535, 0)); accept; } reject; }',
  ours: '() { return proto = "romana"; }',
  theirs: '(int x; string s) { if x > 1 then return false; return true; }',
  deciding: '() { if net.len > 24 then accept; return false; }',
  inner: '() { return deciding(); }',
  endless: '() { return endless(); }',
};
const globals = {
  'define NAME': '"romana"',
  'define YES': 'true',
  'define ALIAS': 'NAME',
  'define LOOP': 'LOOP',
  'define NETS': '[ 10.1.0.0/16+ ]',
};
const config = configOf([], {filters, globals});

type Answer = 'accepts' | 'rejects' | 'depends';

function answer(text: string, proto: string): Answer {
  const {mayAccept, mayReject} = createJudge(text, config)({proto, source: 'RTS_STATIC'});
  if (mayAccept && mayReject) return 'depends';
  return mayAccept ? 'accepts' : 'rejects';
}

/** What an export option does with routes of the static protocols "romana" and "other". */
const cases: ReadonlyArray<readonly [text: string, romana: Answer, other: Answer]> = [
  ['all', 'accepts', 'accepts'],
  ['none', 'rejects', 'rejects'],
  ['where proto = "romana"', 'accepts', 'rejects'],
  ['where proto="romana"', 'accepts', 'rejects'],
  ['where "romana" = proto', 'accepts', 'rejects'],
  ['where proto != "romana"', 'rejects', 'accepts'],
  ['where proto ~ "rom*"', 'accepts', 'rejects'],
  ['where proto ~ "?????"', 'rejects', 'accepts'],
  ['where proto !~ "rom*"', 'rejects', 'accepts'],
  ['where proto = "ROMANA"', 'rejects', 'rejects'],
  ['where proto = NAME', 'accepts', 'rejects'],
  ['where proto = ALIAS', 'accepts', 'rejects'],
  ['where proto = LOOP', 'depends', 'depends'],
  ['where YES', 'accepts', 'accepts'],
  ['where LOOP', 'depends', 'depends'],
  ['where source = RTS_STATIC', 'accepts', 'accepts'],
  ['where source != RTS_STATIC', 'rejects', 'rejects'],
  ['where source ~ [ RTS_BGP, RTS_OSPF ]', 'rejects', 'rejects'],
  ['where source ~ [ RTS_BGP, RTS_STATIC ]', 'accepts', 'accepts'],
  ['where source ~ [ RTS_DUMMY..RTS_BGP ]', 'depends', 'depends'],
  ['where net ~ NETS', 'depends', 'depends'],
  ['where proto = "romana" && net ~ [ 10.1.0.0/16{24,32} ]', 'depends', 'rejects'],
  ['where proto = "other" || net.len > 24', 'depends', 'accepts'],
  ['where ! (proto = "other" || proto = "third")', 'accepts', 'rejects'],
  ['where !!(proto = "romana")', 'accepts', 'rejects'],
  // From left to right: && does not bind more tightly.
  ['where true || true && false', 'rejects', 'rejects'],
  ['where true || (true && false)', 'accepts', 'accepts'],
  ['where (65535, 0) ~ bgp_community', 'depends', 'depends'],
  ['where ours()', 'accepts', 'rejects'],
  ['where ! ours()', 'rejects', 'accepts'],
  ['where ours() && theirs(2, "x")', 'depends', 'rejects'],
  ['where deciding() && false', 'depends', 'depends'],
  ['where inner() && false', 'depends', 'depends'],
  ['where endless()', 'depends', 'depends'],
  ['where nowhere()', 'depends', 'depends'],
  ['where', 'depends', 'depends'],
  ['where proto =', 'depends', 'depends'],
  ['where proto = "romana" )', 'depends', 'depends'],
  ['filter OURS', 'accepts', 'rejects'],
  ["filter 'OURS'", 'accepts', 'rejects'],
  ['filter named', 'accepts', 'rejects'],
  ['filter elsewhere', 'depends', 'depends'],
  ['filter { accept; }', 'accepts', 'accepts'],
  ['filter { reject "no", proto; }', 'rejects', 'rejects'],
  ['filter { if true then { accept "yes"; } }', 'accepts', 'accepts'],
  ['filter { }', 'rejects', 'rejects'],
  ['filter { if proto != "romana" then reject; ospf_metric2 = 100; accept; }', 'accepts', 'rejects'],
  ['filter { if proto = "romana" then accept; else if net.len > 8 then reject; accept; }', 'accepts', 'depends'],
  ['filter { if proto = "romana" then if source = RTS_BGP then accept; else reject; accept; }', 'rejects', 'accepts'],
  ['filter { print "x", (1, 2); ; if proto = "other" then { } else { accept; } reject; }', 'accepts', 'rejects'],
  ['filter { case source { RTS_STATIC: reject; else: accept; } reject; }', 'depends', 'depends'],
  ['filter { for int i in bgp_path do { if i = 1 then accept; } reject; }', 'depends', 'depends'],
  ['filter { bool b = proto = "romana"; if b then accept; reject; }', 'depends', 'depends'],
  ['filter { if proto = "romana" then { { accept; } } error; }', 'accepts', 'rejects'],
  ['filter { if ! accept; }', 'depends', 'depends'],
  ['filter { accept;', 'depends', 'depends'],
  ['filter { if bgp_path ~ [= * 65000 =] then reject; if proto = "romana" then accept; reject; }', 'depends', 'rejects'],
  ['something', 'depends', 'depends'],
];

for (const [text, romana, other] of cases) {
  test(`export ${text}: ${romana === other ? `${romana} all` : `"romana" ${romana}, "other" ${other}`}`, t => {
    t.is(answer(text, 'romana'), romana);
    t.is(answer(text, 'other'), other);
  });
}

const external = {local: 'as 65000', neighbor: '192.168.20.1 as 65001'};
const openOptions = (
  options: Readonly<Record<string, string>>,
  imported: string | undefined,
  exported: string | undefined,
  channel = 'ipv4',
) => {
  const texts = {...(imported !== undefined && {import: imported}), ...(exported !== undefined && {export: exported})};
  const after = configOf([session('', {options, channels: {[channel]: texts}})], {
    filters,
    globals: {...globals, 'define LAS': '65000', 'define PEER': '65001'},
  });
  return checkGuards(inputOf(after)).map(({guard, level, reason}) => [guard, level, /"(import|export)/.exec(reason)?.[1]]);
};
const warning = (direction: string) => ['open-filter', 'warn', direction];

for (const [options, isExternal] of [
  [external, true],
  [{local: 'as 65000', neighbor: '192.168.20.1 as 65000'}, false],
  [{local: '192.168.20.30 as 65000', neighbor: '192.168.20.1 port 1179 as 65001'}, true],
  [{'local as': '65000', neighbor: '192.168.20.1', 'neighbor as': '65001'}, true],
  [{'local as': '65000', neighbor: '192.168.20.1', 'neighbor as': '65000'}, false],
  [{local: 'as 65000', neighbor: '192.168.20.1 external'}, true],
  [{local: 'as 65000', neighbor: '192.168.20.1 internal'}, false],
  [{local: 'as LAS', neighbor: '192.168.20.1 as 65000'}, false],
  [{local: 'as LAS', neighbor: 'range 192.168.20.0/24 as PEER'}, true],
  [{local: 'as LAS', neighbor: '192.168.20.1 as (LAS)'}, false],
  [{local: 'as LAS', neighbor: '192.168.20.1 as (LAS + 1)'}, true],
  [{neighbor: '192.168.20.1 as 65000'}, false],
  [{neighbor: '192.168.20.1 as 65001'}, true],
  [{local: 'as 65000'}, false],
] as const) {
  test(`a session with ${JSON.stringify(options)} is ${isExternal ? 'external' : 'internal'}`, t => {
    t.deepEqual(openOptions(options, 'all', 'all'), isExternal ? [warning('import'), warning('export')] : []);
  });
}

for (const [imported, exported, directions] of [
  ['none', 'none', []],
  [undefined, undefined, ['import']],
  ['none', undefined, []],
  ['filter { accept; }', 'where true', ['import', 'export']],
  ['where net ~ NETS', 'filter OURS', []],
  ['filter elsewhere', 'none', []],
] as const) {
  test(`an external session with import ${imported}, export ${exported} has ${directions.length} open filters`, t => {
    t.deepEqual(openOptions(external, imported, exported), directions.map(warning));
    t.deepEqual(openOptions(external, imported, exported, ''), directions.map(warning));
  });
}

test('a session without a channel imports all in BIRD 1.6, and nothing in BIRD 2', t => {
  const bare = session('', {options: external, channels: {}});
  t.is(checkGuards(inputOf(configOf([bare]))).length, 1);
  t.is(checkGuards(inputOf(configOf([bare, {name: 'romana', kind: 'static', channels: {ipv4: {}}}]))).length, 0);
});

test('an open filter is named with protocol, channel and place; a disabled session is nobody’s danger', t => {
  const open = session('', {options: external, channels: {ipv6: {import: 'none', export: 'all'}}});
  t.deepEqual(checkGuards(inputOf(configOf([open]))), [
    {
      guard: 'open-filter',
      level: 'warn',
      reason:
        'protocol bgp romana_bgp, channel ipv6, a session with another AS, has "export all": this host announces whatever BIRD knows, what it has ' +
        'learned from others included; name what may pass, or to silence this, set publish.guards.allowOpenFilters to true in romana.yaml',
      file: '/etc/bird/conf.d/publisher.conf',
      line: 1,
    },
  ]);
  t.deepEqual(checkGuards(inputOf(configOf([{...open, isDisabled: true}]))), []);
});

// What a neighbour may hear of also hangs on the way there.

const default4 = {name: 'romana', kind: 'static', file: '/etc/bird/bird.conf', routes: ['0.0.0.0/0']};
for (const [what, protocols, isHeard] of [
  ['another table', [{...default4, channels: {ipv4: {table: 'inner'}}}, session('all')], false],
  ['the same table by its name', [{...default4, channels: {ipv4: {table: 'master4'}}}, session('all')], true],
  [
    'another table with a pipe from it',
    [{...default4, channels: {ipv4: {table: 'inner'}}}, {name: 'p', kind: 'pipe'}, session('all')],
    true,
  ],
  ['a channel that imports nothing', [{...default4, channels: {ipv4: {import: 'none'}}}, session('all')], false],
  ['a neighbour of the other family', [default4, session('', {channels: {ipv6: {export: 'all'}}})], false],
  ['a neighbour with a channel for labels', [default4, session('', {channels: {'ipv4 mpls': {export: 'all'}}})], true],
  ['a kernel protocol', [default4, {name: 'k', kind: 'kernel', channels: {ipv4: {export: 'all'}}}], false],
  ['RIP', [default4, {name: 'r', kind: 'rip', channels: {'': {export: 'all'}}}], true],
  ['a neighbour in the syntax of BIRD 1.6', [default4, session('', {channels: {'': {export: 'all'}}})], true],
  ['one of two neighbours', [default4, session('none'), session('all', {name: 'second'})], true],
] as const) {
  test(`a default route and ${what}: ${isHeard ? 'a neighbour may hear of it' : 'no neighbour hears of it'}`, t => {
    t.deepEqual(
      checkGuards(inputOf(configOf(protocols))).map(({guard}) => guard),
      isHeard ? ['default-route'] : [],
    );
  });
}
