import anyTest from 'ava';
import {findBrokenPromises, flat} from '../helpers/ipam.ts';
import {createRandom, seed} from '../helpers/random.ts';
import {type InProcessDaemon, newHost, startPair} from './in-process.ts';

// Requests that share a transaction, and what comes between.

// One etcd at a time.
const test = anyTest.serial;

/** Holds up the next transaction, so that what is asked for meanwhile shares the one after it. `between` runs before that one. */
function together<Result>(
  daemon: InProcessDaemon,
  ask: () => readonly Promise<Result>[],
  between = async (): Promise<unknown> => undefined,
) {
  const asked = Promise.withResolvers<void>();
  let count = 0;
  daemon.beforeCommit = async () => {
    count += 1;
    if (count === 1) await asked.promise;
    if (count === 2) await between();
  };
  const first = daemon.hosts.patch('h1', {tags: {some: 'thing'}});
  const others = ask();
  asked.resolve();
  return Promise.allSettled([first, ...others]).then(([, ...results]) => ({results, commits: count - 1}));
}

const codeOf = (result: PromiseSettledResult<unknown> | undefined) => (result?.status === 'rejected' ? result.reason.code : 'done');

test('of many requests in one transaction the one that conflicts is refused, and the others are done', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  await b.ledger.sync();
  const names = Array.from({length: 20}, (_, index) => `n${index}`);
  const {results, commits} = await together(
    a,
    () => names.map(name => a.allocate(name, 'h1')),
    () => b.allocate('n7', 'h1', 'other'),
  );
  t.deepEqual(
    results.map(codeOf),
    names.map(name => (name === 'n7' ? 'ERR_EXISTS' : 'done')),
  );
  t.regex(String((results[7] as PromiseRejectedResult).reason.message), /^Address with name n7 already allocated: 10\.111\.0\.\d+$/);
  t.true(commits <= 4, `${commits} transactions for ${names.length} requests`);
  t.is(a.refusals, 1);
  await a.ledger.sync();
  t.is(a.ledger.tables.addresses.size, 20);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a host that goes in that moment takes only its own requests out of the transaction', async t => {
  const {etcd, a, b} = await startPair(t);
  for (const number of [1, 2]) await a.hosts.add(newHost(number));
  await b.ledger.sync();
  const {results} = await together(
    a,
    () => Array.from({length: 20}, (_, index) => a.allocate(`n${index}`, `h${1 + (index % 2)}`)),
    () => b.hosts.remove('h2'),
  );
  t.deepEqual(
    results.map(codeOf),
    results.map((_, index) => (index % 2 === 0 ? 'done' : 'ERR_NOT_FOUND')),
  );
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a release and allocations of the same block, asked for at once, in any order', async t => {
  const {etcd, a} = await startPair(t, flat('10.111.0.0/24', {block_mask: 30}));
  await a.hosts.add(newHost(1));
  const random = createRandom(seed);
  t.log(`SEED=${seed}`);
  const there = new Set<string>();
  for (let round = 0; round < 30; round++) {
    const gone = [...there].filter(() => random.number() < 0.6);
    const added = Array.from({length: random.between(0, 4)}, (_, index) => `r${round}-${index}`);
    // Some of those that come go at once, and some that go come again.
    const again = gone.filter(() => random.number() < 0.3);
    const work = [
      ...gone.map(name => ({name, isRelease: true})),
      ...added.map(name => ({name, isRelease: false})),
      ...again.map(name => ({name, isRelease: false})),
    ].sort(() => random.number() - 0.5);
    const {results} = await together<unknown>(a, () =>
      work.map(({name, isRelease}) => (isRelease ? a.addresses.release(name) : a.allocate(name, 'h1'))),
    );
    for (const [index, {name, isRelease}] of work.entries()) {
      const code = codeOf(results[index]);
      t.true(['done', 'ERR_EXISTS'].includes(code), `${code} for ${name}`);
      if (isRelease) t.is(code, 'done');
    }
    for (const name of gone) there.delete(name);
    for (const {value} of a.ledger.tables.addresses.values()) there.add(value.name);
    for (const name of added) t.true(there.has(name), name);
    t.deepEqual(await findBrokenPromises(etcd), []);
  }
});

