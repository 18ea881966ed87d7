import test from 'ava';
import {createStateCache, type StateCacheOptions} from '../../src/agent/state-cache.ts';
import type {CachedRecords} from '../../src/store/cached-records.ts';

/** A disk with one file, a clock that goes on when somebody waits, and what was logged. */
function setUp(options: Partial<StateCacheOptions> & {text?: string} = {}) {
  const disk = {text: options.text, writes: 0, isFull: false};
  const log: string[] = [];
  const opened: CachedRecords[] = [];
  const stop = new AbortController();
  let now = 1_000_000;
  const steps: Array<() => void> = [];
  const note = (level: string) => (_fields: object, message: string) => void log.push(`${level} ${message}`);
  const cache = createStateCache({
    file: '/state.json',
    isEnabled: true,
    files: {
      read: async () => disk.text,
      async replace(_file, text) {
        if (disk.isFull) throw new Error('no space left');
        disk.text = text;
        disk.writes += 1;
      },
      async remove() {
        disk.text = undefined;
      },
      kindOf: async () => (disk.text === undefined ? undefined : 'file'),
    },
    clock: {
      now: () => now,
      async sleep(ms, signal) {
        if (signal?.aborted) return;
        if (ms === Infinity) return new Promise(resolve => signal?.addEventListener('abort', () => resolve()));
        now += ms;
        const step = steps.shift();
        if (step === undefined) stop.abort();
        else step();
      },
    },
    log: {info: note('info'), warn: note('warn')},
    isCached: ({value}) => value !== undefined,
    render: cached => JSON.stringify({...cached, records: [...cached.records]}),
    parse(text) {
      const {records, ...rest} = JSON.parse(text);
      return {...rest, records: new Map(records)};
    },
    isInTouch: () => true,
    open: cached => void opened.push(cached),
    ...options,
  });
  const tell = (revision: number, ...values: readonly string[]) => {
    for (const [index, value] of values.entries()) cache.onEvent({key: String(index), value, modRevision: revision});
    cache.onRevision(revision);
  };
  return {
    cache,
    disk,
    log,
    opened,
    /** A first whole listing. */
    list(revision: number, ...values: readonly string[]) {
      cache.onReset();
      tell(revision, ...values);
    },
    tell,
    /** Runs; at each look of the cache one of these happens, and after the last it is told to stop. */
    async run(...happenings: ReadonlyArray<() => void>) {
      steps.push(...happenings);
      await cache.run(stop.signal);
    },
    wait: (ms: number) => {
      now += ms;
    },
    get text() {
      return JSON.parse(disk.text ?? '{}');
    },
  };
}

const nothing = () => undefined;
const file = (at: number, ...values: readonly string[]) =>
  JSON.stringify({revision: 5, writtenAt: at, records: values.map((value, index) => [String(index), value])});

test('the first whole listing is written, and then what has changed, not more often than every five seconds', async t => {
  const machine = setUp();
  const {disk, tell} = machine;
  machine.list(7, 'a', 'b');
  t.is(disk.writes, 0, 'writing is left to the loop');
  let atOnce = 0;
  await machine.run(
    () => {
      atOnce = disk.writes;
      tell(8, 'a2');
    },
    () => tell(9, 'a3'),
    () => t.is(disk.writes, 1),
    () => t.is(disk.writes, 1),
    nothing,
    nothing,
    () => t.is(disk.writes, 2),
    nothing,
    nothing,
    nothing,
    nothing,
    nothing,
  );
  t.is(atOnce, 1);
  t.is(disk.writes, 2, 'what does not change is not written again');
  t.like(machine.text, {
    revision: 9,
    records: [
      ['0', 'a3'],
      ['1', 'b'],
    ],
  });
});

test('what changed last is written before the end', async t => {
  const machine = setUp();
  machine.list(7, 'a');
  await machine.run(nothing, () => machine.tell(8, 'a2'));
  t.like(machine.text, {revision: 8, records: [['0', 'a2']]});
});

