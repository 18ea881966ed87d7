import test from 'ava';
import {networkTrees} from '../../src/core/group-tree.ts';
import {createIpamIndex} from '../../src/core/ipam-index.ts';
import {createPlacer} from '../../src/core/placement.ts';
import {contains, parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import type {Block, Host} from '../../src/core/state.ts';
import {parseTopology} from '../../src/core/topology-document.ts';
import {planTopologyUpdate, type TopologyUpdate} from '../../src/core/topology-update.ts';
import {oneNetwork, rack} from './topology-samples.ts';

interface Given {
  /** Each host with its labels; those that the document lists are there too. */
  readonly hosts?: Readonly<Record<string, Record<string, string>>>;
  readonly fixed?: Readonly<Record<string, string>>;
  /** Each block in use with its host; its first address is in use, with the CIDR as its name. */
  readonly blocks?: Readonly<Record<string, string>>;
  readonly vips?: readonly {readonly name: string; readonly ip: string}[];
}

/** Places the hosts in the first topology, and plans the update to the second. */
function update(
  before: unknown,
  after: unknown,
  {hosts = {}, fixed = {}, blocks = {}, vips = []}: Given = {},
): TopologyUpdate & {at(host: string): object} {
  const trees = networkTrees(parseTopology(before));
  const listed = planTopologyUpdate({
    document: parseTopology(before),
    trees: [],
    hosts: [],
    blocks: [],
    firstAddressIn: () => undefined,
    address: () => undefined,
    vipAt: () => undefined,
  }).hosts;
  const placer = createPlacer({trees, hosts: listed});
  const others = Object.entries(hosts).map(([name, tags], index): Host => {
    const ip = parseAddress(`192.168.1.${index}`);
    const prefix = fixed[name] === undefined ? undefined : parsePrefix(fixed[name]);
    const own = prefix === undefined ? {} : {[trees.find(({network}) => contains(network.cidr, prefix))?.network.name ?? '']: prefix};
    return {name, ip, tags, agentPort: 9604, drained: false, groups: placer.place({name, ip, tags}, own), fixed: prefix};
  });
  const index = createIpamIndex();
  const used = Object.entries(blocks).map(([text, host]): Block => ({cidr: parsePrefix(text), host, tenant: 't', segment: ''}));
  for (const block of used) {
    const ip = parseAddress(block.cidr.split('/')[0] ?? '');
    index.putBlock(block, 1);
    index.putAddress({name: block.cidr, ip, block: block.cidr, host: block.host, tenant: 't', segment: '', allocatedAt: ''});
  }
  const plan = planTopologyUpdate({
    document: parseTopology(after),
    trees,
    hosts: [...listed, ...others],
    blocks: [...used, {cidr: parsePrefix('203.0.113.0/29'), host: '', tenant: '', segment: ''}],
    firstAddressIn: cidr => index.addressesIn(cidr)[0],
    address: ip => index.address(ip),
    vipAt: ip => vips.find(vip => vip.ip === ip),
  });
  return {...plan, at: host => plan.hosts.find(({name}) => name === host)?.groups ?? {}};
}

const two = (first: object, second: object, more: Record<string, unknown> = {}) => oneNetwork('10.0.0.0/16', [first, second], more);
const r1 = rack('r1');
const r2 = rack('r2');

test('renamed networks and groups, other tenants, another block mask: every host stays where it is', t => {
  const after = {
    networks: [{name: 'other', cidr: '10.0.0.0/16', block_mask: 26, tenants: ['web']}],
    topologies: [
      {
        networks: ['other'],
        map: [
          {name: 'x', routing: 'bgp', ...r1},
          {name: 'y', ...r2},
        ],
      },
    ],
  };
  const plan = update(two(r1, r2), after, {hosts: {a: {rack: 'r1'}, b: {rack: 'r2'}}, blocks: {'10.0.0.0/29': 'a', '10.0.128.0/29': 'b'}});
  t.deepEqual(plan.problems, []);
  t.deepEqual<unknown, unknown>([plan.at('a'), plan.at('b')], [{other: '10.0.0.0/17'}, {other: '10.0.128.0/17'}]);
  t.deepEqual([...plan.replaced], ['a', 'b'], 'its network has another name');
  t.deepEqual([...plan.moved], [], 'and the same prefix');
  t.deepEqual([...plan.added], []);
  const same = update(two(r1, r2), two({name: 'x', ...r1}, r2, {block_mask: 30}), {hosts: {a: {rack: 'r1'}}, blocks: {'10.0.0.0/29': 'a'}});
  t.is(same.moved.size, 0);
});

test('a network that comes takes the hosts that fit it; a host that it does not take stays in the others', t => {
  const after = {
    networks: [
      {name: 'net', cidr: '10.0.0.0/16'},
      {name: 'new', cidr: '10.1.0.0/16'},
    ],
    topologies: [
      {networks: ['net'], map: [{}]},
      {networks: ['new'], map: [r1, r1, r2]},
    ],
  };
  const hosts = {a: {rack: 'r1'}, b: {rack: 'r1'}, c: {rack: 'r9'}};
  const plan = update(oneNetwork('10.0.0.0/16', [{}]), after, {hosts});
  t.deepEqual(plan.problems, []);
  t.deepEqual<unknown, unknown>(plan.at('a'), {net: '10.0.0.0/16', new: '10.1.0.0/18'});
  t.deepEqual<unknown, unknown>(plan.at('b'), {net: '10.0.0.0/16', new: '10.1.64.0/18'}, 'fewest hosts first');
  t.deepEqual<unknown, unknown>(plan.at('c'), {net: '10.0.0.0/16'});
  t.deepEqual([...plan.moved], ['a', 'b']);
});

test('groups that take up the padding move nobody; one more than that moves everyone', t => {
  const three = oneNetwork('10.0.0.0/16', [r1, r2, rack('r3')]);
  const given = {hosts: {a: {rack: 'r1'}, b: {rack: 'r3'}}, blocks: {'10.0.0.0/29': 'a', '10.0.128.8/29': 'b'}};
  const four = update(three, oneNetwork('10.0.0.0/16', [r1, r2, rack('r3'), rack('r4')]), given);
  t.deepEqual([four.problems, four.moved.size], [[], 0]);
  const five = update(three, oneNetwork('10.0.0.0/16', [r1, r2, rack('r3'), rack('r4'), rack('r5')]), given);
  t.deepEqual(five.problems, ['Address 10.0.128.8 (10.0.128.8/29) of host b would not fit: its group is 10.0.64.0/19 then.']);
});

test('a group that is split keeps a host whose blocks all lie in one part, and merging two takes both', t => {
  const whole = oneNetwork('10.0.0.0/16', [{}]);
  const halves = two({}, {});
  const fits = update(whole, halves, {
    hosts: {a: {}, b: {}, c: {}},
    blocks: {'10.0.128.0/29': 'a', '10.0.200.0/29': 'a', '10.0.0.0/29': 'b'},
  });
  t.deepEqual(fits.problems, []);
  t.deepEqual<unknown, unknown>(['a', 'b', 'c'].map(fits.at), [{net: '10.0.128.0/17'}, {net: '10.0.0.0/17'}, {net: '10.0.0.0/17'}]);
  const torn = update(whole, halves, {hosts: {a: {}}, blocks: {'10.0.128.0/29': 'a', '10.0.0.8/29': 'a'}});
  t.is(torn.problems.length, 1);
  t.regex(
    torn.problems[0] ?? '',
    /^Address 10\.0\.(0\.8|128\.0) \(\S+\) of host a would not fit: its group is 10\.0\.(0|128)\.0\/17 then\.$/,
  );
  const merged = update(halves, whole, {hosts: {a: {}, b: {}}, blocks: {'10.0.0.0/29': 'a', '10.0.128.0/29': 'b'}});
  t.deepEqual(merged.problems, []);
  t.deepEqual<unknown, unknown>([merged.at('a'), merged.at('b')], [{net: '10.0.0.0/16'}, {net: '10.0.0.0/16'}]);
});

test('a block that would lie across two groups, or in room that no group has, does not fit', t => {
  const whole = oneNetwork('10.0.0.0/24', [{}], {block_mask: 25});
  const quarters = oneNetwork('10.0.0.0/24', [{}, {}, {}], {block_mask: 29});
  const across = update(whole, quarters, {hosts: {a: {}}, blocks: {'10.0.0.0/25': 'a'}});
  t.deepEqual(across.problems, ['Address 10.0.0.0 (10.0.0.0/25) of host a would not fit: its group is 10.0.0.0/26 then.']);
  const padding = update(oneNetwork('10.0.0.0/24', [{}]), quarters, {hosts: {a: {}}, blocks: {'10.0.0.192/29': 'a'}});
  t.regex(padding.problems.join(), /^Address 10\.0\.0\.192 /);
});

test('what does not fit is named by its lowest address, network by network, before anything else', t => {
  const networks = [
    {name: 'one', cidr: '10.1.0.0/16'},
    {name: 'two', cidr: '10.0.0.0/16'},
  ];
  const before = {networks, topologies: [{networks: ['one', 'two'], map: [{}]}]};
  const after = {networks: [{name: 'x', cidr: '10.9.0.0/16'}], topologies: [{networks: ['x'], map: [r1]}]};
  const blocks = {'10.1.0.8/29': 'a', '10.1.0.0/29': 'b', '10.0.0.16/29': 'b', '10.0.0.128/29': 'a'};
  t.deepEqual(update(before, after, {hosts: {a: {}, b: {}}, blocks}).problems, [
    'Address 10.0.0.16 (10.0.0.16/29) of host b would not fit: it lies in no network then.',
    'Address 10.1.0.0 (10.1.0.0/29) of host b would not fit: it lies in no network then.',
    'No suitable groups to add host 192.168.1.0 (a) to.',
    'No suitable groups to add host 192.168.1.1 (b) to.',
  ]);
  const unmapped = {networks, topologies: [{networks: ['one'], map: [{}]}]};
  t.deepEqual(update(before, unmapped, {hosts: {b: {}}, blocks: {'10.0.0.16/29': 'b'}}).problems, [
    'Address 10.0.0.16 (10.0.0.16/29) of host b would not fit: it lies in no network then.',
  ]);
  const lost = {
    networks,
    topologies: [
      {networks: ['one'], map: [{}]},
      {networks: ['two'], map: [r1]},
    ],
  };
  t.deepEqual(update(before, lost, {hosts: {b: {}}, blocks: {'10.0.0.16/29': 'b'}}).problems, [
    'Address 10.0.0.16 (10.0.0.16/29) of host b would not fit: network two has no group for it.',
  ]);
});

test('a host whose labels a group does not take any more moves, if it has no addresses there', t => {
  const hosts = {a: {rack: 'r1'}};
  const swapped = two(r2, r1);
  t.deepEqual<unknown, unknown>(update(two(r1, r2), swapped, {hosts}).at('a'), {net: '10.0.128.0/17'});
  t.deepEqual(update(two(r1, r2), swapped, {hosts, blocks: {'10.0.0.0/29': 'a'}}).problems, [
    'Address 10.0.0.0 (10.0.0.0/29) of host a would not fit: its group is 10.0.128.0/17 then.',
  ]);
});

test('a host that a document has put where its labels do not matter stays there when a later one does not list it', t => {
  const listing = two({...r1, groups: [{name: 'a', ip: '192.168.9.1'}]}, r2);
  const plain = {networks: [{name: 'renamed', cidr: '10.0.0.0/16'}], topologies: [{networks: ['renamed'], map: [r1, r2]}]};
  const plan = update(listing, plain, {blocks: {'10.0.0.0/29': 'a'}});
  t.deepEqual(plan.problems, []);
  t.deepEqual<unknown, unknown>(plan.at('a'), {renamed: '10.0.0.0/17'});
  const elsewhere = two(r1, {...r2, groups: [{name: 'a', ip: '192.168.9.1'}]});
  t.deepEqual<unknown, unknown>(update(listing, elsewhere).at('a'), {net: '10.0.128.0/17'}, 'another list moves it');
  t.regex(
    update(listing, elsewhere, {blocks: {'10.0.0.0/29': 'a'}}).problems.join(),
    /^Address 10\.0\.0\.0 .* its group is 10\.0\.128\.0\/17 then/,
  );
});

test('hosts that a document lists must agree with those that are there', t => {
  const whole = oneNetwork('10.0.0.0/16', [{}]);
  const listing = (name: string, ip: string) => oneNetwork('10.0.0.0/16', [{groups: [{name, ip}]}]);
  const hosts = {a: {}, b: {}};
  t.deepEqual(update(whole, listing('a', '192.168.1.9'), {hosts}).problems, [
    'Host a is there already, with IP 192.168.1.0 and not 192.168.1.9.',
  ]);
  t.deepEqual(update(whole, listing('c', '192.168.1.1'), {hosts}).problems, ['IP 192.168.1.1 of host c belongs to host b already.']);
  t.deepEqual(update(whole, listing('c', '192.168.1.9'), {hosts, vips: [{name: 'web', ip: '192.168.1.9'}]}).problems, [
    'IP 192.168.1.9 of host c is in use: it is that of VIP web.',
  ]);
  const plan = update(whole, listing('c', '192.168.1.9'), {hosts, vips: [{name: 'web', ip: '192.168.1.8'}]});
  t.deepEqual([plan.problems, [...plan.added], [...plan.moved]], [[], ['c'], []]);
});

test('a fixed prefix is kept while it lies in one group that has room for a block in it', t => {
  const given = {hosts: {a: {}, b: {}}, fixed: {a: '10.0.0.0/20'}, blocks: {'10.0.0.8/29': 'a', '10.0.64.0/29': 'b'}};
  const whole = oneNetwork('10.0.0.0/16', [{}]);
  for (const [after, groups] of [
    [two({}, {}), {net: '10.0.0.0/20'}],
    [oneNetwork('10.0.0.0/8', [{}]), {net: '10.0.0.0/20'}],
    [
      {networks: [{name: 'other', cidr: '10.0.0.0/16', block_mask: 20}], topologies: [{networks: ['other'], map: [{}]}]},
      {other: '10.0.0.0/20'},
    ],
  ] as const) {
    const plan = update(whole, after, given);
    t.deepEqual(plan.problems, []);
    t.deepEqual<unknown, unknown>(plan.at('a'), groups);
  }
  const lost = 'The fixed prefix 10.0.0.0/20 of host a lies in no group then, or is smaller than a block.';
  const tooSmall = oneNetwork('10.0.0.0/16', [{}], {block_mask: 19});
  const inPieces = oneNetwork(
    '10.0.0.0/16',
    Array.from({length: 32}, () => ({})),
  );
  const alone = {hosts: {a: {}}, fixed: {a: '10.0.0.0/20'}};
  for (const after of [tooSmall, inPieces, oneNetwork('10.0.0.0/21', [{}]), oneNetwork('10.1.0.0/16', [{}])]) {
    t.deepEqual(update(whole, after, alone).problems, [lost]);
  }
  t.is(
    update(whole, oneNetwork('10.1.0.0/16', [{}]), given).problems[0],
    'Address 10.0.0.8 (10.0.0.8/29) of host a would not fit: it lies in no network then.',
  );
});

test('nobody is put into a group that is wholly the fixed prefix of others', t => {
  const plan = update(oneNetwork('10.0.0.0/16', [{}]), two({}, {}), {
    hosts: {a: {}, b: {}, c: {}, d: {}},
    fixed: {a: '10.0.0.0/18', b: '10.0.64.0/18'},
  });
  t.deepEqual(plan.problems, []);
  t.deepEqual<unknown, unknown>(['a', 'b', 'c', 'd'].map(plan.at), [
    {net: '10.0.0.0/18'},
    {net: '10.0.64.0/18'},
    {net: '10.0.128.0/17'},
    {net: '10.0.128.0/17'},
  ]);
  const full = update(oneNetwork('10.0.0.0/16', [{}]), oneNetwork('10.0.0.0/17', [{}]), {hosts: {a: {}, c: {}}, fixed: {a: '10.0.0.0/17'}});
  t.deepEqual(full.problems, ['No suitable groups to add host 192.168.1.1 (c) to.']);
});

test('IPv6 networks are changed like those of IPv4', t => {
  const before = oneNetwork('2001:db8::/48', [{}]);
  const given = {hosts: {a: {}, b: {}}, blocks: {'2001:db8::/122': 'a', '2001:db8:0:ffff::/122': 'b'}};
  const split = update(before, oneNetwork('2001:db8::/48', [{}, {}, {}]), given);
  t.regex(split.problems.join(), /^Address 2001:db8:0:ffff:: \(\S+\) of host b would not fit: /, 'the fourth quarter is in no group');
  const wider = update(before, oneNetwork('2001:db8::/32', [{}]), given);
  t.deepEqual(wider.problems, []);
  t.deepEqual<unknown, unknown>(wider.at('b'), {net: '2001:db8::/32'});
});
