import anyTest from 'ava';
import {InputError} from '../../src/core/errors.ts';
import {startDaemon, type TestDaemon} from '../helpers/daemon.ts';
import type {TestEtcd} from '../helpers/etcd.ts';
import {findBrokenPromises, startSystem} from '../helpers/ipam.ts';
import {createRandom, seed} from '../helpers/random.ts';
import {newHost, once, startPair} from './in-process.ts';

// One system at a time: each is an etcd and its daemons.
const test = anyTest.serial;

const names = async (daemon: TestDaemon, path: string) => (await daemon.get(path)).body.map(({name}: {name: string}) => name);

test('tenants and segments are made known, listed by name, and forgotten', async t => {
  const {daemon, etcd} = await startSystem(t);
  t.deepEqual((await daemon.get('/tenants')).body, []);
  for (const name of ['b', 'a', 'B.1_x-y']) t.deepEqual((await daemon.post('/tenants', {name})).body, null);
  t.deepEqual((await daemon.get('/tenants')).body, [{name: 'B.1_x-y'}, {name: 'a'}, {name: 'b'}]);
  t.deepEqual((await daemon.get('/tenants/a/segments')).body, []);
  for (const name of ['web', 'db']) t.deepEqual((await daemon.post('/tenants/a/segments', {name})).body, null);
  t.is((await daemon.post('/tenants/b/segments', {name: 'web'})).status, 200, 'two tenants may have segments of one name');
  t.deepEqual((await daemon.get('/tenants/a/segments')).body, [{name: 'db'}, {name: 'web'}]);

  t.deepEqual((await daemon.delete('/tenants/a/segments/web')).body, null);
  t.deepEqual(await names(daemon, '/tenants/a/segments'), ['db']);
  t.deepEqual(await names(daemon, '/tenants/b/segments'), ['web']);

  t.deepEqual((await daemon.delete('/tenants/a')).body, null);
  t.is((await daemon.get('/tenants/a/segments')).status, 404);
  t.is((await daemon.post('/tenants', {name: 'a'})).status, 200);
  t.deepEqual(await names(daemon, '/tenants/a/segments'), [], 'its segments went with it');
  t.deepEqual(await keysBelow(etcd, 'segments/'), ['segments/b/web']);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('what is known, unknown or no name is refused', async t => {
  const {daemon} = await startSystem(t);
  await daemon.post('/tenants', {name: 'shop'});
  await daemon.post('/tenants/shop/segments', {name: 'web'});
  const long = 'a'.repeat(254);
  const cases: [method: string, path: string, body: unknown, status: number, details: RegExp][] = [
    ['POST', '/tenants', {name: 'shop'}, 409, /^A tenant named "shop" exists already\.$/],
    ['POST', '/tenants/shop/segments', {name: 'web'}, 409, /^A segment named "web" exists already\.$/],
    ['DELETE', '/tenants/zz', undefined, 404, /^A tenant named "zz" does not exist\.$/],
    ['GET', '/tenants/zz/segments', undefined, 404, /^A tenant named "zz" /],
    ['POST', '/tenants/zz/segments', {name: 'web'}, 404, /^A tenant named "zz" /],
    ['DELETE', '/tenants/zz/segments/web', undefined, 404, /^A tenant named "zz" /],
    ['DELETE', '/tenants/shop/segments/zz', undefined, 404, /^A segment named "zz" does not exist\.$/],
    ...['', 'bad tenant!', 'a/b', '.', '..', 'tenänt', long].flatMap((name): [string, string, unknown, number, RegExp][] => [
      ['POST', '/tenants', {name}, 422, /^Bad tenant name: ".*" \(expected /],
      ['POST', '/tenants/shop/segments', {name}, 422, /^Bad segment name: ".*" \(expected /],
    ]),
    ['POST', '/tenants', {}, 400, /^Field name is required\.$/],
    ['POST', '/tenants', {name: 'x', segments: []}, 400, /^Unknown field "segments" in the body\.$/],
    ['DELETE', '/tenants/shop?force=true', undefined, 400, /^Unknown field "force" in the query\.$/],
  ];
  for (const [method, path, body, status, details] of cases) {
    const answer = await daemon.request(method, path, body);
    t.is(answer.status, status, `${method} ${path} ${JSON.stringify(body)}: ${JSON.stringify(answer.body)}`);
    t.regex(answer.body.details, details);
  }
  t.like((await daemon.get('/tenants/zz/segments')).body, {resource_type: 'tenant', resource_id: 'zz'});
  t.deepEqual(await names(daemon, '/tenants'), ['shop']);
  t.deepEqual(await names(daemon, '/tenants/shop/segments'), ['web']);
});

test('what addresses belong to stays until the last of them is gone; addresses may belong to others too', async t => {
  const {daemon, etcd} = await startSystem(t, {hosts: ['h1']});
  for (const name of ['shop', 'empty']) await daemon.post('/tenants', {name});
  for (const name of ['web', 'db']) await daemon.post('/tenants/shop/segments', {name});
  await daemon.allocate('a', 'h1', {tenant: 'shop', segment: 'web'});
  await daemon.allocate('b', 'h1', {tenant: 'shop', segment: 'web'});
  t.is(await daemon.allocate('c', 'h1', {tenant: 'nobody', segment: 'knows'}), '10.111.0.8');

  const tenant = await daemon.delete('/tenants/shop');
  t.is(tenant.status, 409);
  t.is(tenant.body.details, 'Tenant shop is in use by 2 addresses, in block 10.111.0.0/29 of host h1 for one.');
  await daemon.delete('/address?addressName=a');
  const segment = await daemon.delete('/tenants/shop/segments/web');
  t.is(segment.status, 409);
  t.is(segment.body.details, 'Segment web of tenant shop is in use by 1 address, in block 10.111.0.0/29 of host h1 for one.');
  t.is((await daemon.delete('/tenants/shop/segments/db')).status, 200, 'another segment is not in use');
  t.is((await daemon.delete('/tenants/empty')).status, 200);
  t.deepEqual(await names(daemon, '/tenants'), ['shop']);

  await daemon.delete('/address?addressName=b');
  t.is((await daemon.delete('/tenants/shop/segments/web')).status, 200);
  t.is((await daemon.delete('/tenants/shop')).status, 200);
  t.deepEqual(await names(daemon, '/tenants'), []);
  t.is((await daemon.get('/addresses/c')).body[0].tenant, 'nobody');
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a tenant goes with more segments than one transaction holds', async t => {
  const {daemon, etcd} = await startSystem(t);
  await daemon.post('/tenants', {name: 'big'});
  const added = await Promise.all(Array.from({length: 250}, (_, n) => daemon.post('/tenants/big/segments', {name: `s${n}`})));
  t.true(added.every(({status}) => status === 200));
  t.is((await daemon.get('/tenants/big/segments')).body.length, 250);
  t.is((await daemon.delete('/tenants/big')).status, 200);
  t.deepEqual([...(await keysBelow(etcd, 'tenants/')), ...(await keysBelow(etcd, 'segments/'))], []);
});

test('what one daemon made known counts for another at once, and survives a restart', async t => {
  const {daemon, etcd} = await startSystem(t);
  const other = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  await daemon.post('/tenants', {name: 'shop'});
  t.is((await other.post('/tenants', {name: 'shop'})).status, 409);
  t.is((await other.post('/tenants/shop/segments', {name: 'web'})).status, 200);
  t.is((await daemon.delete('/tenants/shop/segments/web')).status, 200);
  await other.post('/tenants/shop/segments', {name: 'db'});
  await daemon.kill();
  await other.kill();
  const again = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  t.deepEqual(await names(again, '/tenants'), ['shop']);
  t.deepEqual(await names(again, '/tenants/shop/segments'), ['db']);
});

// Two daemons in one process, so that one can act in the very moment before the other commits.

test('a tenant that is removed while it gets a segment takes that segment with it', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.tenants.add('shop');
  await b.ledger.sync();
  a.beforeCommit = once(() => b.tenants.addSegment({tenant: 'shop', name: 'web'}));
  const {refusals} = a;
  await a.tenants.remove('shop');
  t.is(a.refusals, refusals + 1, 'it has met the conflict');
  t.deepEqual([...(await keysBelow(etcd, 'tenants/')), ...(await keysBelow(etcd, 'segments/'))], []);
});

test('a segment is not added to a tenant that is removed in the same moment', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.tenants.add('shop');
  await b.ledger.sync();
  a.beforeCommit = once(() => b.tenants.remove('shop'));
  await t.throwsAsync(a.tenants.addSegment({tenant: 'shop', name: 'web'}), {code: 'ERR_NOT_FOUND', message: /tenant named "shop"/});
  t.deepEqual(await keysBelow(etcd, 'segments/'), []);
});

test('a tenant that is removed while an address is given out for it stays, with its segments', async t => {
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  await a.tenants.add('shop');
  await a.tenants.addSegment({tenant: 'shop', name: 'web'});
  await b.ledger.sync();
  const allocate = (name: string) => b.addresses.allocate({name, host: 'h1', tenant: 'shop', segment: 'web'});
  a.beforeCommit = once(() => allocate('x'));
  await t.throwsAsync(a.tenants.remove('shop'), {code: 'ERR_CONFLICT', message: /^Tenant shop is in use by 1 address, /});
  a.beforeCommit = async () => undefined;
  await b.addresses.release('x');
  await a.ledger.sync();
  a.beforeCommit = once(() => allocate('y'));
  await t.throwsAsync(a.tenants.removeSegment({tenant: 'shop', name: 'web'}), {
    code: 'ERR_CONFLICT',
    message: /^Segment web of tenant shop is /,
  });
  t.deepEqual(await keysBelow(etcd, 'segments/'), ['segments/shop/web']);
  t.deepEqual(a.tenants.listSegments('shop'), ['web']);
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a name that two make known in the same moment is known once', async t => {
  const {etcd, a, b} = await startPair(t);
  a.beforeCommit = once(() => b.tenants.add('shop'));
  await t.throwsAsync(a.tenants.add('shop'), {code: 'ERR_EXISTS'});
  a.beforeCommit = once(() => b.tenants.addSegment({tenant: 'shop', name: 'web'}));
  await t.throwsAsync(a.tenants.addSegment({tenant: 'shop', name: 'web'}), {code: 'ERR_EXISTS'});
  a.beforeCommit = once(() => b.tenants.removeSegment({tenant: 'shop', name: 'web'}));
  await t.throwsAsync(a.tenants.removeSegment({tenant: 'shop', name: 'web'}), {code: 'ERR_NOT_FOUND', message: /segment named "web"/});
  t.deepEqual(await keysBelow(etcd, 'segments/'), []);
});

test('whatever two daemons do at once, no segment is left without its tenant, and none in use is forgotten', async t => {
  t.log(`SEED=${seed}`);
  const {etcd, a, b} = await startPair(t);
  await a.hosts.add(newHost(1));
  await b.ledger.sync();
  const refused = new Set<string>();
  const worker = async (id: number) => {
    const random = createRandom(seed + id);
    for (let step = 0; step < 60; step += 1) {
      const daemon = random.pick([a, b]);
      const [tenant, name] = [random.pick(['t1', 't2']), random.pick(['s1', 's2', 's3'])];
      const {tenants, addresses} = daemon;
      const act = random.pick([
        () => tenants.add(tenant),
        () => tenants.addSegment({tenant, name}),
        () => tenants.addSegment({tenant, name}),
        () => tenants.remove(tenant),
        () => tenants.removeSegment({tenant, name}),
        () => addresses.allocate({name: `x${id}`, host: 'h1', tenant, segment: name}),
        () => addresses.release(`x${id}`),
      ]);
      await act().catch((error: unknown) => {
        if (!(error instanceof InputError)) throw error;
        refused.add(error.code);
      });
    }
  };
  await Promise.all([1, 2, 3, 4, 5, 6].map(worker));
  // Each of them was met, so that something was at stake.
  t.deepEqual([...refused].sort(), ['ERR_CONFLICT', 'ERR_EXISTS', 'ERR_NOT_FOUND']);
  const known = new Set(await keysBelow(etcd, 'tenants/'));
  const segments = await keysBelow(etcd, 'segments/');
  t.deepEqual(
    segments.filter(key => !known.has(`tenants/${key.split('/')[1]}`)),
    [],
  );
  for (const daemon of [a, b]) {
    await daemon.ledger.sync();
    const shown = daemon.tenants.list().flatMap(tenant => daemon.tenants.listSegments(tenant).map(name => `segments/${tenant}/${name}`));
    t.deepEqual(shown, segments);
  }
  t.deepEqual(await findBrokenPromises(etcd), []);
});

test('a record that someone has broken by hand is as it was, and can be removed', async t => {
  const {etcd, a} = await startPair(t);
  await a.tenants.add('shop');
  await etcd.openStore().commit({conditions: [], operations: [{put: etcd.keys.tenant('shop'), value: '{"name": 7}'}]});
  await a.ledger.sync();
  t.deepEqual(a.tenants.list(), ['shop']);
  await a.tenants.remove('shop');
  t.deepEqual(await keysBelow(etcd, 'tenants/'), []);
});

/** The keys below our prefix that begin so, without the prefix. */
async function keysBelow(etcd: TestEtcd, start: string): Promise<string[]> {
  const {entries} = await etcd.dump();
  const below = entries.map(({key}) => key.slice(etcd.keys.all.length));
  return below.filter(key => key.startsWith(start));
}
