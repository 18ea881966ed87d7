import anyTest, {type ExecutionContext} from 'ava';
import {type Address, parseAddress} from '../../src/core/prefix.ts';
import {StoreError, type Transaction} from '../../src/store/store.ts';
import type {TestEtcd} from '../helpers/etcd.ts';
import {findBrokenPromises, flat} from '../helpers/ipam.ts';
import {waitFor} from '../helpers/wait.ts';
import {type InProcessDaemon, newHost, startInProcess, startPair} from './in-process.ts';

// A topology that is replaced while others do something to what it is about.

// One etcd at a time.
const test = anyTest.serial;

const wider = '10.0.0.0/8';

/** A topology that lists hosts. */
function listing(hosts: readonly (readonly [name: string, ip: string])[], cidr = wider) {
  return {...flat(cidr), topologies: [{networks: ['net'], map: [{hosts: hosts.map(([name, ip]) => ({name, ip}))}]}]};
}

/** Many hosts, more than one transaction brings. */
function many(count: number, ip: (index: number) => string = index => `172.16.${index >> 8}.${index & 255}`) {
  return Array.from({length: count}, (_, index) => [`n${index}`, ip(index)] as const);
}

/** Does it in the moment in which everything is written and the topology is about to come into force; once. */
function beforeItIsInForce(daemon: InProcessDaemon, etcd: TestEtcd, act: () => Promise<unknown>): void {
  let isDone = false;
  daemon.beforeCommit = async ({operations}: Transaction) => {
    if (isDone || !operations.some(operation => 'put' in operation && operation.put === etcd.keys.topology)) return;
    isDone = true;
    await act();
  };
}

async function allIsWell(t: ExecutionContext, etcd: TestEtcd): Promise<void> {
  t.deepEqual(await findBrokenPromises(etcd, {isTidy: true}), []);
}

const groupsOf = ({ledger}: InProcessDaemon) =>
  new Map([...ledger.tables.hosts.values()].map(({value}) => [value.name, value.groups['net']] as const).sort());

test('hosts that come, go and change while a topology is replaced are all in their place in the new one', async t => {
  const {etcd, a, b} = await startPair(t);
  for (const number of [1, 2, 3]) await a.hosts.add(newHost(number));
  await b.ledger.sync();
  beforeItIsInForce(a, etcd, async () => {
    await b.hosts.remove('h1');
    await b.hosts.add(newHost(4));
    await b.hosts.patch('h2', {tags: {x: 'y'}, drained: true});
    await b.hosts.remove('h3');
    await b.hosts.add({...newHost(3), ip: parseAddress('192.168.7.7')});
    await b.allocate('in-a-new-block', 'h4');
  });
  await a.topologies.update(flat(wider));
  t.deepEqual(groupsOf(a), new Map(['h2', 'h3', 'h4'].map(name => [name, wider as never])));
  t.like(a.ledger.tables.hosts.get('h2')?.value, {tags: {x: 'y'}, drained: true});
  await allIsWell(t, etcd);
});

test('addresses are given out in new blocks while a topology is replaced, where everybody keeps the room that there was', async t => {
  const {etcd, a, b} = await startPair(t);
  for (const number of [1, 2]) await a.hosts.add(newHost(number));
  await b.ledger.sync();
  const renamed = {networks: [{name: 'other', cidr: wider, block_mask: 28}], topologies: [{networks: ['other'], map: []}]};
  beforeItIsInForce(a, etcd, () => b.allocate('x', 'h1'));
  await a.topologies.update(renamed);
  t.is(a.refusals, 0);
  beforeItIsInForce(a, etcd, () => b.allocate('y', 'h2'));
  await t.throwsAsync(a.topologies.update(flat('10.64.0.0/10')), {
    code: 'ERR_CONFLICT',
    message: /^Address 10\.0\.0\.\d+ \(y\) of host h2 would not fit: it lies in no network then\.$/,
  });
  await allIsWell(t, etcd);
});

test('a host that was removed while a topology was replaced does not come back half with a later one', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  await b.ledger.sync();
  beforeItIsInForce(a, etcd, () => b.hosts.remove('h1'));
  await a.topologies.update(flat(wider));
  // Brought again by an update that dies: nobody may see it.
  b.commitsUntilDeath = 2;
  await t.throwsAsync(b.topologies.update(listing([['h1', '192.168.0.1']], '10.0.0.0/7')), {instanceOf: StoreError});
  await a.ledger.sync();
  t.deepEqual([...a.ledger.tables.hosts.keys()], []);
});

test('a listed host that somebody adds, and removes again, while the topology is replaced is there', async t => {
  const {etcd, a, b} = await startPair(t);
  beforeItIsInForce(a, etcd, async () => {
    await b.hosts.add(newHost(1));
    await b.hosts.remove('h1');
    await b.hosts.add({...newHost(9), ip: parseAddress('192.168.0.2')});
    await b.hosts.remove('h9');
  });
  await a.topologies.update(
    listing([
      ['h1', '192.168.0.1'],
      ['h2', '192.168.0.2'],
    ]),
  );
  t.deepEqual([...a.ledger.tables.hosts.keys()].sort(), ['h1', 'h2']);
  await allIsWell(t, etcd);
});

