import test from 'ava';
import {createLeaseIds} from '../../src/core/vip-lease-id.ts';

const ids = (hostName: string, bootId: string, random = Math.random) => createLeaseIds({hostName, bootId, random});

test('a lease is known again by an agent of the same host and run of the machine, and by no other', t => {
  const own = ids('host-1', 'a-b-c');
  for (let count = 0; count < 100; count += 1) {
    const id = own.next();
    t.true(BigInt(id) > 0n && BigInt(id) < 2n ** 63n);
    t.true(ids('host-1', 'a-b-c').isOwn(id));
    t.false(ids('host-2', 'a-b-c').isOwn(id));
    t.false(ids('host-1', 'a-b-d').isOwn(id));
  }
  t.false(own.isOwn('7587876413564158212'));
});

test('no number is 0 or too large, whatever chance says', t => {
  for (const random of [() => 0, () => 1 - 2 ** -53]) {
    const own = ids('h', 'b', random);
    const id = BigInt(own.next());
    t.true(id > 0n && id < 2n ** 63n && own.isOwn(String(id)));
  }
});
