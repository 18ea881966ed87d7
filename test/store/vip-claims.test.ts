import test from 'ava';
import {parseAddress} from '../../src/core/prefix.ts';
import type {Vip} from '../../src/core/state.ts';
import {renderRecord} from '../../src/store/records.ts';
import {createVipClaims} from '../../src/store/vip-claims.ts';
import {startEtcd, type TestEtcd} from '../helpers/etcd.ts';
import {put} from '../helpers/store.ts';
import {waitFor} from '../helpers/wait.ts';

const web: Vip = {name: 'shop/web', ip: parseAddress('192.0.2.1'), hosts: ['host-1', 'host-2']};

async function start(t: Parameters<typeof startEtcd>[0]) {
  const etcd = await startEtcd(t);
  const store = etcd.openStore();
  for (const [index, ttl] of [600, 600, 2].entries()) await store.leases.grant(String(index + 1), ttl);
  await put(store, etcd.keys.vip(web.name), renderRecord(web));
  return {etcd, store, claims: createVipClaims(store, etcd.keys)};
}
const by = (lease: string) => ({host: `host-${lease}`, since: 1, lease});
const holderKeys = async (etcd: TestEtcd) => (await etcd.dump()).entries.map(({key}) => key).filter(key => /held|holder/.test(key));

test('of many who want a VIP one gets it, and each is told right', async t => {
  const {etcd, store, claims} = await start(t);
  const results = await Promise.all(Array.from({length: 20}, (_, index) => claims.take(web, by(String((index % 2) + 1)))));
  const holder = await store.get(etcd.keys.vipHolder(web.name));
  t.true(holder?.lease === '1' || holder?.lease === '2');
  t.is(holder?.value, JSON.stringify({host: `host-${holder?.lease}`, since: 1, ip: '192.0.2.1'}));
  for (const [index, revision] of results.entries()) {
    if (String((index % 2) + 1) !== holder?.lease) t.is(revision, undefined);
    else if (revision !== undefined) t.is(revision, holder.modRevision);
  }
  t.is(await claims.take(web, by(holder?.lease ?? '')), holder?.modRevision);
  t.deepEqual(await claims.heldBy(web.name), {lease: holder?.lease ?? '', revision: holder?.modRevision ?? 0});
});

test('who gives it up leaves nothing, and who does not hold it changes nothing', async t => {
  const {etcd, claims} = await start(t);
  await claims.take(web, by('1'));
  await claims.release(web, '2');
  t.is((await claims.heldBy(web.name))?.lease, '1');
  t.is((await holderKeys(etcd)).length, 2);
  await claims.release(web, '1');
  t.deepEqual(await holderKeys(etcd), []);
  await claims.release(web, '1');
  t.truthy(await claims.take(web, by('2')));
});

test('a VIP whose record is another one by now, or is gone, is not taken', async t => {
  const {etcd, store, claims} = await start(t);
  for (const old of [
    {...web, ip: parseAddress('192.0.2.9')},
    {...web, hosts: []},
    {...web, name: 'other'},
  ]) {
    t.is(await claims.take(old, by('1')), undefined);
  }
  t.deepEqual(await holderKeys(etcd), []);
  await store.commit({conditions: [], operations: [{delete: etcd.keys.vip(web.name)}]});
  t.is(await claims.take(web, by('1')), undefined);
});

test('an IP that is still held under another name is not taken', async t => {
  const {etcd, store, claims} = await start(t);
  await claims.take(web, by('1'));
  const renamed = {...web, name: 'renamed'};
  await put(store, etcd.keys.vip(renamed.name), renderRecord(renamed));
  t.is(await claims.take(renamed, by('2')), undefined);
  await claims.release(web, '1');
  t.truthy(await claims.take(renamed, by('2')));
});

test('when the lease ends nobody holds the VIP, and who has no lease any more does not get it', async t => {
  const {etcd, claims} = await start(t);
  t.truthy(await claims.take(web, by('3')));
  await waitFor('the keys are gone', async () => (await holderKeys(etcd)).length === 0);
  t.is(await claims.heldBy(web.name), undefined);
  await t.throwsAsync(claims.take(web, by('3')), {message: /the lease has ended/});
});
