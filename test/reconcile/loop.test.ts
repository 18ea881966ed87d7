import test, {type ExecutionContext} from 'ava';
import {createLoop} from '../../src/reconcile/loop.ts';
import {systemClock} from '../../src/system/clock.ts';
import {createFakeClock} from './fake-clock.ts';

interface Options {
  readonly minIntervalMs?: number;
  during?(state: string): Promise<boolean | undefined> | boolean | undefined;
}

/** A loop with settle 100, retry 500 up to 4000, resync 10000, whose passes are written down as "time state". */
function startLoop(t: ExecutionContext, {during, minIntervalMs = 0}: Options = {}) {
  const clock = createFakeClock();
  const passes: string[] = [];
  const loop = createLoop<string>({
    clock,
    settleMs: 100,
    minIntervalMs,
    retryMs: 500,
    maxRetryMs: 4000,
    resyncMs: 10_000,
    async pass(state) {
      passes.push(`${clock.now()} ${state}`);
      return (await during?.(state)) ?? true;
    },
  });
  const end = new AbortController();
  const ended = loop.run(end.signal);
  t.teardown(() => end.abort());
  return {clock, passes, loop, end, ended};
}

test('nothing happens before the first whole state, whatever the time and the nudges', async t => {
  const {clock, passes, loop} = startLoop(t);
  await clock.advance(100_000);
  loop.nudge();
  await clock.advance(100_000);
  t.deepEqual(passes, []);
  loop.offer('a');
  await clock.advance(100);
  t.deepEqual(passes, ['200100 a']);
});

test('a state offered before the loop runs is not lost', async t => {
  const {clock, passes, loop} = startLoop(t);
  loop.offer('a');
  await clock.advance(99);
  t.deepEqual(passes, []);
  await clock.advance(1);
  t.deepEqual(passes, ['100 a']);
});

test('a burst becomes one pass over the newest state', async t => {
  const {clock, passes, loop} = startLoop(t);
  for (const state of 'abcde') {
    loop.offer(state);
    await clock.advance(20);
  }
  await clock.advance(5000);
  t.deepEqual(passes, ['100 e']);
  for (const state of 'fgh') loop.offer(state);
  loop.nudge();
  await clock.advance(4000);
  t.deepEqual(passes.slice(1), ['5200 h']);
});

test('changes that never stop do not put the pass off for ever', async t => {
  const {clock, passes, loop} = startLoop(t);
  for (let index = 0; index < 100; index += 1) {
    loop.offer(String(index));
    await clock.advance(10);
  }
  t.true(passes.length >= 8 && passes.length <= 10, passes.join());
});

test('a steady stream of changes costs one pass each interval, the first change after a quiet time no more than the settling', async t => {
  const {clock, passes, loop} = startLoop(t, {minIntervalMs: 250});
  for (let index = 0; index < 100; index += 1) {
    loop.offer(String(index));
    await clock.advance(10);
  }
  await clock.advance(1000);
  t.deepEqual(passes, ['100 9', '350 34', '600 59', '850 84', '1100 99']);
  await clock.advance(1000);
  loop.offer('later');
  await clock.advance(100);
  t.is(passes.at(-1), '3100 later');
});

test('a change that comes during a pass gets a pass of its own', async t => {
  const {clock, passes, loop} = startLoop(t, {
    async during(state) {
      if (state === 'a') loop.offer('b');
      if (state === 'b') loop.nudge();
      await clock.sleep(state === 'c' ? 0 : 50);
      if (state === 'b' && passes.length === 3) loop.offer('c');
      return true;
    },
  });
  loop.offer('a');
  await clock.advance(5000);
  t.deepEqual(passes.slice(0, 3), ['100 a', '250 b', '400 b']);
  t.is(passes[3], '550 c');
  t.is(passes.length, 4);
});

test('a failed pass is retried after a doubling wait, a good one waits for the resync', async t => {
  let isBroken = true;
  const {clock, passes, loop} = startLoop(t, {during: () => !isBroken});
  loop.offer('a');
  await clock.advance(14_000);
  // 500, 1000, 2000, 4000, 4000 … and the settle time before each.
  t.deepEqual(passes, ['100 a', '700 a', '1800 a', '3900 a', '8000 a', '12100 a']);
  isBroken = false;
  await clock.advance(22_300);
  t.deepEqual(passes.slice(6), ['16200 a', '26300 a']);
  isBroken = true;
  await clock.advance(800);
  t.deepEqual(passes.slice(8), ['36400 a', '37000 a'], 'the waits begin small again');
});

test('a change during the long wait after failures is tried at once, and the waits begin small again', async t => {
  const {clock, passes, loop} = startLoop(t, {during: () => false});
  loop.offer('a');
  await clock.advance(9000);
  loop.nudge();
  await clock.advance(1000);
  t.deepEqual(passes.slice(5), ['9100 a', '9700 a']);
});

for (const [when, prepare] of [
  ['before the first state', async () => undefined],
  [
    'while a burst settles',
    async ({clock, loop}: ReturnType<typeof startLoop>) => {
      loop.offer('a');
      await clock.advance(50);
    },
  ],
  [
    'while it waits for the resync',
    async ({clock, loop}: ReturnType<typeof startLoop>) => {
      loop.offer('a');
      await clock.advance(5000);
    },
  ],
] as const) {
  test(`abort ends the loop ${when}, and it leaves no wait behind`, async t => {
    const started = startLoop(t);
    await prepare(started);
    const passes = started.passes.length;
    started.end.abort();
    await started.ended;
    t.is(started.passes.length, passes, 'without another pass');
    t.is(started.clock.waits, 0);
  });
}

test('abort during a pass lets it finish, and no other begins', async t => {
  const {clock, passes, loop, end, ended} = startLoop(t, {
    async during() {
      loop.offer('b');
      end.abort();
      return true;
    },
  });
  loop.offer('a');
  await clock.advance(100);
  await ended;
  t.deepEqual(passes, ['100 a']);
});

test('a loop that was told to stop before it began ends at once, also on the real clock', async t => {
  const loop = createLoop<string>({
    clock: systemClock,
    settleMs: 0,
    minIntervalMs: 0,
    retryMs: 1,
    maxRetryMs: 1,
    resyncMs: 1,
    pass: async () => t.fail() ?? true,
  });
  await loop.run(AbortSignal.abort());
  loop.offer('a');
  await loop.run(AbortSignal.abort());
  t.pass();
});
