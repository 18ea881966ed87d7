import test from 'ava';
import type {Condition, Operation, Transaction, WatchEvent} from '../../src/store/store.ts';
import {startEtcd} from '../helpers/etcd.ts';
import {createRandom, type Random, seed} from '../helpers/random.ts';
import {waitFor} from '../helpers/wait.ts';
import {createSimulatedEtcd} from './storm/simulated-etcd.ts';

// What storm.test.ts takes for etcd does the same as etcd.

const keys = ['/t/a/1', '/t/a/2', '/t/a/3', '/t/b', '/t/b/1', '/t/c'] as const;

function someTransaction(random: Random, revision: number): Transaction {
  const condition = (): Condition => {
    const [from, to] = [random.pick(keys), random.pick(keys)].sort();
    const some = random.pick([0, 0, revision, random.between(0, revision)]);
    if (random.number() < 0.5 || from === undefined || to === undefined) return {key: random.pick(keys), modRevision: some};
    return {from, to, unchangedSince: some};
  };
  const operation = (): Operation =>
    random.number() < 0.5 ? {put: random.pick(keys), value: String(random.number())} : {delete: random.pick(keys)};
  const items = <Item>(most: number, one: () => Item) => Array.from({length: random.between(0, most)}, one);
  return {conditions: items(2, condition), operations: items(3, operation)};
}

test(`transactions, listings and changes are those of a real etcd (SEED=${seed})`, async t => {
  const random = createRandom(seed);
  const etcd = await startEtcd(t);
  const store = etcd.openStore();
  const simulated = createSimulatedEtcd();
  const shown: WatchEvent[] = [];
  let shownRevision = 0;
  await store.watch('/t/', 2, {
    onEvents(events, revision) {
      shown.push(...events);
      shownRevision = revision;
    },
    onConnected: () => undefined,
    onDisconnected: () => undefined,
    onLost: () => undefined,
  });
  const counts = {done: 0, conflicts: 0, refused: 0};
  for (let count = 0; count < 1000; count++) {
    const transaction = someTransaction(random, simulated.revision);
    const real = await store.commit(transaction).catch(() => 'refused' as const);
    let expected: Awaited<ReturnType<typeof store.commit>> | 'refused' = 'refused';
    try {
      expected = simulated.commit(transaction);
    } catch {
      // Refused here as well.
    }
    t.deepEqual(real, expected, JSON.stringify(transaction));
    counts[expected === 'refused' ? 'refused' : expected.succeeded ? 'done' : 'conflicts'] += 1;
  }
  t.true(Math.min(...Object.values(counts)) > 30, JSON.stringify(counts));
  t.deepEqual(await store.list('/t/'), simulated.list('/t/'));
  const changes = simulated.changesFrom(2) ?? [];
  await waitFor('all changes are shown', () => shownRevision === changes.at(-1)?.modRevision);
  t.deepEqual(shown, changes);
});
