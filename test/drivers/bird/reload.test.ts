import test from 'ava';
import {BirdControlError, BirdNotRunningError, type BirdReply} from '../../../src/drivers/bird/control-socket.ts';
import {createReload} from '../../../src/drivers/bird/reload.ts';
import {systemFiles} from '../../../src/system/file-system.ts';

test("0003 is done, 8002 is refused with BIRD's words", async t => {
  t.deepEqual(await reload([{code: '0003', lines: ['Reading configuration', 'Reconfigured']}]).result, {how: 'configured'});
  t.deepEqual(await reload([{code: '8002', lines: ['Reading configuration', '/x:1:2 wrong']}]).result, {
    how: 'refused',
    message: '/x:1:2 wrong',
  });
});

for (const code of ['0004', '0005']) {
  test(`${code}: waits until BIRD is done`, async t => {
    const busy = {code: '0013', lines: ['BIRD 2.0.12', 'Reconfiguration in progress']};
    const {result, asked} = reload([
      {code, lines: ['Reconfiguration in progress']},
      busy,
      busy,
      {code: '0013', lines: ['Daemon is up and running']},
    ]);
    t.deepEqual(await result, {how: 'configured'});
    t.deepEqual(asked, ['configure', 'show status', 'show status', 'show status']);
  });
}

test('a reconfiguration without end is an error', async t => {
  const busy = Array.from({length: 20_000}, () => ({code: '0013', lines: ['Reconfiguration in progress']}));
  await t.throwsAsync(reload([{code: '0004', lines: ['']}, ...busy]).result, {
    instanceOf: BirdControlError,
    message: /still reconfiguring after 120 s/,
  });
});

test('other answers', async t => {
  await t.throwsAsync(reload([{code: '0006', lines: ['Reconfiguration ignored, shutting down']}]).result, {
    instanceOf: BirdNotRunningError,
  });
  await t.throwsAsync(reload([{code: '8007', lines: ['Access denied']}]).result, {
    instanceOf: BirdControlError,
    message: /8007 Access denied/,
  });
});

test('signals keep a distance, since BIRD drops one that comes too early', async t => {
  let now = 5000;
  const signals: number[] = [];
  const run = createReload({
    control: {command: async () => Promise.reject(new BirdNotRunningError('no socket'))},
    files: {...systemFiles, read: async file => (file === '/run/bird.pid' ? '4711\n' : 'bird\n')},
    clock: {
      now: () => now,
      async sleep(ms) {
        now += ms;
      },
    },
    birdPidFile: '/run/bird.pid',
    signal: () => signals.push(now),
  });
  t.deepEqual(await run(), {how: 'signalled'});
  now += 10;
  await run();
  t.deepEqual(signals, [5000, 6000]);
});

function reload(replies: readonly BirdReply[]) {
  let now = 0;
  const asked: string[] = [];
  const run = createReload({
    control: {
      async command(text) {
        asked.push(text);
        return replies[asked.length - 1] ?? {code: '9001', lines: ['unexpected']};
      },
    },
    files: {...systemFiles, read: async () => undefined},
    clock: {
      now: () => now,
      async sleep(ms) {
        now += ms;
      },
    },
    birdPidFile: '/run/bird.pid',
    signal: () => undefined,
  });
  return {result: run(), asked};
}
