import test from 'ava';
import {planAllocation, planRelease} from '../../src/core/allocation.ts';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {createReservedSpace} from '../../src/core/reserved-space.ts';
import type {Block} from '../../src/core/state.ts';
import {createStore} from './one-process-store.ts';
import {oneNetwork, rack} from './topology-samples.ts';

// Which block an address comes from, where several could give it.

const flat = (cidr: string, network: Record<string, unknown> = {}) => oneNetwork(cidr, [{}], network);

function networks(
  ...list: readonly (readonly [name: string, cidr: string, tenants?: readonly string[], map?: readonly unknown[]])[]
): unknown {
  return {
    networks: list.map(([name, cidr, tenants]) => ({name, cidr, ...(tenants && {tenants})})),
    topologies: list.map(([name, , , map]) => ({networks: [name], map: map ?? [{}]})),
  };
}

test('own blocks are filled in the order in which they were claimed, before any free one', t => {
  const store = createStore(flat('10.0.0.0/24', {block_mask: 31}), ['n1', 'n2']);
  store.allocate('n2', 't', {name: 'free'});
  store.release('free');
  store.allocate('n1', 't', {name: 'a'});
  for (const name of ['b', 'c', 'd', 'e', 'f']) store.allocate('n1', 't', {name});
  t.deepEqual([...store.addresses.keys()].map(String), ['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5']);
  store.allocate('n2', 'u', {name: 'other'});
  store.release('other');
  for (const name of ['e', 'd', 'a']) store.release(name);
  t.deepEqual(
    [1, 2, 3, 4].map(() => store.ip('n1', 't')),
    ['10.0.0.0', '10.0.0.3', '10.0.0.4', '10.0.0.6'],
    'its own, then the one that another has left',
  );
});

test('a tenant’s networks come in the order of the document, and the open ones after them, each as long as it has room', t => {
  const store = createStore(
    networks(['o1', '10.1.0.0/31'], ['t2', '10.2.0.0/31', ['other', 't']], ['o2', '10.3.0.0/31'], ['t1', '10.4.0.0/31', ['t']]),
    ['n1', 'n2'],
  );
  const ips = Array.from({length: 8}, () => store.ip('n1', 't'));
  t.deepEqual(ips, ['10.2.0.0', '10.2.0.1', '10.4.0.0', '10.4.0.1', '10.1.0.0', '10.1.0.1', '10.3.0.0', '10.3.0.1']);
  t.throws(() => store.allocate('n1', 't'), {
    code: 'ERR_NO_ADDRESS',
    message: ['t2', 't1', 'o1', 'o2'].reduce(
      (text, name, index) => `${text} Network ${name}: no block is left in 10.${[2, 4, 1, 3][index]}.0.0/31, where host n1 has its place.`,
      'No available IP.',
    ),
  });
  store.release('10.4.0.1');
  t.is(store.ip('n1', 't'), '10.4.0.1');
  t.throws(() => store.allocate('n2', 'other'), {code: 'ERR_NO_ADDRESS'}, 'blocks are not shared');
});

test('a network in which the host has no place is passed over', t => {
  const store = createStore(networks(['racks', '10.1.0.0/16', ['t'], [rack('r1')]], ['open', '10.2.0.0/16']));
  store.addHost('in', {rack: 'r1'});
  store.addHost('out', {rack: 'r2'});
  t.deepEqual([store.ip('in', 't'), store.ip('out', 't')], ['10.1.0.0', '10.2.0.0']);
});

test('without a wish an address is of IPv4 wherever any network that may be used is', t => {
  const store = createStore(networks(['own', '2001:db8::/64', ['t']], ['open', '10.0.0.0/24']), ['n1']);
  t.is(store.ip('n1', 't'), '10.0.0.0');
  t.is(store.ip('n1', 't', {family: 'ipv6'}), '2001:db8::');
  const six = createStore(networks(['own', '2001:db8::/64', ['t']], ['other', '10.0.0.0/24', ['u']]), ['n1']);
  t.is(six.ip('n1', 't'), '2001:db8::');
  t.throws(() => six.allocate('n1', 't', {family: 'ipv4'}), {code: 'ERR_CONFLICT', message: 'No ipv4 networks found for tenant t.'});
});

