import test from 'ava';
import fc from 'fast-check';
import {InputError} from '../../src/core/errors.ts';
import {contains, type Prefix, parsePrefix, subPrefix} from '../../src/core/prefix.ts';
import {parseTopology} from '../../src/core/topology-document.ts';
import {planTopology, type TopologyPlanOptions} from '../../src/core/topology-plan.ts';
import type {LiveHost, LiveSystem} from '../../src/core/topology-plan-live.ts';
import {createStore} from './one-process-store.ts';
import {oneNetwork, rack} from './topology-samples.ts';

// Plans of systems where hosts have prefixes to themselves.

const live = (hosts: readonly LiveHost[], more: Partial<LiveSystem> = {}): LiveSystem => ({
  hosts,
  blocks: [],
  blackouts: [],
  tenants: [],
  misfits: [],
  ...more,
});
const host = (name: string, groups: Record<string, string>, fixed?: string): LiveHost => ({
  name,
  drained: false,
  groups: Object.fromEntries(Object.entries(groups).map(([network, cidr]) => [network, parsePrefix(cidr)])),
  fixed: fixed === undefined ? undefined : parsePrefix(fixed),
});
const planOf = (document: unknown, asked: Omit<TopologyPlanOptions, 'document'>) =>
  planTopology({document: parseTopology(document), ...asked});
const lines = ({networks}: ReturnType<typeof planOf>) =>
  networks.flatMap(({groups}) =>
    groups.map(({cidr, hosts, blocks, addresses, hostsWhenFull, addressesPerHostWhenFull}) => {
      const full = `full at ${hostsWhenFull ?? '-'}, ${addressesPerHostWhenFull ?? '-'} each`;
      return `${cidr}: ${hosts}, ${blocks.used} ${addresses.used} used, ${blocks.free} ${addresses.free} free, ${blocks.reserved} ${addresses.reserved} reserved, ${full}`;
    }),
  );

const flat = oneNetwork('10.5.0.0/24', [{}]);
const shared = (name: string) => host(name, {net: '10.5.0.0/24'});
const f = host('f', {net: '10.5.0.0/25'}, '10.5.0.0/25');

test('what one host has to itself is nothing to the others, however much is left of it', t => {
  const fitting = planOf(flat, {live: live([f, shared('g'), shared('h')]), endpointsPerHost: 64});
  t.deepEqual(fitting.problems, []);
  t.deepEqual(lines(fitting), ['10.5.0.0/24: 3, 24 192 used, 8 64 free, 8 64 reserved, full at 3, 64 each']);
  t.deepEqual(fitting.warnings, [
    'Network net (10.5.0.0/24) would be 100 % full: 16 of 16 blocks beside the own prefix of host f, room for no other host like its 2.',
  ]);

  const plan = planOf(flat, {live: live([f, shared('g'), shared('h'), shared('i')]), endpointsPerHost: 64});
  t.false(plan.fits);
  t.deepEqual(plan.problems, [
    'Network net (10.5.0.0/24) has 16 blocks of /29 beside the own prefix of host f, its 3 other hosts with 64 endpoints each need 24: 64 endpoints get no address.',
  ]);
  t.deepEqual(lines(plan), ['10.5.0.0/24: 4, 24 192 used, 8 64 free, 8 64 reserved, full at 3, 40 each']);
});

test('a host with an own prefix has that alone in its network, though there is room beside it', t => {
  const plan = planOf(flat, {live: live([f]), endpointsPerHost: 130});
  t.deepEqual(plan.problems, [
    'Own prefix 10.5.0.0/25 of host f in network net has 16 blocks of /29, the host with 130 endpoints needs 17: 2 endpoints get no address.',
  ]);
  t.deepEqual(lines(plan), ['10.5.0.0/24: 1, 16 128 used, 16 128 free, 0 0 reserved, full at -, 128 each']);
  t.deepEqual(planOf(flat, {live: live([f]), endpointsPerHost: 128}).warnings, [
    'Own prefix 10.5.0.0/25 of host f would be 100 % full: 16 of 16 blocks.',
  ]);
  const drained = {...f, drained: true};
  t.deepEqual(planOf(flat, {live: live([drained, shared('g')]), endpointsPerHost: 130}).problems, [
    'Network net (10.5.0.0/24) has 16 blocks of /29 beside the own prefix of host f, its 1 other host with 130 endpoints each needs 17: 2 endpoints get no address.',
  ]);
});

