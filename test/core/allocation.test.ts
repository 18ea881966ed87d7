import test from 'ava';
import fc from 'fast-check';
import {planAllocation, planRelease} from '../../src/core/allocation.ts';
import {treeOf} from '../../src/core/group-tree.ts';
import {isAddressName, isOwnerName} from '../../src/core/names.ts';
import {contains, type Family, overlaps, parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {createReservedSpace} from '../../src/core/reserved-space.ts';
import {createStore} from './one-process-store.ts';
import {anyDocument, oneNetwork, rack} from './topology-samples.ts';

const unreserved = {reserved: createReservedSpace([], []), isResting: () => false};
const flat = (cidr: string, network: Record<string, unknown> = {}) => oneNetwork(cidr, [{}], network);

test('blocks belong to one host, tenant and segment, and are filled from the lowest address', t => {
  const store = createStore(flat('10.111.0.0/16'), ['n1', 'n2']);
  t.is(store.ip('n1', 't1'), '10.111.0.0');
  t.is(store.ip('n1', 't1'), '10.111.0.1');
  t.is(store.ip('n2', 't1'), '10.111.0.8');
  t.is(store.ip('n1', 't2', {name: 'other'}), '10.111.0.16');
  for (const last of [2, 3, 4, 5, 6, 7]) t.is(store.ip('n1', 't1'), `10.111.0.${last}`);
  t.is(store.ip('n1', 't1'), '10.111.0.24');
  store.release('other');
  t.deepEqual<unknown, unknown>(store.index.block(parsePrefix('10.111.0.16/29')), {
    cidr: '10.111.0.16/29',
    host: '',
    tenant: '',
    segment: '',
    freed: {at: 0, from: 'n1'},
  });
  t.is(store.ip('n2', 't9'), '10.111.0.16');
  t.is(store.ip('n2', 't8'), '10.111.0.32');
  t.is(store.ip('n2', 't8', {segment: 'else'}), '10.111.0.40');
});

test('freed low addresses are used before higher ones', t => {
  const store = createStore(flat('10.0.0.0/24'), ['n1']);
  for (const name of ['a', 'b', 'c', 'd']) store.allocate('n1', 't', {name});
  store.release('b');
  store.release('10.0.0.0');
  t.is(store.ip('n1', 't'), '10.0.0.0');
  t.is(store.ip('n1', 't'), '10.0.0.1');
  t.is(store.ip('n1', 't'), '10.0.0.4');
});

test('blocks are reused in the order in which they became free', t => {
  const store = createStore(flat('10.0.0.0/24', {block_mask: 32}), ['n1']);
  for (const name of ['a', 'b', 'c']) store.allocate('n1', 't', {name});
  store.release('c');
  store.release('a');
  t.deepEqual([store.ip('n1', 't'), store.ip('n1', 't'), store.ip('n1', 't')], ['10.0.0.2', '10.0.0.0', '10.0.0.3']);
});

test('a block that became free is reused only inside its group', t => {
  const store = createStore(oneNetwork('10.0.0.0/16', [rack('r1'), rack('r2')]));
  store.addHost('h1', {rack: 'r1'});
  store.addHost('h2', {rack: 'r2'});
  store.allocate('h1', 't', {name: 'a'});
  store.release('a');
  t.is(store.ip('h2', 't'), '10.0.128.0');
  t.is(store.ip('h1', 't'), '10.0.0.0');
});

test('blackouts are skipped address by address', t => {
  const store = createStore(flat('10.0.0.0/24'), ['n1']);
  store.blackOut([parsePrefix('10.0.0.0/30')]);
  const ips = Array.from({length: 5}, () => store.ip('n1', 't'));
  t.deepEqual(ips, ['10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.0.7', '10.0.0.8']);
});

test('a block that is wholly blacked out is never assigned', t => {
  const store = createStore(flat('10.0.0.0/24', {block_mask: 30}), ['n1']);
  store.blackOut(['10.0.0.4/31', '10.0.0.0/30', '10.0.0.6/31', '10.0.0.8/31'].map(parsePrefix));
  t.is(store.ip('n1', 't'), '10.0.0.10');
  t.deepEqual([...store.blocks.keys()], [parsePrefix('10.0.0.8/30')]);
  store.blackOut([]);
  t.deepEqual(
    [store.ip('n1', 't'), store.ip('n1', 't'), store.ip('n1', 't'), store.ip('n1', 't')],
    ['10.0.0.8', '10.0.0.9', '10.0.0.11', '10.0.0.0'],
  );
});

test('a reusable block that has been blacked out since waits', t => {
  const store = createStore(flat('10.0.0.0/24'), ['n1']);
  store.allocate('n1', 't', {name: 'a'});
  store.release('a');
  store.blackOut([parsePrefix('10.0.0.0/28')]);
  t.is(store.ip('n1', 't'), '10.0.0.16');
});

test('every address of a network is handed out, its first and last too', t => {
  for (const [cidr, mask] of [
    ['10.0.0.0/28', 30],
    ['10.0.0.0/28', 28],
    ['10.0.0.0/32', 32],
    ['2001:db8::/124', 126],
  ] as const) {
    const store = createStore(flat(cidr, {block_mask: mask}), ['n1']);
    const size = 2 ** ((cidr.includes(':') ? 128 : 32) - Number(cidr.split('/')[1]));
    const ips = Array.from({length: size}, () => store.ip('n1', 't'));
    t.is(new Set(ips).size, size);
    t.throws(() => store.allocate('n1', 't'), {code: 'ERR_NO_ADDRESS', message: /^No available IP\. Network net: no block is left in /});
  }
});

test('exhausting one group leaves the next one alone', t => {
  const store = createStore(oneNetwork('10.0.0.0/28', [rack('r1'), rack('r2')]));
  store.addHost('h1', {rack: 'r1'});
  for (let count = 0; count < 8; count++) store.allocate('h1', 't');
  t.throws(() => store.allocate('h1', 't'), {code: 'ERR_NO_ADDRESS'});
});

test("a tenant's own networks come first, then those open to everyone", t => {
  const networks = [
    {name: 'open', cidr: '10.1.0.0/16'},
    {name: 'small', cidr: '10.2.0.0/32', tenants: ['web']},
    {name: 'own', cidr: '10.3.0.0/32', tenants: ['db', 'web']},
  ];
  const store = createStore({networks, topologies: [{networks: ['open', 'small', 'own'], map: [{}]}]}, ['n1']);
  t.deepEqual([store.ip('n1', 'web'), store.ip('n1', 'web'), store.ip('n1', 'web')], ['10.2.0.0', '10.3.0.0', '10.1.0.0']);
  t.is(store.ip('n1', 'app'), '10.1.0.8');
});

test('a tenant for whom there is no network is refused', t => {
  const store = createStore(flat('10.0.0.0/24', {tenants: ['web']}), ['n1']);
  t.throws(() => store.allocate('n1', 'x'), {code: 'ERR_CONFLICT', message: 'No networks found for tenant x.'});
  t.throws(() => store.allocate('n1', 'web', {family: 'ipv6'}), {code: 'ERR_CONFLICT', message: 'No ipv6 networks found for tenant web.'});
});

test('a host without a group has no address to give', t => {
  t.throws(() => createStore(flat('10.0.0.0/24')).allocate('nobody', 't'), {
    code: 'ERR_NO_ADDRESS',
    message: 'No available IP. Network net: host nobody has no place in it.',
  });
});

test('a drained host gets no new address', t => {
  const store = createStore(flat('10.0.0.0/24'), ['n1']);
  const {index, trees} = store;
  const host = {name: 'n1', groups: {net: parsePrefix('10.0.0.0/24')}, drained: true};
  const request = {name: 'a', tenant: 't', segment: ''};
  t.throws(() => planAllocation({index, trees, ...unreserved, host, request}), {code: 'ERR_CONFLICT', message: 'Host n1 is drained.'});
});

test('a host that has moved to another group leaves the room in its old blocks unused', t => {
  const store = createStore(oneNetwork('10.0.0.0/16', [{}, {}]), ['n1']);
  t.is(store.ip('n1', 't'), '10.0.0.0');
  const host = {name: 'n1', groups: {net: parsePrefix('10.0.128.0/17')}, drained: false};
  const {ip, claim} = planAllocation({...store, ...unreserved, host, request: {name: 'b', tenant: 't', segment: 's'}});
  t.deepEqual([String(ip), claim], ['10.0.128.0', 'new']);
});

test('a name has one address of each family', t => {
  const networks = [
    {name: 'six', cidr: '2001:db8::/64'},
    {name: 'four', cidr: '10.0.0.0/24'},
  ];
  const store = createStore({networks, topologies: [{networks: ['six', 'four'], map: [{}]}]}, ['n1']);
  t.is(store.ip('n1', 't', {name: 'a'}), '10.0.0.0');
  t.is(store.ip('n1', 't', {name: 'a', family: 'ipv6'}), '2001:db8::');
  t.throws(() => store.allocate('n1', 't', {name: 'a'}), {code: 'ERR_EXISTS', message: 'Address with name a already allocated: 10.0.0.0'});
  t.throws(() => store.allocate('n1', 't', {name: 'a', family: 'ipv6'}), {
    code: 'ERR_EXISTS',
    message: 'Address with name a already allocated: 2001:db8::',
  });
  store.release('a', 'ipv6');
  t.deepEqual([...store.addresses.keys()], [parseAddress('10.0.0.0')]);
  store.allocate('n1', 't', {name: 'a', family: 'ipv6'});
  store.release('a');
  t.is(store.addresses.size, 0);
  t.true([...store.blocks.values()].every(({host}) => host === ''));
});

test('where all networks are IPv6, so is an address without a wish', t => {
  t.is(createStore(flat('2001:db8::/64'), ['n1']).ip('n1', 't'), '2001:db8::');
});

test('what is not known cannot be released', t => {
  const {index} = createStore(flat('10.0.0.0/24'));
  const message = 'An address object with attributes map[name:nope] not found';
  t.throws(() => planRelease(index, 'nope'), {code: 'ERR_NOT_FOUND', message});
  t.throws(() => planRelease(index, '10.0.0.1'), {code: 'ERR_NOT_FOUND'});
});

test('names of addresses are not IPs, names of tenants may be empty', t => {
  for (const name of ['a', 'nginx-7zr5w.default.4a5a22e8', 'k8s:ns/pod_1', 'x'.repeat(253)]) t.true(isAddressName(name), name);
  for (const name of ['', 'a b', '10.0.0.1', '::1', 'é', 'x'.repeat(254), 'a\n']) t.false(isAddressName(name), name);
  for (const name of ['', 'kube-system', 'a_b.c']) t.true(isOwnerName(name), name);
  for (const name of ['*', 'a:b', 'a b', 'a\n']) t.false(isOwnerName(name), name);
});

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('allocate' as const),
      host: fc.nat(5),
      tenant: fc.constantFrom('web', 'db', ''),
      family: fc.constantFrom<Family>('ipv4', 'ipv6'),
    }),
  },
  {weight: 3, arbitrary: fc.record({kind: fc.constant('release' as const), which: fc.nat(1000)})},
  {weight: 1, arbitrary: fc.record({kind: fc.constant('host' as const), zone: fc.constantFrom('a', 'b'), rack: fc.constantFrom('a', 'b')})},
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('blackout' as const),
      cidr: fc.constantFrom('10.16.0.0/30', '10.16.0.8/28', '10.20.0.0/14', '2001:db8::/123').map(parsePrefix),
    }),
  },
);

