import anyTest from 'ava';
import {parsePrefix} from '../../src/core/prefix.ts';
import {findBrokenPromises, flat} from '../helpers/ipam.ts';
import {waitFor} from '../helpers/wait.ts';
import {newHost, startPair} from './in-process.ts';

// What a daemon does while it has not been told yet what others have written.

// One etcd at a time.
const test = anyTest.serial;

test('a host is not removed before all is known that it got', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  await b.ledger.sync();
  b.hold();
  // The daemon that removes the host sees its own mark on it at once, and this address only later.
  await a.allocate('x', 'h1');
  let isRemoved = false;
  const removal = b.hosts.remove('h1').then(() => {
    isRemoved = true;
  });
  await waitFor('the host is marked', () => b.ledger.tables.hosts.get('h1')?.value.drained);
  b.letGo();
  await removal;
  t.true(isRemoved);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a name is released with its addresses of both families, known or not', async t => {
  const networks = [
    {name: 'four', cidr: '10.0.0.0/24'},
    {name: 'six', cidr: '2001:db8::/64'},
  ];
  const {etcd, a, b} = await startPair(t, {networks, topologies: [{networks: ['four', 'six'], map: []}]});
  await a.hosts.add(newHost(1));
  await a.allocate('x', 'h1');
  await b.ledger.sync();
  b.hold();
  await a.addresses.allocate({name: 'x', host: 'h1', tenant: 't', segment: '', family: 'ipv6'});
  const release = b.addresses.release('x');
  await waitFor('the late daemon has met the conflict', () => b.refusals > 0);
  b.letGo();
  await release;
  await a.ledger.sync();
  t.is(a.ledger.tables.addresses.size, 0);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a name that was released and given an address again, unknown to the daemon, is released', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  await a.allocate('x', 'h1');
  await b.ledger.sync();
  b.hold();
  await a.addresses.release('x');
  await a.allocate('x', 'h1');
  const release = b.addresses.release('x');
  await waitFor('the late daemon has met the conflict', () => b.refusals > 0);
  b.letGo();
  await release;
  await a.ledger.sync();
  t.is(a.ledger.tables.addresses.size, 0);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a blackout that was taken back, unknown to the daemon, is added again', async t => {
  const {etcd, a, b} = await startPair(t);
  const range = parsePrefix('10.111.0.0/30');
  await a.blackouts.add(range);
  await b.ledger.sync();
  b.hold();
  await a.blackouts.remove(range);
  // To a daemon that still knows the old one there is nothing to do.
  const addition = b.blackouts.add(range);
  await waitFor('the removal has come to the daemon', () => b.held > 0);
  b.letGo();
  await addition;
  await a.ledger.sync();
  t.deepEqual(a.ledger.tables.blackouts.value, [range]);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a topology that leaves many free blocks outside comes to its end', async t => {
  const {etcd, a} = await startPair(t, flat('10.0.0.0/24', {block_mask: 32}));
  await a.hosts.add(newHost(1));
  const names = Array.from({length: 140}, (_, number) => `n${number}`);
  await Promise.all(names.map(name => a.allocate(name, 'h1', name)));
  await Promise.all(names.map(name => a.addresses.release(name)));
  t.is(a.ledger.tables.blocks.size, 140);
  await a.topologies.update(flat('10.0.1.0/24'));
  t.is(a.ledger.tables.blocks.size, 0);
  t.deepEqual(await findBrokenPromises(etcd), []);
});
