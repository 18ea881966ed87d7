import anyTest from 'ava';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {createCollector} from '../../src/ipam/collector.ts';
import type {Operation} from '../../src/store/store.ts';
import {silentLogger} from '../../src/system/log.ts';
import type {TestEtcd} from '../helpers/etcd.ts';
import {findBrokenPromises, flat} from '../helpers/ipam.ts';
import {waitFor} from '../helpers/wait.ts';
import {newHost, startInProcess, startPair} from './in-process.ts';

// What has lost its owner, put into etcd by hand.

// One etcd at a time.
const test = anyTest.serial;

const ip = parseAddress('10.111.9.0');
const block = parsePrefix('10.111.9.0/29');

async function write(etcd: TestEtcd, ...operations: readonly Operation[]): Promise<void> {
  await etcd.openStore().commit({conditions: [], operations});
}

function blockOf(etcd: TestEtcd, host: string): Operation {
  return {put: etcd.keys.block(block), value: JSON.stringify({cidr: block, host, tenant: 't', segment: ''})};
}

/** An address of a host, with its name and its block. */
function addressOf(etcd: TestEtcd, host: string): Operation[] {
  const address = {name: 'x', ip, block, host, tenant: 't', segment: '', allocatedAt: '2026-01-01T00:00:00.000Z'};
  return [blockOf(etcd, host), {put: etcd.keys.address(ip), value: JSON.stringify(address)}, {put: etcd.keys.name('x', 'ipv4'), value: ip}];
}

async function keysWith(etcd: TestEtcd, part: RegExp): Promise<string[]> {
  const {entries} = await etcd.dump();
  return entries.map(({key}) => key).filter(key => part.test(key));
}