const tiny = fc.constantFrom<unknown>(
  {
    networks: [
      {name: 'four', cidr: '10.16.0.0/26', block_mask: 30},
      {name: 'six', cidr: '2001:db8::/122', block_mask: 125},
    ],
    topologies: [{networks: ['four', 'six'], map: [{}, {assignment: {zone: 'a'}}, {}]}],
  },
  {networks: [{name: 'four', cidr: '10.16.0.0/28'}], topologies: [{networks: ['four'], map: [{}, {}]}]},
);

test('whatever is allocated and released: no address twice, no block with two owners, all blocks in the group of their host', t => {
  fc.assert(
    fc.property(fc.oneof(tiny, anyDocument), fc.array(step, {maxLength: 120, size: 'max'}), (document, steps) => {
      const store = createStore(document);
      const start = ['a', 'b'].flatMap(zone => ['a', 'b'].map(name => ({kind: 'host' as const, zone, rack: name})));
      for (const action of [...start, ...steps]) {
        const before = new Map(store.addresses);
        try {
          if (action.kind === 'host') store.addHost(`h${store.hosts.size}`, {zone: action.zone, rack: action.rack});
          else if (action.kind === 'release') store.release([...before.keys()][action.which % before.size] ?? 'none');
          else if (action.kind === 'blackout') store.blackOut([action.cidr]);
          else {
            const address = store.allocate(`h${action.host}`, action.tenant, {family: action.family});
            t.false(before.has(address.ip));
            t.true(contains(address.block, address.ip));
            t.false(store.blackouts.some(cidr => contains(cidr, address.ip)));
            const network = treeOf(store.trees, address.ip)?.network.name ?? '';
            const group = store.hosts.get(address.host)?.groups[network];
            t.true(group !== undefined && contains(group, address.block));
          }
        } catch (error) {
          t.regex((error as {code: string}).code, /^ERR_(NO_ADDRESS|CONFLICT|NOT_FOUND)$/, String(error));
        }
        for (const {block, host, tenant, segment} of store.addresses.values()) {
          const owned = store.blocks.get(block);
          t.deepEqual([owned?.host, owned?.tenant, owned?.segment], [host, tenant, segment]);
        }
      }
      const cidrs = [...store.blocks.keys()];
      for (const [index, cidr] of cidrs.entries()) for (const other of cidrs.slice(index + 1)) t.false(overlaps(cidr, other));
      for (const [cidr, {host}] of store.blocks) t.is(host === '', store.index.countIn(cidr) === 0);
    }),
  );
  t.pass();
});
