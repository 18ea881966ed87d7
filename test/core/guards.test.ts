import test from 'ava';
import fc from 'fast-check';
import type {GuardSettings} from '../../src/core/node-state.ts';
import {type Prefix, parsePrefix} from '../../src/core/prefix.ts';
import {checkGuards, type GuardName} from '../../src/core/publish-guards.ts';
import {
  blocks,
  configOf,
  everythingAllowed,
  guardsAgainst,
  inputOf,
  publisherPath,
  session,
  statics,
  strictGuards,
} from './guards-samples.ts';

const only = (guard: GuardName, input: Parameters<typeof checkGuards>[0]) => checkGuards(input).filter(finding => finding.guard === guard);

// empty

for (const [text, networks, guards] of [
  ['', ['10.1.0.0/29'], ['empty']],
  ['# a header\n\n  # and more\n', ['10.1.0.0/29'], ['empty']],
  ['/* protocol static\n romana {} */ # end', ['10.1.0.0/29'], ['empty']],
  ['# a header\n', [], []],
  ['router id 10.0.0.1;', ['10.1.0.0/29'], []],
  ['/* a */ router id 10.0.0.1;', ['10.1.0.0/29'], []],
  [`#${' #'.repeat(50_000)}`, ['10.1.0.0/29'], ['empty']],
] as const) {
  test(`a publisher.conf of ${JSON.stringify(text.slice(0, 40))} for ${networks.length} networks is ${guards.length > 0 ? 'refused' : 'taken'}`, t => {
    const input = inputOf(configOf([]), {publisher: {path: publisherPath, text}, networks: networks.map(parsePrefix)});
    t.deepEqual(guardsAgainst(input), [...guards]);
  });
}

test('an empty publisher.conf is refused for what BIRD announces still, and taken once that is released', t => {
  const input = inputOf(configOf([session()]), {
    before: configOf([statics(['10.1.0.0/29']), session()]),
    publisher: {path: publisherPath, text: '# nothing'},
  });
  t.deepEqual(guardsAgainst(input), ['empty', 'withdraw']);
  t.deepEqual(guardsAgainst({...input, released: () => true}), []);
});

test('an empty publisher.conf is taken where bird.conf goes on announcing what it did', t => {
  const config = configOf([statics(['10.1.0.0/29'], {file: '/etc/bird/bird.conf'}), session()]);
  t.deepEqual(guardsAgainst(inputOf(config, {before: config, publisher: {path: publisherPath, text: ''}})), []);
});

test('an empty publisher.conf names what the host should announce, and the switch', t => {
  const input = inputOf(configOf([]), {
    publisher: {path: publisherPath, text: ''},
    networks: blocks(8),
    vips: [parsePrefix('10.9.9.9/32')],
  });
  t.deepEqual(checkGuards(input), [
    {
      guard: 'empty',
      level: 'refuse',
      reason:
        'publisher.conf renders to nothing that BIRD would read, but this host has 9 prefixes to announce: 10.1.0.0/29, 10.1.0.8/29, ' +
        '10.1.0.16/29, 10.1.0.24/29, 10.1.0.32/29 and 4 more; to allow it, set publish.guards.allowEmpty to true in romana.yaml',
      file: publisherPath,
      line: 1,
    },
  ]);
});

// withdraw

const withdrawal = (before: readonly string[], after: readonly string[], more: Partial<Parameters<typeof checkGuards>[0]> = {}) =>
  inputOf(configOf([statics(after), session()]), {before: configOf([statics(before), session()]), ...more});

const texts = (count: number): string[] => blocks(count);

for (const [what, before, after, isRefused] of [
  ['one of two goes', texts(2), texts(1), false],
  ['two of three go', texts(3), texts(1), true],
  ['all go', texts(1), [], true],
  ['nothing was there', [], texts(3), false],
  ['two become the block that covers them', ['10.1.0.0/29', '10.1.0.8/29'], ['10.1.0.0/28'], false],
  ['one becomes its two halves', ['10.1.0.0/28'], ['10.1.0.8/29', '10.1.0.0/29'], false],
  ['one becomes one half', ['10.1.0.0/28'], ['10.1.0.8/29'], true],
  ['one becomes a half, and the other half was there before', ['10.1.0.0/28', '10.1.0.0/29'], ['10.1.0.8/29', '10.1.0.0/29'], false],
  ['all become the group', texts(40), ['10.1.0.0/16'], false],
  ['all become a default route', texts(40), ['0.0.0.0/0'], true],
  ['an IPv6 block goes', ['2001:db8:1::/122'], ['10.1.0.0/29'], true],
  ['IPv6 blocks become one', ['2001:db8:1::/122', '2001:db8:1::40/122'], ['2001:db8:1::/121'], false],
] as const) {
  test(`withdrawing at most half: ${what}`, t => {
    const settings = {...strictGuards, allowDefaultRoute: true};
    t.deepEqual(guardsAgainst(withdrawal(before, after, {settings})), isRefused ? ['withdraw'] : []);
  });
}