test('a listed host whose name or IP somebody else takes meanwhile is refused, with all that was listed', async t => {
  const {etcd, a, b} = await startPair(t);
  const hosts = many(60);
  beforeItIsInForce(a, etcd, () => b.hosts.add({...newHost(1), ip: hosts[50]?.[1] as Address}));
  await t.throwsAsync(a.topologies.update(listing(hosts)), {
    code: 'ERR_CONFLICT',
    message: /^IP 172\.16\.0\.50 of host n50 belongs to host h1 already\.$/,
  });
  beforeItIsInForce(a, etcd, () => b.hosts.add({...newHost(2), name: 'n7'}));
  await t.throwsAsync(a.topologies.update(listing(many(40))), {
    code: 'ERR_CONFLICT',
    message: /^Host n7 is there already, with IP 192\.168\.0\.2 /,
  });
  await b.ledger.sync();
  t.deepEqual([...b.ledger.tables.hosts.keys()].sort(), ['h1', 'n7']);
  await allIsWell(t, etcd);
});

test('of two topologies that are prepared at once the slower starts again, and none is a mixture', async t => {
  const {etcd, a, b} = await startPair(t);
  for (const number of [1, 2]) await a.hosts.add(newHost(number));
  await b.ledger.sync();
  const ofA = listing([...many(50), ['x', '172.20.0.1']]);
  // The same names with other IPs, the same IPs with other names.
  const ofB = listing([...many(50, index => `172.17.0.${index}`), ['y', '172.20.0.1']], '10.96.0.0/11');
  let update: Promise<void> | undefined;
  const generations: number[] = [];
  beforeItIsInForce(a, etcd, async () => {
    generations.push(...(a.ledger.tables.leftovers.staging ? [a.ledger.tables.leftovers.staging.modRevision] : []));
    // It waits for the other, until that one seems dead.
    update = b.topologies.update(ofB);
    await update;
  });
  await t.throwsAsync(a.topologies.update(ofA), {
    code: 'ERR_CONFLICT',
    message: /^Host n0 is there already, with IP 172\.17\.0\.0 and not 172\.16\.0\.0\.$/,
  });
  await update;
  await a.ledger.sync();
  t.is(a.ledger.tables.hosts.size, 53);
  t.is(a.ledger.tables.hosts.get('y')?.value.ip, parseAddress('172.20.0.1'));
  t.false(a.ledger.tables.hosts.has('x'));
  await allIsWell(t, etcd);

  // Where both fit, both come, one after the other, each with a generation of its own.
  const first = a.ledger.tables.topology?.value.generation ?? 0;
  beforeItIsInForce(a, etcd, () => b.topologies.update(flat('10.64.0.0/10')));
  await a.topologies.update(flat('10.0.0.0/9'));
  t.is(a.ledger.tables.topology?.value.document.networks[0]?.cidr, '10.0.0.0/9' as never);
  t.true((a.ledger.tables.topology?.value.generation ?? 0) > (generations[0] ?? 0) && first > 0);
  await allIsWell(t, etcd);
});

test('two daemons that get their first topology at once have one', async t => {
  const {etcd, a, b} = await startPair(t);
  const hosts = many(100);
  const results = await Promise.allSettled([a.topologies.update(listing(hosts)), b.topologies.update(listing(hosts))]);
  t.deepEqual(
    results.map(({status}) => status),
    ['fulfilled', 'fulfilled'],
  );
  for (const {ledger} of [a, b]) {
    await ledger.sync();
    t.is(ledger.tables.hosts.size, 100);
  }
  await allIsWell(t, etcd);
});

test('two daemons that are called the same do not take each other’s preparation for their own', async t => {
  const {etcd} = await startPair(t);
  const [c, d] = await Promise.all([startInProcess(t, etcd, 'same'), startInProcess(t, etcd, 'same')]);
  for (let round = 0; round < 5; round++) {
    const hosts = many(100, index => `172.${16 + round}.0.${index}`).map(([name, ip]) => [`${name}-${round}`, ip] as const);
    const results = await Promise.allSettled([c.topologies.update(listing(hosts)), d.topologies.update(listing(hosts))]);
    t.deepEqual(
      results.map(({status}) => status),
      ['fulfilled', 'fulfilled'],
    );
  }
  t.true(c.refusals + d.refusals < 20, `${c.refusals} and ${d.refusals} conflicts`);
  await allIsWell(t, etcd);
});