test('what finds the own prefix full goes to the other networks of its tenant, as of any host', t => {
  const document = {
    networks: [
      {name: 'net', cidr: '10.5.0.0/24'},
      {name: 'more', cidr: '10.6.0.0/24'},
    ],
    topologies: [{networks: ['net', 'more'], map: []}],
  };
  const both = host('f', {net: '10.5.0.0/25', more: '10.6.0.0/24'}, '10.5.0.0/25');
  const plan = planOf(document, {live: live([both]), endpointsPerHost: 138});
  t.deepEqual(plan.problems, []);
  t.deepEqual(plan.warnings, ['Own prefix 10.5.0.0/25 of host f is full: 10 endpoints must look for an address in another network.']);
  t.deepEqual(
    plan.networks.map(({groups: [root]}) => root?.blocks.used),
    [16n, 2n],
  );
  t.regex(planOf(document, {live: live([both]), endpointsPerHost: 400}).problems.join(), /^Network more \(10\.6\.0\.0\/24\) has 32 blocks/);
});

test('blocks that are there, and blackouts, count where they lie: in the own prefix or beside it', t => {
  const blocks = [
    {cidr: parsePrefix('10.5.0.8/29'), host: 'f', tenant: 't', addresses: 3},
    {cidr: parsePrefix('10.5.0.128/29'), host: 'g', tenant: 't', addresses: 8},
  ];
  const blackouts = ['10.5.0.16/28', '10.5.0.32/30', '10.5.0.192/26'].map(parsePrefix);
  const plan = planOf(flat, {live: live([f, shared('g')], {blocks, blackouts})});
  t.deepEqual(plan.problems, []);
  // Of f: 14 blocks, one of them used; 128 addresses less 8 of that, and 20 that are blacked out.
  t.deepEqual(lines(plan), ['10.5.0.0/24: 2, 2 11 used, 20 161 free, 13 100 reserved, full at 9, 64 each']);
  t.deepEqual(planOf(flat, {live: live([f, shared('g')], {blocks, blackouts}), endpointsPerHost: 65}).problems, [
    'Network net (10.5.0.0/24) has 8 blocks of /29 beside the own prefix of host f, its 1 other host with 65 endpoints each needs 9: 1 endpoint gets no address.',
  ]);
});

test('hosts are not added where own prefixes take up a group, and where no group is left for their labels that is a problem', t => {
  const groups = ['a', 'b'].map(name => ({name, assignment: {r: name}}));
  const whole = live([f]);
  const tagged = planOf(oneNetwork('10.5.0.0/24', groups), {live: whole, hostsPerGroup: 2});
  t.deepEqual(tagged.problems, [
    'Network net has no place for 1 more host with r=a: the own prefix of host f takes up all of a (10.5.0.0/25).',
  ]);
  t.deepEqual(
    tagged.networks[0]?.groups.map(({label, hosts, hostsWhenFull}) => [label, hosts, hostsWhenFull]),
    [
      ['', 3, 17n],
      ['a', 1, 1n],
      ['b', 2, 16n],
    ],
  );
  t.is(tagged.load.hosts, 3);
  t.deepEqual(planOf(oneNetwork('10.5.0.0/24', groups), {live: whole, hostsPerGroup: 1}).problems, []);

  // Any host can go to the other group.
  const anywhere = planOf(oneNetwork('10.5.0.0/24', [{name: 'a'}, {name: 'b'}]), {live: whole, hostsPerGroup: 2});
  t.deepEqual(anywhere.problems, []);
  t.deepEqual(
    anywhere.networks[0]?.groups.map(({hosts}) => hosts),
    [3, 1, 2],
  );

  const halves = [host('f1', {net: '10.5.0.0/25'}, '10.5.0.0/25'), host('f2', {net: '10.5.0.128/25'}, '10.5.0.128/25')];
  t.deepEqual(planOf(flat, {live: live(halves), hostsPerGroup: 4}).problems, [
    'Network net has no place for 2 more hosts: the own prefixes of hosts f1, f2 take up all of 10.5.0.0/24.',
  ]);
});

test('a host that another network asks for is not placed where own prefixes take up everything', t => {
  const document = {
    networks: [
      {name: 'four', cidr: '10.5.0.0/24'},
      {name: 'six', cidr: 'fd00::/64'},
    ],
    topologies: [
      {networks: ['four'], map: []},
      {networks: ['six'], map: [rack('r1'), rack('r2')]},
    ],
  };
  const all = host('f', {four: '10.5.0.0/24', six: 'fd00::/65'}, '10.5.0.0/24');
  const plan = planOf(document, {live: live([all]), hostsPerGroup: 1});
  t.deepEqual(plan.problems, [
    'Network four has no place for 1 more host with rack=r2: the own prefix of host f takes up all of 10.5.0.0/24.',
  ]);
  t.deepEqual(
    plan.networks.map(({groups}) => groups.map(({hosts}) => hosts)),
    [[1], [2, 1, 1]],
  );
});

