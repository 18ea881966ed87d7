import anyTest, {type ExecutionContext} from 'ava';
import {parseAddress} from '../../src/core/prefix.ts';
import {createIpamd, type Ipamd} from '../../src/ipam/ipamd.ts';
import {type Store, StoreError, type Transaction, type WatchHandlers} from '../../src/store/store.ts';
import {systemClock} from '../../src/system/clock.ts';
import {silentLogger} from '../../src/system/log.ts';
import {startEtcd, type TestEtcd} from '../helpers/etcd.ts';
import {findBrokenPromises, flat} from '../helpers/ipam.ts';
import {waitFor} from '../helpers/wait.ts';

// Two daemons on one etcd, in one process, so that one can act in the very moment before the other commits.

// One etcd at a time.
const test = anyTest.serial;

test('a daemon whose watch lags does not hand out an address that is taken', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(host(1));
  await b.ledger.sync();
  b.hold();
  const first = await a.allocate('x', 'h1');
  const late = b.allocate('y', 'h1');
  await waitFor('the late daemon has met the conflict', () => b.refusals > 0);
  b.letGo();
  t.not(await late, first);
  t.deepEqual(await findBrokenPromises(etcd), []);

  b.hold();
  await a.allocate('z', 'h1');
  await t.throwsAsync(b.allocate('w', 'h1'), {instanceOf: StoreError}, 'a watch that shows nothing at all ends in "try again"');
  b.letGo();
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a host that is removed while it gets an address takes that address with it', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(host(1));
  await a.allocate('old', 'h1');
  await b.ledger.sync();
  let count = 0;
  // Each time in a block of its own, which the removing daemon has not seen.
  b.beforeCommit = async () => {
    count += 1;
    await a.allocate(`n${count}`, 'h1', `t${count}`).catch(() => undefined);
  };
  await b.hosts.remove('h1');
  t.true(count >= 2);
  t.deepEqual(await findBrokenPromises(etcd), []);
  await a.ledger.sync();
  t.is(a.ledger.tables.addresses.size, 0);
});

test('an address is not given to a host that is removed in the same moment', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(host(1));
  await b.ledger.sync();
  a.beforeCommit = once(() => b.hosts.remove('h1'));
  await t.throwsAsync(a.allocate('x', 'h1'), {code: 'ERR_NOT_FOUND'});
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a block whose last two addresses are released in the same moment becomes free', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(host(1));
  for (const name of ['x', 'y']) await a.allocate(name, 'h1');
  await b.ledger.sync();
  a.beforeCommit = once(() => b.addresses.release('y'));
  await a.addresses.release('x');
  t.deepEqual(await findBrokenPromises(etcd), []);
  t.deepEqual(
    [...a.ledger.tables.blocks.values()].map(({value}) => value.host),
    [''],
  );
});

test('a daemon that dies after it has released one of two last addresses leaves no empty block', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(host(1));
  for (const name of ['x', 'y']) await a.allocate(name, 'h1');
  await b.ledger.sync();
  a.beforeCommit = once(() => b.addresses.release('y'));
  a.commitsUntilDeath = 1;
  await t.throwsAsync(a.addresses.release('x'), {instanceOf: StoreError});
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a block that another daemon has just used is kept', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(host(1));
  await a.allocate('x', 'h1');
  await b.ledger.sync();
  a.beforeCommit = once(() => b.allocate('y', 'h1'));
  await a.addresses.release('x');
  t.deepEqual(await findBrokenPromises(etcd), []);
  t.like([...a.ledger.tables.blocks.values()][0], {value: {host: 'h1'}});
});

