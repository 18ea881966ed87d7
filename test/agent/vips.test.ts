import type {ExecutionContext} from 'ava';
import {namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {overlaps} from './address-record.ts';
import {createVipSegment, keys, type SegmentHost, type VipSegment, type VipSegmentOptions} from './vip-segment.ts';

// Real agents, each on a host of its own, on one segment with an etcd. Whatever happens, the kernels' own words say whether two had a VIP.

const test = namespaceTest({isSerial: true});
const [web, ip4, db, ip6] = ['shop/web', '192.168.20.99', 'shop/db', '2001:db8::99'] as const;

/** A segment with a VIP of each family and its agents running, once each VIP has a holder. */
async function start(t: ExecutionContext, options?: VipSegmentOptions) {
  const segment = await createVipSegment(t, options);
  await segment.putVip(web, ip4);
  await segment.putVip(db, ip6);
  await Promise.all(segment.hosts.map(host => host.start()));
  const holder = segment.host(await segment.settled(web, ip4));
  await segment.settled(db, ip6);
  return {segment, holder, others: segment.hosts.filter(host => host !== holder)};
}

/** Waits until another host has the VIP. */
const movedFrom = async (segment: VipSegment, holder: SegmentHost) =>
  segment.host(await segment.settled(web, ip4, name => name !== holder.name));

function neverTwo(t: ExecutionContext, {hosts}: VipSegment): void {
  t.deepEqual(overlaps(new Map(hosts.map(({name, record}) => [name, record]))), []);
}

/** When the address came to the host last, and when it went. */
const cameAt = ({record}: SegmentHost) => record.spansOf(ip4).at(-1)?.from ?? Number.NaN;
const wentAt = ({record}: SegmentHost) => record.spansOf(ip4).at(-1)?.to ?? Number.NaN;

function tellTimes(t: ExecutionContext, what: string, since: number, holder: SegmentHost, next: SegmentHost): void {
  t.log(`${what}: gone after ${Math.round(wentAt(holder) - since)} ms, on another host after ${Math.round(cameAt(next) - since)} ms`);
}

test('an agent that is killed loses its VIP to another host', async t => {
  const {segment, holder} = await start(t);
  const killedAt = Date.now();
  await holder.signal('SIGKILL');
  const next = await movedFrom(segment, holder);
  tellTimes(t, 'kill -9', killedAt, holder, next);
  // The lease and a second, where the machine has nothing else to do.
  t.true(cameAt(next) - killedAt < 10_000);
  neverTwo(t, segment);
});

test('an agent that is stopped has lost its VIP before another takes it, and does not take it back when it goes on', async t => {
  const {segment, holder} = await start(t);
  const stoppedAt = Date.now();
  await holder.signal('SIGSTOP');
  const next = await movedFrom(segment, holder);
  tellTimes(t, 'SIGSTOP', stoppedAt, holder, next);
  await holder.signal('SIGCONT');
  await waitFor('the agent knows', () => holder.log.some(({msg}) => msg === 'VIPs are lost with their lease'));
  // Whoever holds it keeps it, and the one that was stopped may take another one again.
  await segment.putVip('later', '192.168.20.98', [holder.name]);
  await segment.settled('later', '192.168.20.98', name => name === holder.name);
  t.is(await segment.holderOf(web), next.name);
  t.is(next.record.spansOf(ip4).length, 1);
  neverTwo(t, segment);
});

test('a host that is cut off from etcd drops its VIP by itself before another takes it, and says so', async t => {
  const {segment, holder} = await start(t, {hosts: 2});
  const cutAt = Date.now();
  await holder.cut();
  const next = await movedFrom(segment, holder);
  tellTimes(t, 'cut off', cutAt, holder, next);
  t.true(holder.log.some(({msg}) => msg === 'VIPs are lost with their lease'));
  await holder.heal();
  await segment.putVip('later', '192.168.20.98', [holder.name]);
  await segment.settled('later', '192.168.20.98', name => name === holder.name);
  neverTwo(t, segment);
});

const outages: ReadonlyArray<readonly [string, (segment: VipSegment) => Promise<void>, (segment: VipSegment) => Promise<void>]> = [
  ['is down', ({etcd}) => etcd.kill(), ({etcd}) => etcd.start()],
  ['hangs', async ({etcd}) => etcd.pause(), async ({etcd}) => etcd.resume()],
];

for (const [what, stop, goOn] of outages) {
  test(`while etcd ${what} nobody holds a VIP, and afterwards one host does`, async t => {
    const {segment, holder} = await start(t, {hosts: 2});
    const stoppedAt = Date.now();
    await stop(segment);
    await waitFor('the addresses are gone', async () => (await Promise.all([ip4, ip6].map(segment.bearersOf))).flat().length === 0);
    t.log(`etcd ${what}: gone after ${Math.round(wentAt(holder) - stoppedAt)} ms`);
    const backAt = Date.now();
    await goOn(segment);
    const next = segment.host(await segment.settled(web, ip4));
    await segment.settled(db, ip6);
    t.log(`etcd is back: on a host after ${Math.round(cameAt(next) - backAt)} ms`);
    neverTwo(t, segment);
  });
}

test('an agent that is restarted keeps its VIP, by SIGTERM and by kill -9', async t => {
  // Long enough for the start of a program on a busy machine.
  const {segment, holder} = await start(t, {hosts: 2, leaseSeconds: 20});
  const holders = () => segment.etcd.ctl('get', '--prefix', '/romana/vip-holders/');
  const before = await holders();
  const resumed = () => holder.log.filter(({msg}) => msg === 'VIP is still held by this host').length;
  const count = before.match(new RegExp(`"${holder.name}"`, 'g'))?.length ?? 0;
  for (const [index, signal] of (['SIGTERM', 'SIGKILL'] as const).entries()) {
    const endedAt = Date.now();
    await holder.signal(signal);
    t.deepEqual(await segment.bearersOf(ip4), [holder.name]);
    await holder.start();
    await waitFor('the agent goes on', () => resumed() === (index + 1) * count);
    t.log(`${signal}: resumed after ${Date.now() - endedAt} ms`);
  }
  t.is(await holders(), before);
  t.is(holder.record.spansOf(ip4).length, 1);
  t.is(wentAt(holder), Infinity);
  neverTwo(t, segment);
});

test('a VIP that is deleted, or gets another IP, while the agent of its holder is away, is given up and may be taken again', async t => {
  const {segment, holder} = await start(t, {hosts: 2});
  await segment.putVip('stays', '192.168.20.97', [holder.name]);
  await segment.putVip('moves', '192.168.20.96', [holder.name]);
  await segment.settled('stays', '192.168.20.97');
  await segment.settled('moves', '192.168.20.96');
  await holder.signal('SIGKILL');
  await segment.deleteKey(keys.vip(web));
  await segment.putVip('moves', '192.168.20.95', [holder.name]);
  await holder.start();
  await segment.settled('moves', '192.168.20.95');
  await segment.putVip('other-name', ip4);
  await segment.settled('other-name', ip4);
  await segment.deleteKey(keys.vip('other-name'));
  await segment.putVip(web, ip4);
  await segment.settled(web, ip4);
  await segment.putVip('other-too', '192.168.20.96');
  await segment.settled('other-too', '192.168.20.96');
  neverTwo(t, segment);
});

test('a restart that takes too long costs the VIP and nothing else', async t => {
  const {segment, holder} = await start(t, {hosts: 2, leaseSeconds: 2});
  await holder.signal('SIGTERM');
  const next = await movedFrom(segment, holder);
  await holder.start();
  await waitFor('the agent is at work', async () => (await holder.status()).pass !== undefined);
  t.is(await segment.settled(web, ip4), next.name);
  neverTwo(t, segment);
});

test('a host that is drained hands its VIPs over in order, and gets none while it is', async t => {
  const {segment, holder, others} = await start(t);
  const drainedAt = Date.now();
  await segment.putHost(holder.name, true);
  const next = await movedFrom(segment, holder);
  tellTimes(t, 'drain', drainedAt, holder, next);
  await waitFor('nothing is left on it', async () => {
    const bearers = await Promise.all([ip4, ip6].map(segment.bearersOf));
    return !bearers.flat().includes(holder.name);
  });
  t.is(holder.log.find(({msg}) => msg === 'VIP is given up')?.['reason'], 'this host is drained');
  for (const {name} of others) await segment.putHost(name, true);
  await waitFor('nobody has it', async () => (await segment.bearersOf(ip4)).length === 0 && (await segment.holderOf(web)) === undefined);
  await segment.putHost(holder.name, false);
  t.is(await segment.settled(web, ip4), holder.name);
  neverTwo(t, segment);
});

test('a VIP that gets another IP, other hosts, or is deleted follows at once', async t => {
  const {segment, holder, others} = await start(t);
  const other = '192.168.20.97';
  await segment.putVip(web, other);
  await segment.settled(web, other);
  await waitFor('the old one is gone', async () => (await segment.bearersOf(ip4)).length === 0);
  const only = others[0]?.name ?? '';
  await segment.putVip(web, other, [only]);
  await segment.settled(web, other, name => name === only);
  await segment.etcd.ctl('del', '/romana/vips/shop%2Fweb');
  await waitFor('it is gone', async () => (await segment.bearersOf(other)).length === 0 && (await segment.holderOf(web)) === undefined);
  // The IP of one that is gone is free for another.
  await segment.putVip('again', other, [holder.name]);
  await segment.settled('again', other, name => name === holder.name);
  t.is((await segment.etcd.ctl('get', '--prefix', '--keys-only', '/romana.guards/held-ips/')).split('\n').filter(Boolean).length, 2);
  neverTwo(t, segment);
});

test('a host whose link is down gives its VIP up, and one whose key somebody deletes drops it', async t => {
  const {segment, holder} = await start(t, {hosts: 2});
  await segment.switch.run('ip', ['link', 'set', `port${holder.name.slice('host-'.length)}`, 'down']);
  const next = await movedFrom(segment, holder);
  await segment.etcd.ctl('del', '/romana/vip-holders/shop%2Fweb');
  await waitFor('it is dropped', () => next.log.some(({reason}) => reason === 'the store does not name this host as its holder any more'));
  await segment.settled(web, ip4);
  neverTwo(t, segment);
});

test('status and metrics show the VIPs; clean removes what is ours and nothing else', async t => {
  const {segment, holder, others} = await start(t, {hosts: 2, leaseSeconds: 60});
  const shown = await waitFor('the status shows it', async () => {
    const vip = (await holder.status()).vips?.find(({name}) => name === web);
    return vip?.isHere === true && vip.provenForSeconds !== undefined && vip;
  });
  t.like(shown, {ip: ip4, holder: holder.name, dev: 'eth0'});
  t.true((shown.provenForSeconds ?? 0) > 45 && (shown.provenForSeconds ?? 0) <= 60);
  t.regex((await holder.romana('agent', 'status')).stdout, /\nshop\/web +192\.168\.20\.99 +host-\d +on eth0, proven for \d+\.\d s\n/);
  t.like(
    (await others[0]?.status())?.vips?.find(({name}) => name === web),
    {holder: holder.name, isHere: false},
  );

  await holder.signal('SIGTERM');
  await holder.namespace.run('ip', ['address', 'add', '192.0.2.7/32', 'dev', 'eth0', 'metric', '1145']);
  await holder.namespace.run('ip', ['address', 'add', '192.0.2.8/24', 'dev', 'lo', 'metric', '1144']);
  const foreign = async () =>
    (await holder.namespace.run('ip', ['-oneline', 'address', 'show'])).split('\n').filter(line => !/ metric 1144 /.test(line));
  const before = await foreign();
  const {status, stdout, stderr} = await holder.romana('agent', 'clean');
  t.is(status, 0, stderr);
  t.regex(stdout, /\d vips/);
  t.deepEqual(await foreign(), before);
  t.deepEqual(await holder.namespace.run('ip', ['-oneline', 'address', 'show', 'to', '192.0.2.8']), '');
  t.deepEqual((await segment.bearersOf(ip4)).includes(holder.name), false);
});