test('a listing that says the same is not written, one that lacks something is', async t => {
  const machine = setUp();
  machine.list(7, 'a', 'b');
  await machine.run(
    () => machine.list(8, 'a', 'b'),
    ...Array<() => void>(8).fill(nothing),
    () => t.is(machine.disk.writes, 1),
    () => machine.list(9, 'a'),
    ...Array<() => void>(8).fill(nothing),
  );
  t.is(machine.disk.writes, 2);
  t.like(machine.text, {revision: 9, records: [['0', 'a']]});
});

test('half a listing is never written', async t => {
  const machine = setUp();
  machine.list(7, 'a', 'b');
  await machine.run(
    nothing,
    () => {
      machine.cache.onReset();
      machine.cache.onEvent({key: '0', value: 'a', modRevision: 8});
    },
    ...Array<() => void>(8).fill(nothing),
  );
  t.is(machine.disk.writes, 1);
  t.like(machine.text, {
    records: [
      ['0', 'a'],
      ['1', 'b'],
    ],
  });
});

test('with the store in touch the time is renewed now and then, without it is not', async t => {
  let isInTouch = true;
  const machine = setUp({isInTouch: () => isInTouch});
  machine.list(7, 'a');
  await machine.run(
    () => machine.wait(599_000),
    nothing,
    nothing,
    () => t.is(machine.disk.writes, 2),
    () => {
      isInTouch = false;
      machine.wait(3_000_000);
    },
    nothing,
    nothing,
  );
  t.is(machine.disk.writes, 2);
});

test('where the store says nothing the file is opened, once, and what the store tells later ends that', async t => {
  const machine = setUp({text: file(900_000, 'a')});
  await machine.run(
    nothing,
    () => {
      t.is(machine.cache.inUse?.revision, 5);
      machine.list(9, 'b');
    },
    nothing,
    nothing,
  );
  t.is(machine.cache.inUse, undefined);
  t.deepEqual(machine.opened, [{revision: 5, writtenAt: 900_000, records: new Map([['0', 'a']])}]);
  t.deepEqual(machine.log, [
    'warn the store says nothing, beginning with the cached state: what is missing is added, nothing is removed',
    'info the store has told its state, the cached one is done with',
  ]);
  t.like(machine.text, {revision: 9, records: [['0', 'b']]});
});

test('a store that speaks in time makes the file needless, and one that says the same leaves it as it is', async t => {
  const machine = setUp({text: file(900_000, 'a')});
  await machine.run(() => machine.list(9, 'a'), nothing, nothing);
  t.deepEqual(machine.opened, []);
  t.is(machine.disk.writes, 0);
  t.deepEqual(machine.log, []);
});

test('a file that cannot be used is told of once, and written over when the store has spoken', async t => {
  const machine = setUp({text: '{'});
  await machine.run(nothing, () => machine.list(9, 'a'), nothing);
  t.deepEqual(machine.log, ['warn cached state cannot be used']);
  t.deepEqual(machine.opened, []);
  t.like(machine.text, {revision: 9});
});

test('a disk that takes nothing is told of once, and tried again', async t => {
  const machine = setUp();
  machine.disk.isFull = true;
  machine.list(7, 'a');
  await machine.run(
    ...Array<() => void>(12).fill(nothing),
    () => {
      machine.disk.isFull = false;
    },
    ...Array<() => void>(6).fill(nothing),
  );
  t.is(machine.disk.writes, 1);
  t.deepEqual(machine.log, [
    'warn state cannot be cached, will retry: a reboot without the store would begin with an older one',
    'info state can be cached again',
  ]);
});

test('switched off it reads and writes nothing, and removes a file once the store has spoken', async t => {
  const machine = setUp({text: file(900_000, 'a'), isEnabled: false});
  const running = machine.run();
  t.truthy(machine.disk.text);
  machine.list(9, 'b');
  await running;
  t.is(machine.disk.text, undefined);
  t.deepEqual([machine.opened, machine.log], [[], []]);
});
