import anyTest from 'ava';
import {parsePrefix} from '../../src/core/prefix.ts';
import {findBrokenPromises, flat} from '../helpers/ipam.ts';
import {waitFor} from '../helpers/wait.ts';
import {type InProcessDaemon, newHost, startPair} from './in-process.ts';

// What a daemon does while it has not been told yet what others have written.

// One etcd at a time.
const test = anyTest.serial;

/** Releases a name on a daemon whose watch is held back until it has met the conflict. */
async function releaseLate(daemon: InProcessDaemon, name: string): Promise<void> {
  const release = daemon.addresses.release(name);
  await waitFor('the late daemon has met the conflict', () => daemon.refusals > 0);
  daemon.letGo();
  await release;
}

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
  await releaseLate(b, 'x');
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
  await releaseLate(b, 'x');
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

test('a daemon shows at once what it has done, while its watch is silent, lost, and when it lists anew', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  await a.allocate('old', 'h1');
  await a.ledger.sync();
  a.hold();
  const shows = (...names: readonly string[]) => {
    const {tables, index} = a.ledger;
    t.deepEqual(
      names.map(name => index.addressesNamed(name).length),
      names.map(() => 1),
    );
    t.deepEqual([...tables.addresses.values()].map(({value}) => value.name).sort(), [...names].sort());
    t.deepEqual(index.addressesNamed('old'), []);
  };
  await a.allocate('x', 'h1');
  await a.hosts.add(newHost(2));
  await a.allocate('y', 'h2');
  await a.addresses.release('old');
  t.true(a.held > 0);
  shows('x', 'y');
  t.true(a.ledger.tables.hosts.has('h2'));

  // The listing is of a moment before the last of it.
  const {revision} = await etcd.dump();
  a.beforeList = async () => {
    a.beforeList = async () => undefined;
    await a.allocate('during', 'h2');
  };
  a.loseWatch();
  await waitFor('it has listed again', () => a.ledger.revision >= revision);
  shows('x', 'y', 'during');
  // What the old watch had yet to tell is void.
  a.letGo();
  shows('x', 'y', 'during');
  await b.addresses.release('x');
  await a.ledger.sync();
  shows('y', 'during');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('nothing is refused for what is no longer so, and nothing is found that is gone', async t => {
  const {etcd, a, b} = await startPair(t, flat('10.0.0.0/31', {block_mask: 32}));
  await a.hosts.add(newHost(1));
  for (const name of ['x', 'y']) await a.allocate(name, 'h1');
  await b.ledger.sync();
  const late = async <Result>(ask: () => Promise<Result>) => {
    const asked = ask();
    await waitFor('it is in doubt', () => b.held > 0);
    b.letGo();
    return asked;
  };
  b.hold();
  await a.addresses.release('x');
  t.is(await late(() => b.allocate('x', 'h1')), '10.0.0.0', 'neither "already allocated" nor "no available IP"');
  b.hold();
  await a.hosts.add(newHost(2));
  await t.throwsAsync(
    late(() => b.allocate('z', 'h2')),
    {code: 'ERR_NO_ADDRESS'},
  );
  b.hold();
  await a.hosts.remove('h2');
  await late(() => b.hosts.add(newHost(2)));
  b.hold();
  await a.addresses.release('x');
  await a.addresses.release('y');
  await a.allocate('z', 'h2');
  await late(() => b.addresses.release('z'));
  b.hold();
  await a.hosts.patch('h2', {drained: true});
  await a.hosts.patch('h2', {drained: false});
  await a.hosts.remove('h1');
  t.is(await late(() => b.allocate('w', 'h2')), '10.0.0.1');
  t.deepEqual(await findBrokenPromises(etcd), []);
});
