import {isSameTime} from '../../src/drivers/bird/bird-status.ts';
import {createKeys} from '../../src/store/keys.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {createRandom, seed} from '../helpers/random.ts';
import {waitFor} from '../helpers/wait.ts';
import {createDrainingHost, isSettled, ownPrefix} from './draining-host.ts';

// A store in which much happens at once, and the real agent beside a real ToR.

const test = namespaceTest();
const keys = createKeys('/romana');
const seconds = 10;

/** Writes records to etcd by its HTTP gateway, evenly over some time, from inside of a namespace. */
const writer = `
const [records, milliseconds] = process.argv.slice(1).map(text => JSON.parse(text));
const base64 = text => Buffer.from(text).toString('base64');
const start = Date.now();
for (const [index, [key, value]] of records.entries()) {
  const due = start + (milliseconds * index) / records.length - Date.now();
  if (due > 0) await new Promise(resolve => setTimeout(resolve, due));
  const body = JSON.stringify({key: base64(key), value: base64(value)});
  const {ok, status} = await fetch('http://127.0.0.1:2379/v3/kv/put', {method: 'POST', body});
  if (!ok) throw new Error(String(status));
}
console.log(Date.now() - start);
`;

test(`500 block changes in ${seconds} s: at most 60 reloads, no session flaps, and the ToR ends up with exactly what is held (SEED=${seed})`, async t => {
  const host = await createDrainingHost(t, 'storm');
  await host.startAgent();
  await host.until('the agent has settled', isSettled);
  await waitFor('the ToR has the block', async () => (await host.atTor()) !== '');
  const since = await host.upSince();
  const before = (await host.status()).bird?.reloads?.accepted ?? 0;

  const random = createRandom(seed);
  const held = new Set<string>([ownPrefix]);
  const blocks = Array.from({length: 60}, (_, index) => `10.1.${1 + (index >> 5)}.${(index & 31) * 8}/29`);
  const change = (cidr: string, owner: string) => {
    const record = {cidr, host: owner, tenant: '', segment: ''};
    return [keys.block(cidr as never), JSON.stringify(record)] as const;
  };
  const records = Array.from({length: 500}, () => {
    const cidr = random.pick(blocks as [string, ...string[]]);
    if (!held.delete(cidr)) held.add(cidr);
    return change(cidr, held.has(cidr) ? 'host-1' : 'host-2');
  });
  const write = (list: typeof records, milliseconds: number) =>
    host.namespace.run(process.execPath, ['--input-type=module', '-e', writer, JSON.stringify(list), String(milliseconds)], {
      timeoutMs: 120_000,
    });
  const took = Number(await write(records, seconds * 1000));
  const learned = async () => {
    const {lines} = await host.tor.control.command('show route protocol host1');
    return lines.flatMap(line => /^(10\.[\d./]+)\s/.exec(line)?.[1] ?? []).toSorted();
  };
  const wanted = [...held].toSorted().join();
  await waitFor('the ToR has exactly what is held', async () => (await learned()).join() === wanted);
  // The ToR hears of a change before it is confirmed, and counted.
  const learnedAt = Date.now();
  const settled = await host.until('the agent has settled', status => isSettled(status) && (status.pass?.at ?? 0) > learnedAt);
  const reloads = (settled.bird?.reloads?.accepted ?? 0) - before;
  t.log(`${reloads} reloads for 500 changes in ${took / 1000} s`);
  // What takes longer on a slow machine may have more of them, at the same distance.
  t.true(reloads <= 60 * Math.max(1, took / (seconds * 1000)), `${reloads} reloads in ${took} ms`);
  t.like(settled.bird?.reloads, {refused: 0, undone: 0, failed: 0});
  t.true(isSameTime(await host.upSince(), since), 'the session has not been touched');

  const others = Array.from({length: 100}, (_, index) => change(`10.1.${10 + (index >> 5)}.${(index & 31) * 8}/29`, 'host-2'));
  await write(others, 1000);
  const {revision} = settled;
  const after = await host.until('the agent has seen them', status => status.revision >= revision + others.length && isSettled(status));
  t.deepEqual(after.bird?.reloads, settled.bird?.reloads, 'what others hold is none of its business');
  t.is((await learned()).join(), wanted);
});
