import test from 'ava';
import fc from 'fast-check';
import {desiredNeighbourRoutes} from '../../src/core/desired-neighbour-routes.ts';
import {leaves, networkTrees} from '../../src/core/group-tree.ts';
import {createPlacer} from '../../src/core/placement.ts';
import {contains, familyOf, joinPrefixes, type Prefix, parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {parseTopology} from '../../src/core/topology-document.ts';
import {planTopology} from '../../src/core/topology-plan.ts';
import {planHosts} from '../../src/core/topology-plan-hosts.ts';
import type {Amount, GroupPlan, NetworkPlan} from '../../src/core/topology-plan-model.ts';
import {createStore} from './one-process-store.ts';
import {anyDocument, oneNetwork, rack} from './topology-samples.ts';

const counts = fc.record({
  hostsPerGroup: fc.integer({min: 0, max: 300}),
  endpointsPerHost: fc.integer({min: 0, max: 3000}),
  more: fc.integer({min: 0, max: 5}),
});
const anyPlan = fc.record({document: anyDocument, counts}).map(({document: given, counts: {more, ...asked}}) => {
  const document = parseTopology(given);
  const kinds = planTopology({document}).load.tenants.length;
  return {document, asked, plan: planTopology({document, ...asked, ...(more > 0 && {ownersPerHost: kinds + more})})};
});

/** A group with the groups that it is divided into. */
function withChildren({groups}: NetworkPlan): {group: GroupPlan; children: GroupPlan[]}[] {
  return groups.map((group, index) => {
    const end = groups.findIndex((other, rank) => rank > index && other.depth <= group.depth);
    const below = groups.slice(index + 1, end === -1 ? undefined : end);
    return {group, children: below.filter(({depth}) => depth === group.depth + 1)};
  });
}

const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n);

test('used and free are the capacity, and a group is its parts and the padding', t => {
  fc.assert(
    fc.property(anyPlan, ({plan}) => {
      for (const {group, children} of plan.networks.flatMap(withChildren)) {
        for (const kind of ['blocks', 'addresses'] as const) {
          const {capacity, used, free, blackedOut, padding} = group[kind];
          t.is(used + free + blackedOut, capacity);
          t.true(used >= 0n && free >= 0n);
          t.is(
            children.length === 0 ? padding : padding + sum(children.map(child => child[kind].capacity - child[kind].padding)),
            children.length === 0 ? 0n : capacity,
          );
          if (children.length > 0) t.is(sum(children.map(child => child[kind].used)), used);
        }
        t.is(group.children, children.length);
        t.is(group.room === undefined, children.length === 0);
        if (children.length > 0)
          t.is(
            children.reduce((total, {hosts}) => total + hosts, 0),
            group.hosts,
          );
      }
    }),
  );
  t.pass();
});

test('every leaf has as many hosts as were asked for, and every endpoint has an address or is part of a problem', t => {
  fc.assert(
    fc.property(anyPlan, ({plan, asked}) => {
      for (const {network, groups} of plan.networks) {
        const size = groups[0] === undefined ? 1n : groups[0].addresses.capacity / groups[0].blocks.capacity;
        for (const group of groups.filter(({isLeaf}) => isLeaf)) {
          const isUnreachable = plan.warnings.some(warning => warning.startsWith(`No host can get to group ${group.path} (${group.cidr})`));
          t.true(isUnreachable || group.hosts >= asked.hostsPerGroup, network.name);
          t.true(group.neededBlocks >= group.blocks.used);
          t.true(group.addresses.used <= group.blocks.used * size);
          const isFull = group.neededBlocks > group.blocks.used;
          t.true(!isFull || group.blocks.free === 0n);
        }
      }
      // Each of the two mapped networks of these documents is the only one of its family for its tenants.
      const given = plan.networks.map(({groups}) => groups[0]?.addresses.used ?? 0n);
      const inBoth = BigInt(plan.load.hosts) * BigInt(asked.endpointsPerHost);
      if (plan.fits) t.true(given.every(used => used <= inBoth));
      else t.true(plan.networks.some(({groups}) => groups.some(({neededBlocks, blocks}) => neededBlocks > blocks.used)));
    }),
  );
  t.pass();
});

