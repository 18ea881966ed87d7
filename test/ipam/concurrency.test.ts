import {setTimeout as sleep} from 'node:timers/promises';
import anyTest, {type ExecutionContext} from 'ava';
import {type Answer, startDaemon, type TestDaemon} from '../helpers/daemon.ts';
import type {TestEtcd} from '../helpers/etcd.ts';
import {addHost, findBrokenPromises, flat, startSystem} from '../helpers/ipam.ts';

// One system at a time: each is an etcd and two daemons.
const test = anyTest.serial;

const clients = 6;
const requestsPerClient = 50;
const steadyHosts = ['s1', 's2', 's3'];

test('many clients at two daemons break no promise', async t => {
  const {etcd, daemons} = await startPair(t);
  const run = createRun(t, daemons);
  await run.finish();
  await checkEverything(t, etcd, daemons, run);
});

test('many clients break no promise while a daemon is killed and etcd is killed', async t => {
  const {etcd, daemons} = await startPair(t);
  const run = createRun(t, daemons);
  const faults = async () => {
    await run.progress(0.25);
    await daemons[0]?.kill();
    await run.progress(0.5);
    await etcd.kill();
    await etcd.restart();
    daemons[0] = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  };
  await Promise.all([run.finish(), faults()]);
  t.true(run.lostAnswers() > 0, 'the faults were felt');
  await checkEverything(t, etcd, daemons, run);
});

async function startPair(t: ExecutionContext) {
  const {etcd, daemon} = await startSystem(t, {topology: flat('10.111.0.0/16', {block_mask: 30})});
  for (const [index, name] of steadyHosts.entries()) await addHost(daemon, name, `192.168.0.${index + 1}`);
  const other = await startDaemon(t, ['--etcd-endpoints', etcd.endpoint]);
  return {etcd, daemons: [daemon, other]};
}

interface Run {
  /** The addresses on hosts that stay which clients were promised. */
  readonly promised: ReadonlyMap<string, string>;
  /** The names whose release was promised. */
  readonly released: ReadonlySet<string>;
  /** Resolves when that part of the requests is done. */
  progress(part: number): Promise<void>;
  lostAnswers(): number;
  finish(): Promise<void>;
}

/** Clients that ask at random; each has names of its own, so that it knows what must be there in the end. */
function createRun(t: ExecutionContext, daemons: readonly TestDaemon[]): Run {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  t.log(`SEED=${seed}`);
  const promised = new Map<string, string>();
  const released = new Set<string>();
  let done = 0;
  let lost = 0;

  /** Repeats a request until it is answered: what a careful client does. */
  const ask = async (random: () => number, method: string, path: string, body?: unknown): Promise<Answer> => {
    for (const deadline = Date.now() + 60_000; ; ) {
      const daemon = pick(random, daemons);
      const answer = await daemon.request(method, path, body).catch(() => undefined);
      if (answer !== undefined && answer.status !== 503) return answer;
      lost += 1;
      if (Date.now() > deadline) throw new Error(`no answer to ${method} ${path}: ${JSON.stringify(answer?.body)}`);
      await sleep(20 + random() * 50);
    }
  };

  const allocate = async (random: () => number, name: string, host: string) => {
    const {status, body} = await ask(random, 'POST', '/address', {name, host, tenant: `t${Math.floor(random() * 2)}`});
    if (!steadyHosts.includes(host)) return;
    released.delete(name);
    // 409: an earlier try was done and its answer was lost.
    const ip = status === 200 ? body : / already allocated: (\S+)$/.exec(body.details)?.[1];
    t.is(typeof ip, 'string', `${name} on ${host}: ${JSON.stringify(body)}`);
    promised.set(name, ip);
  };

  const release = async (random: () => number, name: string) => {
    const {status, body} = await ask(random, 'DELETE', `/address?addressName=${name}`);
    t.true(status === 200 || status === 404, JSON.stringify(body));
    promised.delete(name);
    released.add(name);
  };

  const client = async (id: number) => {
    const random = createRandom(seed + id);
    const ownHost = `v${id}`;
    let isHostThere = false;
    for (let index = 0; index < requestsPerClient; index++, done++) {
      const mine = [...promised.keys()].filter(name => name.startsWith(`c${id}-`));
      const dice = random();
      if (dice < 0.45) await allocate(random, `c${id}-${index}`, pick(random, steadyHosts));
      else if (dice < 0.75 && mine.length > 0) await release(random, pick(random, mine));
      else if (dice < 0.85) await allocate(random, `v${id}-${index}`, `v${Math.floor(random() * clients)}`);
      else if (isHostThere) {
        const {status} = await ask(random, 'DELETE', `/hosts/${ownHost}`);
        t.true(status === 200 || status === 404);
        isHostThere = false;
      } else {
        const {status} = await ask(random, 'POST', '/hosts', {name: ownHost, ip: `192.168.1.${id + 1}`});
        t.true(status === 200 || status === 409);
        isHostThere = true;
      }
    }
  };

  return {
    promised,
    released,
    async progress(part) {
      while (done < part * clients * requestsPerClient) await sleep(5);
    },
    lostAnswers: () => lost,
    async finish() {
      await Promise.all(Array.from({length: clients}, (_, id) => client(id)));
    },
  };
}

async function checkEverything(
  t: ExecutionContext,
  etcd: TestEtcd,
  daemons: readonly TestDaemon[],
  {promised, released}: Run,
): Promise<void> {
  t.deepEqual(await findBrokenPromises(etcd), []);
  const stored = (await etcd.dump()).entries.filter(({key}) => key.startsWith('/romana/addresses/')).map(({value}) => JSON.parse(value));
  const onSteadyHosts = stored.filter(({host}) => steadyHosts.includes(host)).map(({name, ip}) => [name, ip] as const);
  t.deepEqual(new Map(onSteadyHosts.toSorted()), new Map([...promised].toSorted()), 'what was promised is there, and nothing else');
  t.false(stored.some(({name}) => released.has(name)));
  t.true(promised.size > 10 && released.size > 10);
  for (const daemon of daemons) {
    // A request that is refused is decided with everything that is there.
    await daemon.delete('/address?addressName=nobody');
    const {body} = await daemon.get('/addresses');
    t.is(body.length, stored.length);
  }
}

function pick<Item>(random: () => number, items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