test('the two families of one name have blocks of their own, which are freed apart or together', t => {
  const store = createStore(networks(['four', '10.0.0.0/24'], ['six', '2001:db8::/64']), ['n1', 'n2']);
  for (const name of ['a', 'b']) for (const family of ['ipv4', 'ipv6'] as const) store.allocate('n1', 't', {name, family});
  t.deepEqual([...store.blocks.keys()], ['10.0.0.0/29', '2001:db8::/122'].map(parsePrefix));
  store.release('2001:db8::');
  t.deepEqual(
    store.index.addressesNamed('a').map(({ip}) => ip),
    [parseAddress('10.0.0.0')],
  );
  store.release('b');
  t.deepEqual(
    [...store.blocks.values()].map(({cidr, host}) => [String(cidr), host]),
    [
      ['10.0.0.0/29', 'n1'],
      ['2001:db8::/122', ''],
    ],
  );
  t.is(store.ip('n2', 'u', {family: 'ipv6'}), '2001:db8::');
  t.throws(() => planRelease(store.index, 'a', 'ipv6'), {code: 'ERR_NOT_FOUND'});
});

test('a free block is given out only to the host that had it, until it has rested; a new one is found meanwhile', t => {
  const store = createStore(flat('10.0.0.0/28', {block_mask: 30}), ['n1', 'n2']);
  store.allocate('n1', 't', {name: 'a'});
  store.release('a');
  store.resting.add(parsePrefix('10.0.0.0/30'));
  t.is(store.ip('n2', 't'), '10.0.0.4');
  t.is(store.ip('n1', 'u', {name: 'b'}), '10.0.0.0', 'whoever the tenant is');
  store.release('b');
  for (const tenant of ['v', 'w']) store.allocate('n2', tenant);
  t.throws(() => store.allocate('n2', 'x'), {code: 'ERR_NO_ADDRESS'});
  store.resting.clear();
  t.is(store.ip('n2', 'x'), '10.0.0.0');
});

test('a thousand resting blocks are not looked at one by one', t => {
  const store = createStore(flat('10.0.0.0/16'), ['n1']);
  const {trees, index} = store;
  const block = (n: number, from: string): Block => {
    return {cidr: parsePrefix(`10.0.${n >> 5}.${(n & 31) * 8}/29`), host: '', tenant: '', segment: '', freed: {at: n, from}};
  };
  for (let n = 999; n >= 0; n--) index.putBlock(block(n, n === 500 ? 'n1' : 'n2'), 1000 - n);
  let asked = 0;
  const plan = (restingFrom: number, name = 'n1') => {
    asked = 0;
    const isResting = ({freed}: Block) => {
      asked += 1;
      return freed !== undefined && freed.at >= restingFrom;
    };
    const host = {name, groups: {net: parsePrefix('10.0.0.0/16')}, drained: false};
    const {ip, claim} = planAllocation({
      trees,
      index,
      host,
      reserved: createReservedSpace([], []),
      isResting,
      request: {name: 'x', tenant: 't', segment: ''},
    });
    return [String(ip), claim];
  };
  t.deepEqual(plan(0), ['10.0.15.160', 'reused'], 'the one that it had itself');
  t.true(asked <= 3, String(asked));
  t.deepEqual(plan(0, 'n3'), ['10.0.31.64', 'new']);
  t.true(asked <= 3, String(asked));
  t.deepEqual(plan(1, 'n3'), ['10.0.0.0', 'reused'], 'the one that has been free for longest');
  index.deleteBlock(parsePrefix('10.0.0.0/29'));
  index.putBlock({cidr: parsePrefix('10.0.0.0/29'), host: 'n9', tenant: 't', segment: ''}, 2000);
  index.putBlock(block(500, 'n2'), 2001);
  t.deepEqual(plan(1), ['10.0.31.64', 'new'], 'had by another since');
});

test('a block of another size, from before the mask was changed, is reused as it is', t => {
  const store = createStore(flat('10.0.0.0/24', {block_mask: 28}), ['n1', 'n2']);
  store.index.putBlock({cidr: parsePrefix('10.0.0.0/30'), host: '', tenant: '', segment: ''}, 1);
  store.index.putBlock({cidr: parsePrefix('10.0.0.32/27'), host: '', tenant: '', segment: ''}, 2);
  const claimed = ['a', 'b', 'c', 'd'].map(tenant => String(store.allocate('n1', tenant).block));
  t.deepEqual(claimed, ['10.0.0.0/30', '10.0.0.32/27', '10.0.0.16/28', '10.0.0.64/28'], 'and no new one over them');
});

test('space is searched from the start of the group, in IPv6 with blackouts of any size, in no more steps than there are ranges', t => {
  const store = createStore(flat('2001:db8::/32'), ['n1']);
  store.blackOut(['2001:db8::/33', '2001:db8:8000::/64', '2001:db8:8000:1::/122', '2001:db8:8000:1::40/123'].map(parsePrefix));
  t.is(store.ip('n1', 't'), '2001:db8:8000:1::60');
  store.blackOut(['2001:db8::/33', '2001:db8:8000::/34', '2001:db8:c000::/34'].map(parsePrefix));
  t.throws(() => store.allocate('n1', 'u'), {code: 'ERR_NO_ADDRESS'});
});