test('a flat topology never carries fewer routes, at no router', t => {
  fc.assert(
    fc.property(anyPlan, ({plan}) => {
      for (const {topology, flat} of Object.values(plan.routes)) {
        t.true(flat.spine >= topology.spine, 'spine');
        t.true(flat.tor.blocks >= topology.tor.blocks, 'ToR');
        t.true(flat.tor.aggregate.most >= topology.tor.aggregate.most, 'ToR, joined');
        t.true(flat.vpc >= topology.vpc, 'VPC');
        t.true((flat.core ?? 0n) >= (topology.core ?? 0n), 'core');
        t.true(topology.spine >= (topology.core ?? 0n), 'spine and core');
        for (const {kernel, announced} of [topology.host, flat.host]) {
          t.true(kernel.aggregate.least <= kernel.aggregate.most && kernel.aggregate.most <= kernel.blocks, 'kernel');
          t.true(announced.aggregate.least <= announced.aggregate.most && announced.aggregate.most <= announced.blocks, 'announced');
        }
      }
    }),
  );
  t.pass();
});

test('hosts without labels go where placement puts them, one after the other', t => {
  const unlabelled = anyDocument.map(document =>
    parseTopology(JSON.parse(JSON.stringify(document), (key, value) => (key === 'assignment' ? {} : value))),
  );
  fc.assert(
    fc.property(unlabelled, fc.integer({min: 0, max: 9}), (document, hostsPerGroup) => {
      const trees = networkTrees(document);
      const {sets} = planHosts({trees, known: [], hostsPerGroup, isTaken: () => false});
      const total = sets.reduce((hosts, {count}) => hosts + count, 0);
      const placer = createPlacer({trees, hosts: []});
      const placed = Array.from({length: total}, (_, index) =>
        Object.values(placer.place({name: `h${index}`, ip: parseAddress('1.1.1.1'), tags: {}})),
      );
      for (const tree of trees) {
        for (const leaf of leaves(tree)) {
          const planned = sets.filter(set => set.leaves.get(tree) === leaf).reduce((hosts, {count}) => hosts + count, 0);
          t.is(planned, placed.filter(groups => groups.includes(leaf.cidr)).length);
        }
      }
    }),
  );
  t.pass();
});

const amount = ({used}: Amount) => Number(used);

test('allocation uses what was planned, whatever the order, and its routes are as many as were foreseen', t => {
  const random = fc.record({
    racks: fc.integer({min: 2, max: 5}),
    hosts: fc.integer({min: 1, max: 4}),
    endpoints: fc.integer({min: 1, max: 30}),
    owners: fc.integer({min: 1, max: 4}),
    order: fc.array(fc.double({min: 0, max: 1, noNaN: true}), {minLength: 600, maxLength: 600}),
  });
  fc.assert(
    fc.property(random, ({racks, hosts, endpoints, owners, order}) => {
      const document = oneNetwork(
        '10.0.0.0/18',
        Array.from({length: racks}, (_, index) => rack(`r${index}`)),
      );
      const plan = planTopology({
        document: parseTopology(document),
        hostsPerGroup: hosts,
        endpointsPerHost: endpoints,
        ownersPerHost: owners,
      });
      t.deepEqual(plan.problems, []);

      const store = createStore(document);
      const names = Array.from({length: racks * hosts}, (_, index) => `h${index}`);
      for (const [index, name] of names.entries()) store.addHost(name, {rack: `r${index % racks}`});
      const requests = names.flatMap(host => Array.from({length: endpoints}, (_, index) => ({host, segment: `s${index % owners}`})));
      const shuffled = requests.map((request, index) => ({...request, rank: order[index] ?? 0})).sort((a, b) => a.rank - b.rank);
      for (const {host, segment} of shuffled) store.allocate(host, 't', {segment});

      const blocksOf = (host: string) => store.index.blocksOfHost(host).map(({cidr}) => cidr);
      for (const {cidr, blocks, addresses} of plan.networks[0]?.groups ?? []) {
        t.is([...store.blocks.keys()].filter(block => contains(cidr, block)).length, amount(blocks));
        t.is([...store.addresses.values()].filter(({block}) => contains(cidr, block)).length, amount(addresses));
      }
      const counts = plan.routes.ipv4?.topology;
      if (counts === undefined) return t.fail();
      const isWithin = (actual: number, {least, most}: {least: bigint; most: bigint}) =>
        t.true(actual >= least && actual <= most, `${actual} in ${least}-${most}`);
      const most = (values: readonly number[]) => Math.max(...values);
      t.is(most(names.map(host => blocksOf(host).length)), Number(counts.host.announced.blocks));
      isWithin(most(names.map(host => joinPrefixes(blocksOf(host)).length)), counts.host.announced.aggregate);
      t.is(new Set([...store.hosts.values()].map(({groups}) => groups['net'])).size, Number(counts.vpc));
      const kernelRoutes = (self: string, aggregate: boolean) => {
        const neighbours = [...store.hosts.values()].filter(({groups}) => groups['net'] === store.hosts.get(self)?.groups['net']);
        return desiredNeighbourRoutes(neighbourState(self, aggregate, store, new Map(neighbours.map(host => [host.name, host])))).length;
      };
      t.is(most(names.map(name => kernelRoutes(name, false))), Number(counts.host.kernel.blocks));
      isWithin(most(names.map(name => kernelRoutes(name, true))), counts.host.kernel.aggregate);
    }),
    {numRuns: 60},
  );
});