test('wherever an update is killed, either the old topology is in force or the new one, and two looks later nothing else is left', async t => {
  const {etcd, a} = await startPair(t);
  await a.hosts.add(newHost(1));
  await a.allocate('x', 'h1');
  const hosts = many(90);
  let old = 0;
  for (let commits = 0; ; commits++) {
    const before = groupsOf(a);
    const revision = a.ledger.tables.topology?.modRevision;
    const cidr = commits % 2 === 0 ? '10.0.0.0/8' : '10.96.0.0/11';
    const dying = await startInProcess(t, etcd, `dying-${commits}`);
    dying.commitsUntilDeath = commits;
    await dying.topologies.update(listing(hosts, cidr)).catch(() => undefined);
    await a.ledger.sync();
    const isNew = a.ledger.tables.topology?.modRevision !== revision;
    if (!isNew) {
      old += 1;
      t.deepEqual(groupsOf(a), before, `${commits} commits`);
    } else for (const [name, group] of groupsOf(a)) t.is(group, cidr as never, `${name} after ${commits} commits`);
    t.is(a.ledger.tables.hosts.size, isNew ? hosts.length + 1 : before.size);
    t.deepEqual(await findBrokenPromises(etcd), []);
    for (let look = 0; look < 2; look++) await a.collector.collect();
    await allIsWell(t, etcd);
    // Everything was done, to the last tidying.
    if (dying.commitsUntilDeath > 0) break;
  }
  t.true(old >= 4, `${old} died before`);
});

test('an update that follows one that died does not wait for the collector', async t => {
  const {etcd, a, b} = await startPair(t);
  const hosts = many(60);
  a.commitsUntilDeath = 2;
  await t.throwsAsync(a.topologies.update(listing(hosts)), {instanceOf: StoreError});
  await b.ledger.sync();
  t.true(b.ledger.tables.leftovers.staging !== undefined);
  await b.topologies.update(listing(hosts));
  t.is(b.ledger.tables.hosts.size, 60);
  for (let look = 0; look < 2; look++) await b.collector.collect();
  await allIsWell(t, etcd);
});

test('an update that is written slowly is not cleared away, and one that hangs too long starts again', async t => {
  const {etcd, a, b} = await startPair(t);
  const looks = async () => {
    for (let look = 0; look < 2; look++) await b.collector.collect();
  };
  // A look after each of its transactions: it goes on between any two of them.
  let count = 0;
  a.beforeCommit = async () => {
    count += 1;
    await b.collector.collect();
  };
  await a.topologies.update(listing(many(200)));
  t.true(count > 5);
  t.deepEqual(b.warnings, []);
  await b.ledger.sync();
  t.is(b.ledger.tables.hosts.size, 200);
  t.is(count, 7, 'a claim, five parts, the topology');

  count = 0;
  let claimed: number | undefined;
  a.beforeCommit = async () => {
    count += 1;
    if (count !== 4) return;
    claimed = b.ledger.tables.leftovers.staging?.modRevision;
    await looks();
  };
  await a.topologies.update(flat('10.0.0.0/7'));
  t.deepEqual(b.warnings[0], {what: `preparation ${claimed} of a topology`});
  await a.ledger.sync();
  t.deepEqual(new Set(groupsOf(a).values()), new Set(['10.0.0.0/7' as never]));
  await looks();
  await allIsWell(t, etcd);
});

test('thousands of hosts with thousands of blocks get a new topology at once', async t => {
  const {etcd, a, b} = await startPair(t, flat('10.0.0.0/9', {block_mask: 30}));
  const hosts = many(3000);
  await a.topologies.update(listing(hosts, '10.0.0.0/9'));
  await Promise.all(hosts.map(([name], index) => (index % 2 === 0 ? a : b).allocate(`of-${name}`, name)));
  await b.ledger.sync();
  const seen = new Set<number>();
  let isLooking = true;
  const looking = waitFor('the end', () => {
    // At no moment are some hosts in the one and some in the other.
    seen.add(new Set(groupsOf(b).values()).size);
    return !isLooking;
  });
  await a.topologies.update(flat('10.0.0.0/8'));
  isLooking = false;
  await looking;
  t.deepEqual([...seen], [1]);
  await b.ledger.sync();
  t.is(b.ledger.tables.hosts.size, 3000);
  t.deepEqual(new Set(groupsOf(b).values()), new Set([wider as never]));
  await allIsWell(t, etcd);
});

test('a topology that brings a host whose IP is given out in the same moment is refused for that', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  await b.ledger.sync();
  let given = '';
  a.beforeCommit = async () => {
    if (given === '') given = await b.allocate('x', 'h1');
  };
  const hosts = [{name: 'late', ip: '10.111.0.0'}];
  await t.throwsAsync(a.topologies.update({...flat(), topologies: [{networks: ['net'], map: [{hosts}]}]}), {
    code: 'ERR_CONFLICT',
    message: /10\.111\.0\.0 of host late/,
  });
  t.is(given, '10.111.0.0');
  t.deepEqual(await findBrokenPromises(etcd), []);
});
