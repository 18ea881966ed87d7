import test from 'ava';
import {isSameTime, parseBirdStatus} from '../../../src/drivers/bird/bird-status.ts';
import {createConfigure} from '../../../src/drivers/bird/configure.ts';
import {BirdControlError, BirdNotRunningError, type BirdReply} from '../../../src/drivers/bird/control-socket.ts';

const busy = {code: '0013', lines: ['BIRD 2.0.12', 'Reconfiguration in progress']};
const ready = {code: '0013', lines: ['Daemon is up and running']};

test("0003 is done, 8002 is refused with BIRD's words", async t => {
  const {configure, asked} = script([{code: '0003', lines: ['Reading configuration', 'Reconfigured']}]);
  t.deepEqual(await configure.load('/x'), {isRefused: false});
  t.deepEqual(asked, ['configure "/x"']);
  const refusing = script([{code: '8002', lines: ['Reading configuration', '/x:1:2 wrong']}]);
  t.deepEqual(await refusing.configure.load('/x', 29.5), {isRefused: true, message: '/x:1:2 wrong'});
  t.deepEqual(refusing.asked, ['configure "/x" timeout 30'], 'BIRD counts whole seconds');
});

for (const code of ['0004', '0005']) {
  test(`${code} is not success yet: waits until BIRD is done`, async t => {
    const {configure, asked} = script([{code, lines: ['Reconfiguration in progress']}, busy, busy, ready]);
    t.deepEqual(await configure.load('/x'), {isRefused: false});
    t.deepEqual(asked, ['configure "/x"', 'show status', 'show status', 'show status']);
  });
}

test('a reconfiguration without end is an error', async t => {
  const {configure} = script([{code: '0004', lines: ['']}, ...Array.from({length: 20_000}, () => busy)]);
  await t.throwsAsync(configure.load('/x'), {instanceOf: BirdControlError, message: /still reconfiguring after 120 s/});
});

test('other answers', async t => {
  const {configure} = script([
    {code: '0006', lines: ['Reconfiguration ignored, shutting down']},
    {code: '8007', lines: ['Access denied']},
    {code: '9001', lines: ['syntax error']},
    {code: '0016', lines: ['Access restricted']},
  ]);
  await t.throwsAsync(configure.load('/x'), {instanceOf: BirdNotRunningError});
  await t.throwsAsync(configure.load('/x'), {instanceOf: BirdControlError, message: /"configure "\/x"" with 8007 Access denied/});
  await t.throwsAsync(configure.confirm(), {instanceOf: BirdControlError, message: /9001 syntax error/});
  await t.throwsAsync(configure.undo(), {instanceOf: BirdControlError, message: /0016 Access restricted/});
});

test('confirm and undo say whether there was something to confirm or to undo', async t => {
  const nothing = {code: '0019', lines: ['Nothing to do']};
  const {configure} = script([
    {code: '0018', lines: ['Reconfiguration confirmed']},
    nothing,
    {code: '0003', lines: ['Undo requested', 'Reconfigured']},
    {code: '0004', lines: ['Undo requested', 'Reconfiguration in progress']},
    ready,
    nothing,
  ]);
  t.deepEqual([await configure.confirm(), await configure.confirm()], [true, false]);
  t.deepEqual([await configure.undo(), await configure.undo(), await configure.undo()], [true, true, false]);
});

test('a configuration is known by its time, whose last digits BIRD does not keep', t => {
  const {configuredAt, bootedAt, isReconfiguring} = parseBirdStatus({
    code: '0013',
    lines: [
      'BIRD 2.0.12',
      'Router ID is 1.1.1.1',
      'Last reboot on 2026-11-21 14:55:46.184',
      'Last reconfiguration on 2026-11-21 14:55:46.999',
      'Daemon is up and running',
    ],
  });
  t.deepEqual([bootedAt, configuredAt, isReconfiguring], ['2026-11-21 14:55:46.184', '2026-11-21 14:55:46.999', false]);
  t.true(isSameTime(configuredAt, '2026-11-21 14:55:47.000'));
  t.false(isSameTime(configuredAt, '2026-11-21 14:55:47.010'));
  t.true(isSameTime('21-11-2026 14:55:46', '21-11-2026 14:55:46'));
  t.false(isSameTime('21-11-2026 14:55:46', '21-11-2026 14:55:47'));
  t.true(isSameTime('14:55:46.999', '14:55:47.000'), 'without the date, as BIRD shows protocols');
  t.false(isSameTime('', configuredAt));
});

/** BIRD's answers, one after the other, and what it was asked. */
function script(replies: readonly BirdReply[]) {
  const asked: string[] = [];
  let now = 0;
  const clock = {
    now: () => now,
    async sleep(ms: number) {
      now += ms;
    },
  };
  const command = async (text: string) => {
    const reply = replies[asked.length];
    asked.push(text);
    if (reply === undefined) throw new Error('nothing more to say');
    return reply;
  };
  return {asked, configure: createConfigure({command}, clock)};
}