test('what the store has released does not count as withdrawn, not even as a part of an aggregate', t => {
  const released = (prefix: Prefix) => prefix === '10.1.0.8/29';
  t.deepEqual(guardsAgainst(withdrawal(['10.1.0.8/29'], [], {released})), []);
  t.deepEqual(guardsAgainst(withdrawal(['10.1.0.0/28'], ['10.1.0.0/29'], {released})), []);
  t.deepEqual(guardsAgainst(withdrawal(['10.1.0.0/28'], ['10.1.0.8/29'], {released})), ['withdraw']);
});

test('withdrawn prefixes are counted and named, with the percentage that would let them go', t => {
  const [finding] = checkGuards(withdrawal(texts(1000), texts(400)));
  t.like(finding, {guard: 'withdraw', level: 'refuse', file: publisherPath});
  t.is(
    finding?.reason,
    '600 of 1000 announced prefixes (60 %) would be withdrawn at once, and the store has released none of them: 10.1.12.128/29, ' +
      '10.1.12.136/29, 10.1.12.144/29, 10.1.12.152/29, 10.1.12.160/29 and 595 more; at most 50 % may go: ' +
      'to allow it, set publish.guards.maxWithdrawPercent to 60 in romana.yaml',
  );
  t.deepEqual(checkGuards(withdrawal(texts(1000), texts(400), {settings: {...strictGuards, maxWithdrawPercent: 60}})), []);
});

