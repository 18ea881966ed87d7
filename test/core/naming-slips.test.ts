import test from 'ava';
import {parseBirdConfig} from '../../src/core/bird-config/parse.ts';
import {findNamingSlips, findTagsInStaticFile} from '../../src/core/naming-slips.ts';
import {type Prefix, parsePrefix} from '../../src/core/prefix.ts';

const file = '/etc/bird/bird.conf';
const slips = (text: string, networks: readonly string[], allowEmpty = false) =>
  findNamingSlips({after: parseBirdConfig([{path: file, text}], file), networks: networks.map(parsePrefix), settings: {allowEmpty}});

/** The older manual's publisher.conf for BGP, whose text and sample disagree about the static protocol's name. */
const manual = (asked: string) => `protocol static romana_routes {
  route 10.1.0.0/29 reject;
}
protocol bgp tor {
  import none;
  export where proto = "${asked}";
  local as 65534;
  neighbor 192.168.20.1 as 65534;
}
`;

test('an export filter that asks for a protocol by a wrong name is refused, with the right one', t => {
  t.deepEqual(slips(manual('static_bgp'), ['10.1.0.0/29', '10.1.0.8/29']), [
    {
      guard: 'nothing-announced',
      level: 'refuse',
      reason:
        "none of this host's 2 IPv4 prefixes would be announced (10.1.0.0/29, 10.1.0.8/29): the export filter of tor asks for protocol " +
        '"static_bgp", and no protocol is called so; the static protocol with this host\'s prefixes is called "romana_routes"; ' +
        'to allow it, set publish.guards.allowEmpty to true in romana.yaml',
      file,
      line: 6,
    },
  ]);
});

for (const [what, text, networks] of [
  ['the right name', manual('romana_routes'), ['10.1.0.0/29']],
  ['no network yet', manual('static_bgp'), []],
  ['no neighbour', 'protocol static romana { ipv4; route 10.1.0.0/29 reject; }', ['10.1.0.0/29']],
  [
    'no neighbour for the family of the networks',
    `protocol static romana6 { ipv6; } protocol ospf v2 o { ipv4 { export none; }; }`,
    ['2001:db8::/64'],
  ],
  [
    'an aggregate of the networks',
    'protocol static a { route 10.1.0.0/28 reject; } protocol ospf o { export all; area 0 { }; }',
    ['10.1.0.0/29'],
  ],
  ['a filter that nobody can judge', `${manual('x').replace(/export .*;/, 'export filter elsewhere;')}`, ['10.1.0.0/29']],
  [
    'the addresses of interfaces',
    'protocol direct { ipv4; } protocol rip r { ipv4 { export where source = RTS_DEVICE; }; }',
    ['10.1.0.0/29'],
  ],
] as const) {
  test(`nothing is wrong with the names where there is ${what}`, t => {
    t.deepEqual(slips(text, networks), []);
  });
}

test('the switch silences it', t => {
  t.deepEqual(slips(manual('static_bgp'), ['10.1.0.0/29'], true), []);
});

const bgp = (channels: string) => `protocol bgp tor { local as 65000; neighbor 192.168.20.1 as 65000; ${channels} }`;
const both = 'protocol static romana { ipv4; route 10.1.0.0/29 reject; } protocol static romana6 { ipv6; route 2001:db8::/64 reject; }';