test('many own prefixes that are too small are one sentence, and so are many that are nearly full', t => {
  const prefixes = Array.from({length: 5}, (_, index) => subPrefix(parsePrefix('10.5.0.0/24'), 28, index));
  const hosts = prefixes.map((cidr, index) => host(`f${index}`, {net: cidr}, cidr));
  t.deepEqual(planOf(flat, {live: live(hosts), endpointsPerHost: 20}).problems, [
    '5 own prefixes of hosts of network net are too small, 20 endpoints get no address. The first: Own prefix 10.5.0.0/28 of host f0 in network net has 2 blocks of /29, the host with 20 endpoints needs 3: 4 endpoints get no address.',
  ]);
  t.deepEqual(planOf(flat, {live: live(hosts), endpointsPerHost: 16}).warnings, [
    '5 of 5 own prefixes of hosts in network net would be at least 80 % full, most of all 10.5.0.0/28 of host f0 with 100 %: 2 of 2 blocks.',
  ]);
});

test('an own prefix that does not fit in the topology is a misfit, and the rest is planned without it', t => {
  const misfits = ['The fixed prefix 10.5.0.0/25 of host f lies in no group then, or is smaller than a block.'];
  const coarse = oneNetwork('10.5.0.0/24', [{}], {block_mask: 24});
  const plan = planOf(coarse, {live: live([{...f, groups: {}}, shared('g')], {misfits}), endpointsPerHost: 64});
  t.deepEqual(plan.problems, misfits);
  t.deepEqual(lines(plan), ['10.5.0.0/24: 1, 1 64 used, 0 192 free, 0 0 reserved, full at 1, 256 each']);
});

test('an own prefix of 2^70 addresses costs no more time than a small one', t => {
  const wide = oneNetwork('2001:db8::/32', [{}, {}]);
  const own = host('f', {net: '2001:db8::/58'}, '2001:db8::/58');
  const plan = planOf(wide, {live: live([own, host('g', {net: '2001:db8::/33'})]), endpointsPerHost: 1_000_000});
  t.deepEqual(plan.problems, []);
  t.is(plan.networks[0]?.groups[0]?.addresses.reserved, 2n ** 70n - 1_000_000n);
});

test('allocation with own prefixes gives what was planned, and refuses as many endpoints as were foreseen', t => {
  const random = fc.record({
    racks: fc.integer({min: 1, max: 3}),
    owned: fc.array(fc.record({at: fc.integer({min: 0, max: 7}), length: fc.integer({min: 25, max: 28})}), {maxLength: 4}),
    hosts: fc.integer({min: 0, max: 4}),
    endpoints: fc.integer({min: 0, max: 80}),
    blackout: fc.option(fc.integer({min: 0, max: 15})),
  });
  let problems = 0;
  fc.assert(
    fc.property(random, ({racks, owned, hosts, endpoints, blackout}) => {
      const network = parsePrefix('10.5.0.0/24');
      const document = oneNetwork(
        network,
        Array.from({length: racks}, (_, index) => rack(`r${index}`)),
      );
      const store = createStore(document);
      const blackouts = blackout === null ? [] : [subPrefix(network, 28, blackout)];
      store.blackOut(blackouts);
      const [tree] = store.trees;
      const leaves = tree === undefined || racks === 1 ? [network] : tree.root.groups.map(({cidr}) => cidr);
      const prefixes: Prefix[] = [];
      for (const {at, length} of owned) {
        const cidr = subPrefix(network, length, at % 2 ** (length - 24));
        const isApart = prefixes.every(other => !contains(other, cidr) && !contains(cidr, other));
        if (!isApart || !leaves.some(leaf => contains(leaf, cidr))) continue;
        store.addHost(`f${prefixes.length}`, {rack: 'r0'}, {fixed: cidr, groups: {net: cidr}});
        prefixes.push(cidr);
      }
      for (let index = 0; index < hosts; index++) {
        const leaf = leaves[index % leaves.length] ?? network;
        store.addHost(`h${index}`, {rack: 'r0'}, {groups: {net: leaf}});
      }

      const plan = planOf(document, {live: live([...store.hosts.values()], {blackouts}), endpointsPerHost: endpoints});
      let refused = 0;
      for (const name of store.hosts.keys()) {
        for (let count = 0; count < endpoints; count++) {
          try {
            store.allocate(name, 't');
          } catch (error) {
            if (!(error instanceof InputError) || error.code !== 'ERR_NO_ADDRESS') throw error;
            refused++;
          }
        }
      }
      // Blocks of which a blackout takes a part count as whole: here it takes whole ones.
      for (const {cidr, blocks, addresses} of plan.networks[0]?.groups ?? []) {
        t.is(Number(blocks.used), [...store.blocks.keys()].filter(block => contains(cidr, block)).length);
        t.is(Number(addresses.used), [...store.addresses.keys()].filter(ip => contains(cidr, ip)).length);
        t.true(blocks.reserved <= blocks.free && addresses.reserved <= addresses.free);
      }
      const lost = plan.problems.map(problem => Number(/([\d,]+) endpoints? gets? no address/.exec(problem)?.[1]?.replace(',', '')));
      t.is(
        lost.reduce((sum, count) => sum + count, 0),
        refused,
      );
      if (refused > 0) problems++;
    }),
    {numRuns: 150},
  );
  t.true(problems > 0);
});