test('a release of an address that is about to be given waits for it', async t => {
  const {etcd, a} = await startPair(t);
  await a.hosts.add(newHost(1));
  const {results} = await together<unknown>(a, () => [a.allocate('x', 'h1'), a.addresses.release('x'), a.allocate('y', 'h1')]);
  // Asked for at once, either may come first; but not half of one.
  t.is(codeOf(results[0]), 'done');
  t.is(codeOf(results[2]), 'done');
  const isThere = [...a.ledger.tables.addresses.values()].some(({value}) => value.name === 'x');
  t.is(codeOf(results[1]) === 'done', !isThere);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a group is filled to the last address by two daemons at once, and nobody is refused before', async t => {
  const {etcd, a, b} = await startPair(t, flat('10.111.0.0/26', {block_mask: 29}));
  for (const number of [1, 2, 3]) await a.hosts.add(newHost(number));
  await b.ledger.sync();
  const ask = (count: number, daemons: readonly InProcessDaemon[], prefix: string) =>
    Promise.allSettled(
      Array.from({length: count}, (_, index) =>
        (daemons[index % daemons.length] ?? a).allocate(`${prefix}${index}`, `h${1 + (index % 3)}`),
      ),
    );
  const results = await ask(100, [a, b], 'n');
  const count = (code: string) => results.filter(result => codeOf(result) === code).length;
  // A block that one host has begun is not for another.
  const free = 64 - count('done');
  t.is(count('ERR_NO_ADDRESS'), 100 - count('done'));
  const room = [...a.ledger.tables.blocks.values()].map(({value}) => 8 - a.ledger.index.countIn(value.cidr));
  t.is(
    room.reduce((sum, left) => sum + left, 0),
    free,
  );
  t.is(a.ledger.tables.blocks.size, 8);
  t.deepEqual(await findBrokenPromises(etcd), []);

  // What one daemon takes back the other has at once, told of it or not.
  const names = [...a.ledger.tables.addresses.values()].filter(({value}) => value.host === 'h1').map(({value}) => value.name);
  await b.ledger.sync();
  b.hold();
  for (const name of names) await a.addresses.release(name);
  const again = Promise.allSettled(names.map(name => b.allocate(`again-${name}`, 'h1')));
  b.letGo();
  t.deepEqual(new Set((await again).map(codeOf)), new Set(['done']));
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('two daemons that are asked for the same block without pause both get on', async t => {
  const {etcd, a, b} = await startPair(t, flat('10.0.0.0/8', {block_mask: 24}));
  await a.hosts.add(newHost(1));
  await b.ledger.sync();
  const worker = async (daemon: InProcessDaemon, id: string) => {
    for (let index = 0; index < 40; index++) await daemon.allocate(`${id}-${index}`, 'h1');
  };
  const workers = [a, b].flatMap((daemon, number) => Array.from({length: 20}, (_, index) => worker(daemon, `${number}-${index}`)));
  const results = await Promise.allSettled(workers);
  t.log(`${a.refusals} and ${b.refusals} conflicts`);
  t.deepEqual(new Set(results.map(codeOf)), new Set(['done']));
  t.is(new Set(results).size, 40);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('nobody is told of what is only about to be done', async t => {
  const {etcd, a} = await startPair(t);
  await a.hosts.add(newHost(1));
  await a.allocate('old', 'h1');
  const block = a.ledger.index.addressesNamed('old')[0]?.block ?? ('' as never);
  const told = () => ['old', 'new'].map(name => a.ledger.written.addressesNamed(name).length);
  const seen: unknown[] = [];
  const {results} = await together<unknown>(
    a,
    () => [a.allocate('new', 'h1'), a.allocate('one-more', 'h1'), a.addresses.release('old')],
    async () => {
      seen.push(told(), a.ledger.written.countIn(block), a.ledger.index.addressesNamed('old').length);
      a.isDeaf = true;
    },
  );
  t.deepEqual(seen, [[1, 0], 1, 0], 'those who plan know of it, and those who ask do not');
  t.deepEqual(results.map(codeOf), ['ERR_STORE', 'ERR_STORE', 'ERR_STORE']);
  a.isDeaf = false;
  await a.ledger.sync();
  t.deepEqual(told(), [0, 1]);
  t.is(a.ledger.written.countIn(block), 2);
  t.deepEqual(await findBrokenPromises(etcd), []);
});