for (const [what, text, reason] of [
  [
    'an export of none',
    `${both} ${bgp('ipv4 { export none; };')}`,
    /no neighbour's export lets routes of protocol static "romana" through: tor \("export none"\)/,
  ],
  ['no export at all', `${both} ${bgp('ipv4;')}`, /tor \("export none"\)/],
  ['a pattern', `${both} ${bgp('ipv4 { export where proto ~ "romana_*"; };')}`, /asks for protocol "romana_\*"/],
  ['a name from a constant', `define N = "nobody"; ${both} ${bgp('ipv4 { export where proto = N; };')}`, /asks for protocol "nobody"/],
  [
    'a name in a filter and a function',
    `function f() { return proto = "nobody"; } filter x { if f() then accept; reject; } ${both} ${bgp('ipv4 { export filter x; };')}`,
    /asks for protocol "nobody"/,
  ],
  [
    'a disabled static protocol',
    `${both.replace('ipv4;', 'ipv4; disabled;')} ${bgp('ipv4 { export all; };')}`,
    /holds them, "romana", is disabled/,
  ],
  [
    'routes of others only',
    `protocol static x { ipv4; route 192.0.2.0/24 reject; } ${bgp('ipv4 { export all; };')}`,
    /no static protocol has a route for any/,
  ],
  [
    'a wrong name beside the VIPs, which are heard of',
    `protocol direct romana_vips { ipv4 { import where net ~ [192.0.2.1/32]; }; } ${both} ${bgp('ipv4 { export where proto = "romano" || proto = "romana_vips"; };')}`,
    /asks for protocol "romano"/,
  ],
] as const) {
  test(`nothing would be announced for ${what}`, t => {
    const findings = slips(text, ['10.1.0.0/29']);
    t.is(findings.length, 1);
    t.like(findings[0], {guard: 'nothing-announced', level: 'refuse'});
    t.regex(findings[0]?.reason ?? '', reason);
  });
}

test('one family of two that nobody would hear of is a warning', t => {
  const export6 = (name: string) => bgp(`ipv4 { export where proto = "romana"; }; ipv6 { export where proto = "${name}"; };`);
  const networks: Prefix[] = [parsePrefix('10.1.0.0/29'), parsePrefix('2001:db8::/64')];
  t.deepEqual(slips(`${both} ${export6('romana6')}`, networks), []);
  const findings = slips(`${both} ${export6('romana')}`, networks);
  t.deepEqual(
    findings.map(({level}) => level),
    ['warn'],
  );
  t.regex(findings[0]?.reason ?? '', /this host's only IPv6 prefix would not be announced .* of protocol static "romana6" through/);
  t.deepEqual(slips(`${both} ${bgp('ipv4 { export where proto = "romana"; };')}`, networks), [], 'a session without the family');
});

for (const [name, text, found] of [
  [
    'bird.conf',
    'log syslog all;\n  router id {{NodeIP}};\n',
    {line: 2, column: 13, tag: '{{NodeIP}}', named: 'publisher.conf, for a subnet publisher.conf.192.168.20.0'},
  ],
  [
    'bird.conf.192.168.20.0',
    '{{#each Networks}}\nroute {{this}} reject;\n{{/each}}',
    {line: 1, column: 1, tag: '{{#each Networks}}', named: 'publisher.conf.192.168.20.0'},
  ],
  ['bird.conf', '\n{{range .Networks}}', {line: 2, column: 1, tag: '{{range .Networks}}', named: 'publisher.conf, for a subnet'}],
  ['bird.conf', 'a /* {{b}} */ {{c}}', {line: 1, column: 15, tag: '{{c}}', named: 'publisher.conf'}],
  ['bird.conf', 'a {{{\n  b }}}', {line: 1, column: 3, tag: '{{{ b }}}', named: 'publisher.conf'}],
  ['bird.conf', '# as in {{Networks}}\ndescription "{{x}}";', undefined],
  ['bird.conf', 'filter f {{ accept; }} filter g { if true then { accept; }}', undefined],
  ['bird.conf', '', undefined],
] as const) {
  test(`tags in ${name}: ${JSON.stringify(text)}`, t => {
    const fault = findTagsInStaticFile(`/etc/romana/bird/${name}`, text);
    if (found === undefined) t.is(fault, undefined);
    else {
      t.like(fault, {line: found.line, column: found.column});
      t.true(
        fault?.reason.startsWith(
          `${name} is copied as it is, so that BIRD would read ${found.tag}; a template with tags is named ${found.named}`,
        ),
        fault?.reason,
      );
    }
  });
}
