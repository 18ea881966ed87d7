import {createIpamd, type Ipamd} from '../../../src/ipam/ipamd.ts';
import {problemOf} from '../../../src/rest/problem.ts';
import {parsePart, parseQuery, type Route} from '../../../src/rest/route.ts';
import {createKeys} from '../../../src/store/keys.ts';
import {silentLogger} from '../../../src/system/log.ts';
import {readRecords} from '../../helpers/ipam-promises.ts';
import type {Random} from '../../helpers/random.ts';
import {createSimulatedEtcd} from './simulated-etcd.ts';
import {createLink, type Link} from './simulated-link.ts';
import type {Simulation} from './simulation.ts';
import {type Askable, createAsking, type Fault, type StormSystem} from './system.ts';

interface Daemon extends Askable {
  readonly ipamd: Ipamd;
  readonly link: Link;
  kill(): void;
}

/** The code of the daemons on an etcd that is none, where every delay, loss and order of events is a choice of the seed. */
export async function startSimulatedSystem(simulation: Simulation, random: Random): Promise<StormSystem> {
  const keys = createKeys('/romana');
  const etcd = createSimulatedEtcd();
  const slots: (Daemon | undefined)[] = [];
  let isEtcdPaused = false;

  async function start(id: string): Promise<Daemon> {
    const link = createLink({simulation, random, etcd, isEtcdPaused: () => isEtcdPaused});
    const ipamd = createIpamd({store: link.store, keys, clock: simulation, log: silentLogger, id, random: () => random.number()});
    const death = Promise.withResolvers<never>();
    death.promise.catch(() => undefined);
    const end = new AbortController();
    void ipamd.ledger.run(end.signal);
    void ipamd.collector.run(end.signal);
    while (ipamd.ledger.fault !== undefined) await simulation.sleep(5);
    return {
      ipamd,
      link,
      request: (method, path, body) => Promise.race([answer(ipamd.routes, method, path, body, link), death.promise]),
      kill() {
        link.isDead = true;
        end.abort();
        death.reject(new Error('the connection was cut'));
      },
    };
  }

  async function answer(routes: readonly Route[], method: string, path: string, body: unknown, link: Link) {
    const awake = async () => {
      await simulation.sleep(0.6 + random.number() * 3);
      while (link.isFrozen) await simulation.sleep(5);
    };
    await awake();
    const result = await handle(routes, method, path, body);
    await awake();
    return structuredClone(result);
  }

  const daemons = () => slots.filter(daemon => daemon !== undefined);
  const anyDaemon = () => random.pick(daemons() as [Daemon, ...Daemon[]]);
  const some = (least: number, most: number) => simulation.sleep(random.between(least, most));
  const cut = async (links: readonly Link[], ms: number) => {
    for (const link of links) link.isCut = true;
    await simulation.sleep(ms);
    for (const link of links) link.isCut = false;
  };

  const befall: Record<Fault, () => Promise<void>> = {
    async 'daemon killed'() {
      const index = random.between(0, slots.length - 1);
      slots[index]?.kill();
      slots[index] = undefined;
      await some(0, 300);
      slots[index] = await start(`daemon ${index}`);
    },
    async 'daemon paused'() {
      const {link} = anyDaemon();
      link.isFrozen = true;
      await some(5, random.number() < 0.2 ? 130_000 : 3000);
      link.isFrozen = false;
    },
    'etcd killed': () =>
      cut(
        daemons().map(({link}) => link),
        random.between(0, 1000),
      ),
    async 'etcd paused'() {
      isEtcdPaused = true;
      await some(5, random.number() < 0.3 ? 5000 : 1000);
      isEtcdPaused = false;
    },
    async 'history compacted'() {
      etcd.compact();
    },
    'daemon cut off': () => cut([anyDaemon().link], random.between(5, random.number() < 0.2 ? 20_000 : 2000)),
    async 'watch late'() {
      const {link} = anyDaemon();
      link.watchDelayMs = random.between(5, 2000);
      await some(5, 3000);
      link.watchDelayMs = 0;
    },
    async 'answers lost'() {
      const {link} = anyDaemon();
      link.lostAnswers = random.number();
      await some(5, 1000);
      link.lostAnswers = 0;
    },
  };

  slots.push(await start('daemon 0'), await start('daemon 1'));
  const records = async () => readRecords({revision: etcd.revision, entries: etcd.list('/romana').entries}, keys);

  return {
    ...createAsking({daemons, sleep: ms => simulation.sleep(ms)}),
    get daemons() {
      return daemons();
    },
    sleep: ms => simulation.sleep(ms),
    records,
    befall: (_, fault) => befall[fault](),
    async quiet() {
      for (let before = -1; before !== etcd.revision; ) {
        before = etcd.revision;
        await simulation.sleep(10_000);
      }
    },
    async collect() {
      const collector = await start('collector');
      for (let look = 0; look < 2; look++) await collector.ipamd.collector.collect();
      collector.kill();
    },
    keepCollecting() {
      let isOver = false;
      const running = (async () => {
        const collector = await start('collector');
        while (!isOver) {
          await collector.ipamd.collector.collect().catch(() => 0);
          await some(10, 100);
        }
        collector.kill();
      })();
      return () => {
        isOver = true;
        return running;
      };
    },
  };
}

/** What the REST server would answer. */
async function handle(routes: readonly Route[], method: string, path: string, body: unknown): Promise<{status: number; body: unknown}> {
  const url = new URL(path, 'http://daemon');
  for (const route of routes) {
    const params = route.method === method ? paramsIn(route.path, url.pathname) : undefined;
    if (params === undefined) continue;
    try {
      const value = await route.handle({
        body: parsePart(route.body, 'body', structuredClone(body)),
        query: parseQuery(route.query, Object.fromEntries(url.searchParams)),
        params: parsePart(route.params, 'path', params),
      });
      return {status: 200, body: value ?? null};
    } catch (error) {
      const problem = problemOf(error);
      if (problem.status_code === 500) throw error;
      return {status: problem.status_code, body: problem};
    }
  }
  throw new Error(`there is no ${method} ${path}`);
}

function paramsIn(template: string, path: string): Record<string, string> | undefined {
  const names = [...template.matchAll(/\{\+?(\w+)\}/g)].map(([, name]) => name ?? '');
  const pattern = template.replaceAll(/\{\+\w+\}/g, '(.+)').replaceAll(/\{\w+\}/g, '([^/]+)');
  const found = new RegExp(`^${pattern}$`).exec(path);
  return found === null ? undefined : Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? '')]));
}
