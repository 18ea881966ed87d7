import test, {type ExecutionContext} from 'ava';
import {createMirror} from '../../src/store/mirror.ts';
import type {Store} from '../../src/store/store.ts';
import {systemClock} from '../../src/system/clock.ts';
import {silentLogger} from '../../src/system/log.ts';
import {openStore, startEtcd, type TestEtcd} from '../helpers/etcd.ts';
import {startLink} from '../helpers/link.ts';
import {waitFor} from '../helpers/wait.ts';

test('history that is compacted away under a mirror, connected or not, loses and doubles nothing', async t => {
  const etcd = await startEtcd(t);
  const link = await startLink(t, Number(new URL(etcd.endpoint).port));
  const store = openStore(t, {endpoints: [`http://127.0.0.1:${link.port}`], probeMs: 100});
  const copy = startCopy(t, etcd, store);
  await waitFor('the mirror is in touch', () => copy.mirror.ageMs === 0);
  const writer = etcd.openStore();
  const writes = startPairs(t, writer);
  for (let round = 0; round < 3; round++) {
    const resets = copy.resets();
    // While it is connected, what it has seen may go: it does not need it any more.
    await writes.more(50);
    await etcd.compact(copy.mirror.revision);
    await writes.more(50);
    await waitFor('the mirror follows', () => copy.mirror.revision >= writes.revision() - 100);
    t.is(copy.resets(), resets, 'without a new listing');
    // While it is away, what it has not seen goes.
    link.isOpen = false;
    link.cut();
    await writes.more(50);
    await etcd.compact(writes.revision());
    link.isOpen = true;
    await waitFor('it has listed anew', () => copy.resets() > resets);
    await waitFor('it is in touch again', () => copy.mirror.ageMs === 0);
  }
  await writes.stop();
  await copy.mirror.sync();
  const {entries} = await writer.list('/romana/pairs/');
  t.deepEqual(
    copy.entries(),
    entries.map(({key, value, modRevision}) => `${key} ${value} ${modRevision}`),
  );
  t.deepEqual(copy.faults, []);
});

/** A mirror whose listener checks what it is told: no revision twice, none backwards, none in parts. */
function startCopy(t: ExecutionContext, {keys}: TestEtcd, store: Store) {
  const entries = new Map<string, {value: string; modRevision: number}>();
  const faults: string[] = [];
  let [resetCount, last] = [0, 0];
  const controller = new AbortController();
  const mirror = createMirror({
    store,
    keys,
    clock: systemClock,
    log: silentLogger,
    id: 'test',
    listener: {
      onReset() {
        resetCount += 1;
        entries.clear();
      },
      onEvent({key, value, modRevision}) {
        if (!key.includes('/pairs/')) return;
        const before = entries.get(key)?.modRevision ?? 0;
        if (modRevision <= before) faults.push(`${key} was told with ${modRevision} after ${before}`);
        if (value === undefined) entries.delete(key);
        else entries.set(key, {value, modRevision});
      },
      onRevision(revision) {
        if (revision < last) faults.push(`revision ${revision} came after ${last}`);
        last = revision;
        // Both keys of a pair are written, and deleted, in one transaction.
        for (const [key, {value, modRevision}] of entries) {
          const other = entries.get(key.endsWith('a') ? `${key.slice(0, -1)}b` : `${key.slice(0, -1)}a`);
          if (other?.value !== value || other.modRevision !== modRevision) faults.push(`as of ${revision}, ${key} stands alone`);
        }
      },
    },
  });
  const running = mirror.run(controller.signal);
  t.teardown(async () => {
    controller.abort();
    await running;
  });
  return {
    mirror,
    faults,
    resets: () => resetCount,
    entries: () => [...entries].map(([key, {value, modRevision}]) => `${key} ${value} ${modRevision}`).toSorted(),
  };
}

/** Writes pairs of keys without end, and deletes every third one. */
function startPairs(t: ExecutionContext, store: Store) {
  let [count, revision, isOver] = [0, 0, false];
  const write = async () => {
    while (!isOver) {
      const pair = `/romana/pairs/${count % 20}`;
      const keys = [`${pair}/a`, `${pair}/b`];
      const operations = keys.map(key => (count % 3 === 0 ? {delete: key} : {put: key, value: String(count)}));
      ({revision} = await store.commit({conditions: [], operations}));
      count += 1;
    }
  };
  const running = write();
  const stop = async () => {
    isOver = true;
    await running;
  };
  t.teardown(stop);
  return {
    stop,
    revision: () => revision,
    async more(wanted: number) {
      const from = count;
      await waitFor('more is written', () => count >= from + wanted);
    },
  };
}