test('a block that another daemon has just freed, or claimed, is not used', async t => {
  const {etcd, a, b} = await startPair(t);
  for (const number of [1, 2]) await a.hosts.add(host(number));
  await a.allocate('x', 'h1');
  await b.ledger.sync();
  a.beforeCommit = once(() => b.addresses.release('x'));
  await a.allocate('y', 'h1');
  t.deepEqual(await findBrokenPromises(etcd), []);
  await a.addresses.release('y');
  await b.ledger.sync();
  a.beforeCommit = once(() => b.allocate('z', 'h2'));
  t.is(await a.allocate('y', 'h1'), '10.111.0.8');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a name gets one address, whoever is asked for it at once', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(host(1));
  await b.ledger.sync();
  a.beforeCommit = once(() => b.allocate('x', 'h1', 'other'));
  await t.throwsAsync(a.allocate('x', 'h1'), {code: 'ERR_EXISTS', message: 'Address with name x already allocated: 10.111.0.0'});
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('two hosts that are added in the same moment do not get one name or one IP', async t => {
  const {etcd, a, b} = await startPair(t);
  a.beforeCommit = once(() => b.hosts.add(host(1)));
  await t.throwsAsync(a.hosts.add({...host(1), ip: parseAddress('192.168.9.9')}), {code: 'ERR_EXISTS', message: /name:h1/});
  a.beforeCommit = once(() => b.hosts.add(host(2)));
  await t.throwsAsync(a.hosts.add({...host(2), name: 'other'}), {code: 'ERR_EXISTS', message: /IP:192\.168\.0\.2/});
  await a.hosts.add(host(3));
  a.beforeCommit = once(() => b.hosts.patch('h2', {ip: parseAddress('192.168.0.4')}));
  await t.throwsAsync(a.hosts.patch('h3', {ip: parseAddress('192.168.0.4')}), {code: 'ERR_EXISTS'});
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('changes of one host in the same moment are all kept', async t => {
  const {a, b} = await startPair(t);
  await a.hosts.add(host(1));
  await b.ledger.sync();
  a.beforeCommit = once(() => b.hosts.patch('h1', {tags: {b: '1'}}));
  await a.hosts.patch('h1', {tags: {a: '1'}, drained: true});
  t.like(a.ledger.tables.hosts.get('h1')?.value, {tags: {a: '1', b: '1'}, drained: true});
});

test('an address is not taken from a topology that is replaced in the same moment', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(host(1));
  await b.ledger.sync();
  a.beforeCommit = once(() => b.topologies.update(flat('172.16.0.0/16')));
  t.is(await a.allocate('x', 'h1'), '172.16.0.0');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a topology does not replace one whose addresses would not fit, given out in the same moment', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(host(1));
  await b.ledger.sync();
  a.beforeCommit = once(() => b.allocate('x', 'h1'));
  await t.throwsAsync(a.topologies.update(flat('172.16.0.0/16')), {code: 'ERR_CONFLICT', message: /^Address 10\.111\.0\.0 \(x\)/});
  a.beforeCommit = once(() => b.hosts.add(host(2)));
  await a.topologies.update(flat('10.0.0.0/8'));
  t.is(a.ledger.tables.hosts.get('h2')?.value.groups['net'], '10.0.0.0/8' as never);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a free block is not dropped when someone claims it in the same moment', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(host(1));
  for (const tenant of ['t1', 't2', 't3']) await a.allocate(tenant, 'h1', tenant);
  for (const name of ['t1', 't2', 't3']) await a.addresses.release(name);
  await b.ledger.sync();
  let count = 0;
  a.beforeCommit = async () => {
    count += 1;
    if (count < 5) await b.allocate(`n${count}`, 'h1', `t${count}`).catch(() => undefined);
  };
  await a.topologies.update(flat('10.111.0.0/17', {block_mask: 28})).catch(() => undefined);
  t.true(count > 1);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a request whose answer was lost is told of its address when it is repeated', async t => {
  const {etcd, a} = await startPair(t);
  await a.hosts.add(host(1));
  a.isDeaf = true;
  await t.throwsAsync(a.allocate('x', 'h1'), {instanceOf: StoreError});
  a.isDeaf = false;
  await t.throwsAsync(a.allocate('x', 'h1'), {code: 'ERR_EXISTS', message: 'Address with name x already allocated: 10.111.0.0'});
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a value that someone has broken by hand does not stop the daemons', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(host(1));
  await a.allocate('x', 'h1');
  const store = etcd.openStore();
  for (const key of [etcd.keys.topology, etcd.keys.host('h1'), etcd.keys.address(parseAddress('10.111.0.0'))]) {
    await store.commit({conditions: [], operations: [{put: key, value: '{"broken":'}]});
  }
  t.is(await a.allocate('y', 'h1'), '10.111.0.1');
  await b.addresses.release('x');
  t.is(await b.allocate('z', 'h1'), '10.111.0.0');
});

interface Daemon extends Pick<Ipamd, 'ledger' | 'hosts' | 'addresses' | 'topologies'> {
  /** Runs before each commit that is not the daemon's own barrier. */
  beforeCommit: () => Promise<void>;
  /** Commits are done, and their answers are lost. */
  isDeaf: boolean;
  /** That many commits are asked for; then nothing goes out any more. */
  commitsUntilDeath: number;
  /** Commits whose conditions did not hold. */
  readonly refusals: number;
  allocate(name: string, host: string, tenant?: string): Promise<string>;
  /** Keeps back what the watch shows, until it is let go. */
  hold(): void;
  letGo(): void;
}

async function startPair(t: ExecutionContext): Promise<{etcd: TestEtcd; a: Daemon; b: Daemon}> {
  const etcd = await startEtcd(t);
  const [a, b] = await Promise.all([startOne(t, etcd, 'a'), startOne(t, etcd, 'b')]);
  await a.topologies.update(flat());
  await b.ledger.sync();
  return {etcd, a, b};
}

async function startOne(t: ExecutionContext, etcd: TestEtcd, id: string): Promise<Daemon> {
  const inner = etcd.openStore();
  let held: (() => void)[] | undefined;
  let refusals = 0;
  const store: Store = {
    ...inner,
    async commit(transaction: Transaction) {
      const isBarrier = transaction.operations.some(operation => 'put' in operation && operation.put.includes('/barriers/'));
      if (!isBarrier) {
        await daemon.beforeCommit();
        if (daemon.commitsUntilDeath-- === 0) throw new StoreError('dead');
      }
      const result = await inner.commit(transaction);
      if (!result.succeeded) refusals += 1;
      if (daemon.isDeaf && !isBarrier) throw new StoreError('the answer was lost');
      return result;
    },
    watch: (prefix: string, from: number, handlers: WatchHandlers) =>
      inner.watch(prefix, from, {
        ...handlers,
        onEvents(events, revision) {
          const show = () => handlers.onEvents(events, revision);
          if (held === undefined) show();
          else held.push(show);
        },
      }),
  };
  const ipamd = createIpamd({store, keys: etcd.keys, clock: systemClock, log: silentLogger, id});
  const daemon: Daemon = {
    ledger: ipamd.ledger,
    hosts: ipamd.hosts,
    addresses: ipamd.addresses,
    topologies: ipamd.topologies,
    beforeCommit: async () => undefined,
    isDeaf: false,
    commitsUntilDeath: Infinity,
    get refusals() {
      return refusals;
    },
    allocate: (name, hostName, tenant = 't') => ipamd.addresses.allocate({name, host: hostName, tenant, segment: ''}),
    hold() {
      held = [];
    },
    letGo() {
      const waiting = held ?? [];
      held = undefined;
      for (const show of waiting) show();
    },
  };
  const controller = new AbortController();
  const running = ipamd.ledger.run(controller.signal);
  t.teardown(async () => {
    controller.abort();
    await running;
  });
  await waitFor('the ledger is ready', () => ipamd.ledger.fault === undefined);
  return daemon;
}

function host(number: number) {
  return {name: `h${number}`, ip: parseAddress(`192.168.0.${number}`), tags: {}, agentPort: 9604};
}

function once(act: () => Promise<unknown>): () => Promise<void> {
  let isDone = false;
  return async () => {
    if (isDone) return;
    isDone = true;
    await act();
  };
}