test('routes that stay, but that no export lets through any more, are withdrawn too', t => {
  const before = configOf([statics(texts(3)), session()]);
  const closed = checkGuards(inputOf(configOf([statics(texts(3)), session('none')]), {before}));
  t.regex(closed[0]?.reason ?? '', /3 of 3 .*their routes are still there, but no neighbour's export lets them through/);
  const disabled = only('withdraw', inputOf(configOf([statics(texts(3)), session(undefined, {isDisabled: true})]), {before}));
  t.regex(disabled[0]?.reason ?? '', /their routes are still there, but there is no neighbour to announce them to/);
});

test('routes that nobody heard of may go', t => {
  const before = configOf([
    statics(texts(3)),
    statics(texts(3), {name: 'inner', file: '/etc/bird/bird.conf'}),
    session('where proto = "other"'),
  ]);
  t.deepEqual(guardsAgainst(inputOf(configOf([session()]), {before})), []);
});

test('a prefix that moves to another protocol, or stands in two, is not withdrawn', t => {
  const before = configOf([statics(texts(3)), statics(texts(3), {name: 'second'}), session('all')]);
  t.deepEqual(guardsAgainst(inputOf(configOf([statics(texts(3), {name: 'third'}), session('all')]), {before})), []);
});

// peers

test('losing every session is refused, and says which were there', t => {
  const before = configOf([session(), {name: 'tor2', kind: 'ospf', variant: 'v2'}]);
  t.deepEqual(checkGuards(inputOf(configOf([]), {before})), [
    {
      guard: 'peers',
      level: 'refuse',
      reason:
        'the host would lose all 2 protocols with neighbours: romana_bgp (bgp), tor2 (ospf); the new configuration has no protocol bgp, ospf, rip ' +
        'or babel; to allow it, set publish.guards.allowNoPeers to true in romana.yaml',
      file: publisherPath,
    },
  ]);
});

for (const [what, before, after, isRefused] of [
  ['one is disabled', [session()], [session(undefined, {isDisabled: true})], true],
  ['one of two goes', [session(), session(undefined, {name: 'b'})], [session()], false],
  ['BGP becomes OSPF', [session()], [{name: 'o', kind: 'ospf'}], false],
  ['RIP becomes Babel', [{name: 'o', kind: 'rip'}], [{name: 'o', kind: 'babel'}], false],
  ['only BFD is left', [session()], [{name: 'b', kind: 'bfd'}], true],
  ['there was only a disabled one', [session(undefined, {isDisabled: true})], [], false],
] as const) {
  test(`sessions: ${what}`, t => {
    t.deepEqual(guardsAgainst(inputOf(configOf(after), {before: configOf(before)})), isRefused ? ['peers'] : []);
  });
}

// foreign

for (const [what, routes, more, isRefused] of [
  ['a block of the group', ['10.1.3.0/29'], {}, false],
  ['the group itself', ['10.1.0.0/16'], {}, false],
  ['more than the group', ['10.0.0.0/15'], {}, true],
  ['another prefix', ['192.0.2.0/24'], {}, true],
  ['another prefix of IPv6', ['2001:db8:2::/64'], {}, true],
  ['a network outside of the groups', ['10.9.0.0/29'], {networks: ['10.9.0.0/29']}, false],
  ['a part of a network', ['10.9.0.4/30'], {networks: ['10.9.0.0/29']}, false],
  ['two networks joined', ['10.9.0.0/28'], {networks: ['10.9.0.0/29', '10.9.0.8/29']}, false],
  ['two networks and a gap joined', ['10.9.0.0/27'], {networks: ['10.9.0.0/29', '10.9.0.8/29', '10.9.0.24/29']}, true],
  ['a VIP', ['10.9.0.1/32'], {vips: ['10.9.0.1/32']}, false],
  ['a default route, which has a guard of its own', ['0.0.0.0/0'], {}, false],
] as const) {
  test(`publisher.conf announces ${what}: ${isRefused ? 'refused' : 'taken'}`, t => {
    const {networks = [], vips = []}: {networks?: readonly string[]; vips?: readonly string[]} = more;
    const input = inputOf(configOf([statics(routes), session()]), {networks: networks.map(parsePrefix), vips: vips.map(parsePrefix)});
    t.deepEqual(
      only('foreign', input).map(({guard}) => guard),
      isRefused ? ['foreign'] : [],
    );
  });
}

test('foreign routes are counted and named with their lines; the first gives the place', t => {
  const after = configOf([statics(['10.1.0.0/29', '192.0.2.0/24', '198.51.100.0/24']), session()]);
  t.deepEqual(checkGuards(inputOf(after, {vips: [parsePrefix('10.9.9.9/32')]})), [
    {
      guard: 'foreign',
      level: 'refuse',
      reason:
        "2 static routes outside this host's groups, networks and VIPs would be announced: 192.0.2.0/24 (line 3), 198.51.100.0/24 (line 4); " +
        'the host has 10.1.0.0/16, 2001:db8:1::/48, 10.9.9.9/32; to allow it, set publish.guards.allowForeign to true in romana.yaml',
      file: publisherPath,
      line: 3,
    },
  ]);
});

test("foreign routes that no neighbour hears of, or that stand in bird.conf, are the operator's own business", t => {
  const foreign = ['192.0.2.0/24'];
  t.deepEqual(guardsAgainst(inputOf(configOf([statics(foreign, {name: 'inner'}), session()]))), []);
  t.deepEqual(guardsAgainst(inputOf(configOf([statics(foreign, {isDisabled: true}), session()]))), []);
  t.deepEqual(guardsAgainst(inputOf(configOf([statics(foreign), session('none')]))), []);
  t.deepEqual(guardsAgainst(inputOf(configOf([statics(foreign, {file: '/etc/bird/bird.conf'}), session()]))), []);
});

// default route

for (const [what, prefix, exported, isRefused] of [
  ['a default route', '0.0.0.0/0', 'where proto = "romana"', true],
  ['a default route of IPv6', '::/0', 'where proto = "romana"', true],
  ['nothing', '0.0.0.0/0', 'none', false],
  ['all but a default route', '0.0.0.0/0', 'where proto = "romana" && net != 0.0.0.0/0', false],
  ['long prefixes', '::/0', 'where net.len >= 48', false],
  ['what is in a set', '0.0.0.0/0', 'where net ~ [ 10.1.0.0/16+ ]', false],
  ['what is in a set with it', '0.0.0.0/0', 'where net ~ [ 10.1.0.0/16+, 0.0.0.0/0 ]', true],
  ['what is around a prefix', '0.0.0.0/0', 'where net ~ [ 10.1.0.0/16- ]', true],
  ['what an unknown filter lets through', '0.0.0.0/0', 'filter elsewhere', true],
] as const) {
  test(`a static default route where neighbours hear of ${what}: ${isRefused ? 'refused' : 'taken'}`, t => {
    const protocols = [statics([prefix], {file: '/etc/bird/bird.conf'}), session(exported)];
    t.deepEqual(guardsAgainst(inputOf(configOf(protocols))), isRefused ? ['default-route'] : []);
  });
}

test('a default route is named with its protocol and place', t => {
  const after = configOf([statics(['10.0.0.0/8', '0.0.0.0/0'], {file: '/etc/bird/bird.conf'}), session()]);
  t.deepEqual(checkGuards(inputOf(after)), [
    {
      guard: 'default-route',
      level: 'refuse',
      reason:
        'a default route may be announced to neighbours, who would then send this host their traffic: 0.0.0.0/0 of protocol static romana ' +
        "(/etc/bird/bird.conf:3); no neighbour's export refuses it; to allow it, set publish.guards.allowDefaultRoute to true in romana.yaml",
      file: '/etc/bird/bird.conf',
      line: 3,
    },
  ]);
});

// all together

const everyDanger = inputOf(
  configOf([
    statics(['192.0.2.0/24', '0.0.0.0/0']),
    session('all', {isDisabled: false, options: {neighbor: '192.168.20.1 as 65001'}, channels: {ipv4: {import: 'all', export: 'all'}}}),
  ]),
  {before: configOf([statics(texts(4)), session()]), publisher: {path: publisherPath, text: ''}, networks: blocks(4)},
);
const noPeers = {...everyDanger, after: configOf([])};

test('each danger is found by its own guard, those that stop everything first', t => {
  t.deepEqual(guardsAgainst(everyDanger), ['empty', 'withdraw', 'default-route', 'foreign', 'open-filter']);
  t.deepEqual(guardsAgainst(noPeers), ['empty', 'peers', 'withdraw']);
});

for (const [guard, key] of [
  ['empty', 'allowEmpty'],
  ['withdraw', 'maxWithdrawPercent'],
  ['peers', 'allowNoPeers'],
  ['foreign', 'allowForeign'],
  ['default-route', 'allowDefaultRoute'],
  ['open-filter', 'allowOpenFilters'],
] as const satisfies ReadonlyArray<readonly [GuardName, keyof GuardSettings]>) {
  test(`publish.guards.${key} silences the guard ${guard} and no other, and every refusal of it says so`, t => {
    let found = 0;
    for (const input of [everyDanger, noPeers]) {
      const settings = {...input.settings, [key]: everythingAllowed[key]};
      const findings = checkGuards(input);
      t.deepEqual(
        checkGuards({...input, settings}),
        findings.filter(finding => finding.guard !== guard),
      );
      for (const {reason} of findings.filter(finding => finding.guard === guard)) {
        found += 1;
        t.true(reason.includes(`publish.guards.${key}`), reason);
      }
    }
    t.true(found > 0);
  });
}

test('with every switch on the side that lets pass nothing is refused', t => {
  for (const input of [everyDanger, noPeers]) t.deepEqual(checkGuards({...input, settings: everythingAllowed}), []);
});

const somePrefixes = fc.uniqueArray(fc.constantFrom(...blocks(64)), {maxLength: 20});
const someExport = fc.constantFrom('all', 'none', 'where proto = "romana"', 'where proto = "other"', 'filter elsewhere');

test('a configuration that changes in nothing is never refused for what it withdraws', t => {
  fc.assert(
    fc.property(somePrefixes, someExport, (prefixes, exported) => {
      const config = () => configOf([statics(prefixes), session(exported)]);
      return t.deepEqual(checkGuards(inputOf(config(), {before: config(), networks: prefixes})), []);
    }),
  );
});

test('the order of routes does not matter', t => {
  fc.assert(
    fc.property(somePrefixes, somePrefixes, fc.nat(100), fc.infiniteStream(fc.nat()), (before, after, percent, order) => {
      const shuffled = <Item>(items: readonly Item[]) =>
        items
          .map(item => [order.next().value, item] as const)
          .toSorted(([a], [b]) => a - b)
          .map(([, item]) => item);
      const settings = {...strictGuards, maxWithdrawPercent: percent};
      const guards = (old: Prefix[], current: Prefix[]) => guardsAgainst(withdrawal(old, current, {settings}));
      return t.deepEqual(guards(shuffled(before), shuffled(after)), guards(before, after));
    }),
  );
});