type Store = ReturnType<typeof createStore>;

/** The state of a host whose neighbours are all on its segment. */
function neighbourState(
  self: string,
  aggregate: boolean,
  {trees, blocks, addresses}: Store,
  hosts: Store['hosts'],
): Parameters<typeof desiredNeighbourRoutes>[0] {
  return {
    self: {name: self, addresses: []},
    settings: {routes: {enabled: true, table: 10, multihop: false, aggregate}} as Parameters<typeof desiredNeighbourRoutes>[0]['settings'],
    state: {revision: 1, trees, hosts, blocks, addresses, hostAddresses: new Map(), vips: new Map(), vipHolders: new Map()},
    mainRoutes: [{to: parsePrefix('192.168.0.0/16'), dev: 'eth0', metric: 0}],
    interfaces: [],
    kernelSettings: {values: new Map(), learnsRoutes: new Set()},
    templates: [],
    drain: 'none',
  };
}

test('what runs is counted as it is: planned from the blocks of a store, every group has what lies in it', t => {
  const random = fc.record({document: anyDocument, order: fc.array(fc.integer({min: 0, max: 7}), {maxLength: 80})});
  fc.assert(
    fc.property(random, ({document, order}) => {
      const store = createStore(document);
      const known = parseTopology(document);
      for (let index = 0; index < 8; index++) {
        try {
          store.addHost(`h${index}`, {zone: index % 2 === 0 ? 'a' : 'b', rack: index % 3 === 0 ? 'a' : 'b'});
        } catch {
          // No group takes it.
        }
      }
      for (const host of order) {
        for (const tenant of ['web', 'other']) {
          try {
            store.allocate(`h${host}`, tenant);
          } catch {
            // No network, or no group for this host.
          }
        }
      }
      const blocks = [...store.blocks.values()].map(({cidr, host, tenant}) => ({cidr, host, tenant, addresses: store.index.countIn(cidr)}));
      const plan = planTopology({
        document: known,
        live: {hosts: [...store.hosts.values()], blocks, blackouts: [], tenants: [], misfits: []},
      });
      t.deepEqual(plan.problems, []);
      for (const group of plan.networks.flatMap(({groups}) => groups)) {
        const inside = blocks.filter(({cidr}) => contains(group.cidr, cidr));
        t.is(amount(group.blocks), inside.length);
        t.is(
          amount(group.addresses),
          inside.reduce((total, {addresses}) => total + addresses, 0),
        );
      }
      const own = (family: string) =>
        [...store.hosts.keys()].map(name =>
          blocks.filter(({cidr, host}) => host === name && familyOf(cidr) === family).map(({cidr}) => cidr),
        );
      for (const [family, {topology}] of Object.entries(plan.routes)) {
        const joined = own(family).map((cidrs: Prefix[]) => joinPrefixes(cidrs).length);
        t.is(Math.max(0, ...own(family).map(cidrs => cidrs.length)), Number(topology.host.announced.blocks));
        t.is(Math.max(0, ...joined), Number(topology.host.announced.aggregate.most));
        t.is(topology.host.announced.aggregate.least, topology.host.announced.aggregate.most);
      }
    }),
  );
  t.pass();
});
