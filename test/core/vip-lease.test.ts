import test from 'ava';
import {addressLifetime, holdOffMs, holdUntil, renewEveryMs, renewLimitMs} from '../../src/core/vip-lease.ts';

const kernelLateMs = 1000;

test('a lifetime of the kernel is over before another host may take the address, however late it is set and looked after', t => {
  for (const ttlMs of [2000, 3000, 5000, 60_000]) {
    const proof = {sentAt: 77, ttlMs};
    const nextHolder = proof.sentAt + ttlMs + holdOffMs;
    let set = 0;
    for (let now = proof.sentAt; now < nextHolder + 1000; now += 1) {
      const lifetime = addressLifetime(proof, now);
      if (lifetime === undefined) continue;
      set += 1;
      t.true(Number.isInteger(lifetime.seconds) && lifetime.seconds >= 1);
      t.true(now <= lifetime.latestAt);
      t.true(lifetime.latestAt + lifetime.seconds * 1000 + kernelLateMs < nextHolder, `${ttlMs} ${now}`);
      t.true(now + lifetime.seconds * 1000 <= holdUntil(proof));
    }
    t.true(set > 100);
  }
});

test('a lifetime is a second shorter than the lease when the answer came quickly, and shorter again when it did not', t => {
  const proof = {sentAt: 10_000, ttlMs: 3000};
  const secondsAfter = (ms: number) => addressLifetime(proof, 10_000 + ms)?.seconds;
  t.deepEqual([0, 150, 151, 1150, 1151, 5000].map(secondsAfter), [2, 2, 1, 1, undefined, undefined]);
  t.deepEqual(addressLifetime(proof, 10_100), {seconds: 2, latestAt: 10_150});
});

test('several renewals may fail before an address goes', t => {
  for (const ttlMs of [2000, 3000, 30_000]) {
    const proof = {sentAt: 0, ttlMs};
    t.true(renewEveryMs(proof) * 3 <= (addressLifetime(proof, 0)?.seconds ?? 0) * 1000);
    t.true(renewLimitMs(proof) < holdUntil(proof));
  }
});
