import test from 'ava';
import {createVipLease} from '../../../src/agent/vips/lease.ts';
import {StoreError} from '../../../src/store/store.ts';
import {createFakeClock} from '../../reconcile/fake-clock.ts';

/** An etcd that is told what to answer, and a lease of 3 s that is renewed until the test ends. */
function start() {
  const clock = createFakeClock();
  const asked: number[] = [];
  const told: string[] = [];
  let answer: () => Promise<number> = async () => 3;
  const lease = createVipLease({
    leases: {
      grant: async (_id, seconds) => seconds,
      keepAlive(_id, limitMs) {
        asked.push(limitMs);
        return answer();
      },
      revoke: async () => undefined,
    },
    ids: {next: () => '17', isOwn: id => id === '17'},
    leaseSeconds: 3,
    uptime: clock.now,
    clock,
    log: {warn: (_fields, message) => void told.push(`warn: ${message}`), info: (_fields, message) => void told.push(`info: ${message}`)},
    onRenewed: () => void told.push(`renewed, sent at ${lease.proof?.sentAt}`),
    onLost: (id, reason) => void told.push(`lost ${id} at ${clock.now()}: ${reason}`),
  });
  const stop = new AbortController();
  const running = lease.run(stop.signal);
  return {
    clock,
    asked,
    told,
    lease,
    answerWith(next: typeof answer) {
      answer = next;
    },
    async end() {
      stop.abort();
      // What is on its way comes to its end.
      await clock.advance(1000);
      await running;
    },
  };
}

test('a lease is renewed six times in its time, and proven from when each renewal was sent', async t => {
  const {clock, told, lease, answerWith, end} = start();
  await clock.advance(1000);
  t.deepEqual(told, []);
  await lease.begin();
  t.deepEqual(lease.proof, {sentAt: 1000, ttlMs: 3000});
  answerWith(async () => {
    await clock.sleep(120);
    return 3;
  });
  await clock.advance(1600);
  t.deepEqual(told, ['renewed, sent at 1000', 'renewed, sent at 1500', 'renewed, sent at 2000']);
  t.deepEqual(lease.proof, {sentAt: 2000, ttlMs: 3000});
  await end();
});

test('a lease that has ended is lost at once', async t => {
  const {clock, told, lease, answerWith, end} = start();
  await lease.begin();
  await clock.advance(600);
  answerWith(async () => 0);
  await clock.advance(600);
  t.is(told.at(-1), 'lost 17 at 1000: it has ended');
  t.deepEqual([lease.id, lease.proof], [undefined, undefined]);
  const count = told.length;
  await clock.advance(5000);
  t.is(told.length, count);
  await end();
});

test('without an answer it is tried again and again, told once, and lost while the address would still be on', async t => {
  const {clock, told, asked, lease, answerWith, end} = start();
  await lease.begin();
  await clock.advance(10);
  answerWith(async () => {
    throw new StoreError('no answer');
  });
  await clock.advance(5000);
  t.deepEqual(told, [
    'renewed, sent at 0',
    'warn: lease of the VIPs could not be renewed, will retry',
    'lost 17 at 2150: it could not be renewed in time',
  ]);
  // Nobody waits longer for an answer than it would help.
  t.deepEqual(asked, [1000, 1000, 1000, 650, 150]);
  await end();
});

test('renewals that come back are told of, and an answer that comes after the loss does not bring it back', async t => {
  const {clock, told, lease, answerWith, end} = start();
  await lease.begin();
  await clock.advance(10);
  answerWith(async () => {
    throw new StoreError('no answer');
  });
  await clock.advance(1200);
  answerWith(async () => 3);
  await clock.advance(500);
  t.deepEqual(told.slice(1, 3), ['warn: lease of the VIPs could not be renewed, will retry', 'info: lease of the VIPs is renewed again']);
  answerWith(async () => {
    await clock.sleep(400);
    return 3;
  });
  await clock.advance(100);
  t.is(lease.forget(), '17');
  await clock.advance(1000);
  t.is(lease.proof, undefined);
  await end();
});

test('a lease of an agent before this one goes on if it lives', async t => {
  const {clock, lease, answerWith, end} = start();
  answerWith(async () => 0);
  t.false(await lease.resume('17'));
  t.is(lease.id, undefined);
  answerWith(async () => 5);
  await clock.advance(70);
  t.true(await lease.resume('17'));
  t.deepEqual(lease.proof, {sentAt: 70, ttlMs: 5000});
  await lease.begin();
  t.deepEqual(lease.proof, {sentAt: 70, ttlMs: 5000});
  await end();
});