test('an address and its block whose host is gone are taken back at the second look, and it is told', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  await a.allocate('kept', 'h1');
  await write(etcd, ...addressOf(etcd, 'gone'));
  t.true((await findBrokenPromises(etcd)).length > 0);
  t.is(await a.collector.collect(), 0, 'the first look only notes it');
  t.is(await b.collector.collect(), 0, 'and a look of another daemon is not the second');
  t.is(await a.collector.collect(), 1);
  t.deepEqual(a.warnings, [{what: 'address 10.111.9.0 (x) of host gone'}]);
  t.like(a.ledger.tables.blocks.get(block)?.value, {host: '', freed: {from: 'gone'}});
  t.is(await a.collector.collect(), 0);
  t.is(await b.collector.collect(), 0);
  t.deepEqual(b.warnings, []);
  t.deepEqual(await findBrokenPromises(etcd), []);
  t.is(a.ledger.tables.addresses.size, 1);

  await write(etcd, blockOf(etcd, 'gone'));
  t.is(await a.collector.collect(), 0);
  t.is(await a.collector.collect(), 1);
  t.deepEqual(a.warnings.at(-1), {what: 'block 10.111.9.0/29 of host gone'});
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('what changes between two looks, or has an owner again, is left alone', async t => {
  const {etcd, a, b} = await startPair(t);
  await write(etcd, ...addressOf(etcd, 'h1'));
  t.is(await a.collector.collect(), 0);
  await write(etcd, ...addressOf(etcd, 'h1'));
  t.is(await a.collector.collect(), 0, 'written again');
  // In the very moment in which it is about to be taken.
  a.beforeCommit = async () => {
    a.beforeCommit = async () => undefined;
    await b.hosts.add(newHost(1));
  };
  t.is(await a.collector.collect(), 0, 'its host has come');
  t.deepEqual(a.warnings, []);
  t.deepEqual(await findBrokenPromises(etcd), []);
  t.is(await b.allocate('y', 'h1'), '10.111.9.1');
});

test('two daemons that collect in the same moment do not get in each other’s way', async t => {
  const {etcd, a, b} = await startPair(t);
  const far = 2 ** 40;
  const placements = Array.from({length: 5}, (_, n) => {
    return {put: etcd.keys.placement(far, `n${n}`), value: JSON.stringify({host: `n${n}`, generation: far, groups: {}})};
  });
  await write(etcd, ...addressOf(etcd, 'gone'), ...placements);
  for (const daemon of [a, b]) await daemon.collector.collect();
  const counts = await Promise.all([a.collector.collect(), b.collector.collect()]);
  t.is((counts[0] ?? 0) + (counts[1] ?? 0), 6, 'each is taken once');
  t.is(a.warnings.length + b.warnings.length, 6);
  t.deepEqual(await keysWith(etcd, /placements/), []);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a host that is there and cannot be seen, or read, keeps its addresses; the rest is collected', async t => {
  const {etcd, a} = await startPair(t);
  for (const number of [1, 2, 3]) await a.hosts.add(newHost(number));
  for (const number of [1, 2]) await a.allocate(`x${number}`, `h${number}`);
  const generation = a.ledger.tables.topology?.value.generation ?? 0;
  await write(etcd, {delete: etcd.keys.placement(generation, 'h1')}, {put: etcd.keys.placement(generation, 'h3'), value: '{'});
  await write(etcd, {put: etcd.keys.host('h2'), value: '{"a newer version": "knows it"}'}, ...addressOf(etcd, 'gone'));
  // A daemon that has never seen them as they were.
  const c = await startInProcess(t, etcd, 'c');
  t.deepEqual([...c.ledger.tables.hosts.keys()], []);
  for (const count of [0, 1, 0, 0]) t.is(await c.collector.collect(), count);
  t.deepEqual(
    c.warnings.filter(warning => 'what' in warning),
    [{what: 'address 10.111.9.0 (x) of host gone'}],
  );
  t.is(c.refusals, 0, 'and does not even try to take the others');
  t.is(c.ledger.tables.addresses.size, 2);
  t.is((await keysWith(etcd, /\/hosts\//)).length, 3);
  await c.hosts.add(newHost(1));
  t.is(await c.allocate('y', 'h1'), '10.111.0.1', 'added again, it has them back');
});

test('without a topology that can be read nothing is collected', async t => {
  const {etcd, a} = await startPair(t);
  for (const number of [1, 2]) await a.hosts.add(newHost(number));
  for (const name of ['x', 'y']) await a.allocate(name, 'h1', name);
  await a.addresses.release('y');
  const before = await keysWith(etcd, /blocks|addresses|names|hosts|placements/);
  for (const operation of [{put: etcd.keys.topology, value: '{"document": "of a newer version"}'}, {delete: etcd.keys.topology}]) {
    await write(etcd, operation);
    const other = await startInProcess(t, etcd, 'put' in operation ? 'c' : 'd');
    for (let look = 0; look < 4; look++) t.is(await other.collector.collect(), 0);
  }
  t.deepEqual(await keysWith(etcd, /blocks|addresses|names|hosts|placements/), before);
});

test('what a topology update leaves that was killed is collected: its claim, then placements and hosts', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  const map = Array.from({length: 60}, (_, n) => ({name: `n${n}`, ip: `192.168.9.${n}`}));
  a.commitsUntilDeath = 2;
  await t.throwsAsync(a.topologies.update({...flat(), topologies: [{networks: ['net'], map}]}));
  const count = async () => (await keysWith(etcd, /staging|placements|hosts\/|host-ips/)).length;
  t.is(await count(), 3 + 1 + (41 * 3 + 1), 'the claim and the first part of the hosts');
  await b.ledger.sync();
  t.deepEqual([...b.ledger.tables.hosts.keys()], ['h1'], 'which nobody sees');
  // One of them is added by hand meanwhile, another one takes the IP of a third.
  await b.hosts.add({...newHost(7), name: 'n3'});
  await b.hosts.add({...newHost(8), ip: parseAddress('192.168.9.4')});
  t.deepEqual(await findBrokenPromises(etcd), []);
  for (const taken of [0, 1 + 42 + 41 - 2, 0]) t.is(await b.collector.collect(), taken);
  t.is(await count(), 3 * 3);
  t.deepEqual([...b.ledger.tables.hosts.keys()].sort(), ['h1', 'h8', 'n3']);
  await b.hosts.add({...newHost(9), ip: parseAddress('192.168.9.3')});
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('two updates that were killed and brought the same host IP do not keep each other alive', async t => {
  const {etcd, a, b} = await startPair(t);
  const bring = (name: string) => ({...flat(), topologies: [{networks: ['net'], map: [{name, ip: '192.168.9.1'}]}]});
  for (const [daemon, name] of [
    [a, 'first'],
    [b, 'second'],
  ] as const) {
    await daemon.ledger.sync();
    daemon.commitsUntilDeath = 2;
    await t.throwsAsync(daemon.topologies.update(bring(name)));
  }
  const c = await startInProcess(t, etcd, 'c');
  for (let look = 0; look < 2; look++) await c.collector.collect();
  t.deepEqual(await keysWith(etcd, /staging|placements|hosts\/|host-ips/), []);
  await c.hosts.add({...newHost(1), ip: parseAddress('192.168.9.1')});
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('an update that goes on is not collected', async t => {
  const {etcd, a, b} = await startPair(t);
  const map = Array.from({length: 60}, (_, n) => ({name: `n${n}`, ip: `192.168.9.${n}`}));
  let commits = 0;
  a.beforeCommit = async () => {
    commits += 1;
    if (commits === 3) await b.collector.collect();
  };
  await a.topologies.update({...flat(), topologies: [{networks: ['net'], map}]});
  t.true(commits > 3);
  t.is(await b.collector.collect(), 0);
  t.is(b.ledger.tables.hosts.size, 60);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('it looks once in each interval, and goes on after a look that failed', async t => {
  const {etcd, a} = await startPair(t);
  await write(etcd, ...addressOf(etcd, 'gone'));
  const wakes: (() => void)[] = [];
  const waits: number[] = [];
  const clock = {
    now: () => Date.now(),
    sleep: (ms: number) => {
      waits.push(ms);
      return new Promise<void>(resolve => wakes.push(resolve));
    },
  };
  let isAway = false;
  const ledger = Object.create(a.ledger, {
    sync: {value: async () => (isAway ? Promise.reject(new Error('away')) : a.ledger.sync())},
  });
  const parts = {ledger, transact: () => t.fail() as never, leftovers: {tidy: async () => undefined}, clock, log: silentLogger};
  const controller = new AbortController();
  const running = createCollector({...parts, intervalMs: 1234}).run(controller.signal);
  for (const away of [false, true, true]) {
    isAway = away;
    await waitFor('it sleeps', () => wakes.length > 0);
    wakes.shift()?.();
  }
  await waitFor('it sleeps', () => wakes.length > 0);
  t.deepEqual(waits, [1234, 1234, 1234, 1234]);
  controller.abort();
  wakes.shift()?.();
  await running;
});
