import {setTimeout as sleep} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {createIpamd} from '../../../src/ipam/ipamd.ts';
import {systemClock} from '../../../src/system/clock.ts';
import {silentLogger} from '../../../src/system/log.ts';
import {startDaemon, type TestDaemon} from '../../helpers/daemon.ts';
import {freePort, startEtcd} from '../../helpers/etcd.ts';
import {readRecords} from '../../helpers/ipam-promises.ts';
import type {Random} from '../../helpers/random.ts';
import {waitFor} from '../../helpers/wait.ts';
import {createAsking, type Fault, type StormSystem} from './system.ts';

/** A real etcd and two real daemons, each a process of its own. */
export async function startRealSystem(t: ExecutionContext): Promise<StormSystem> {
  const etcd = await startEtcd(t);
  const ports = [await freePort(), await freePort()];
  const start = (index: number) => startDaemon(t, ['--etcd-endpoints', etcd.endpoint, '--listen', `127.0.0.1:${ports[index]}`]);
  const slots: (TestDaemon | undefined)[] = [await start(0), await start(1)];
  const daemons = () => slots.filter(daemon => daemon !== undefined);

  async function killDaemon(random: Random): Promise<void> {
    const index = random.between(0, 1);
    const daemon = slots[index];
    slots[index] = undefined;
    await daemon?.kill();
    await sleep(random.between(0, 300));
    slots[index] = await start(index);
  }

  async function pauseDaemon(random: Random): Promise<void> {
    const {pid} = random.pick(daemons() as [TestDaemon, ...TestDaemon[]]);
    process.kill(pid, 'SIGSTOP');
    await sleep(random.between(50, 1500));
    process.kill(pid, 'SIGCONT');
  }

  async function killEtcd(random: Random): Promise<void> {
    await etcd.kill();
    await sleep(random.between(0, 300));
    await etcd.restart();
  }

  async function pauseEtcd(random: Random): Promise<void> {
    etcd.pause();
    // Beyond the deadline of a request, now and then: what was given up is done later all the same.
    await sleep(random.number() < 0.3 ? 3500 : random.between(50, 1000));
    etcd.resume();
  }

  const befall: Partial<Record<Fault, (random: Random) => Promise<void>>> = {
    'daemon killed': killDaemon,
    'daemon paused': pauseDaemon,
    'etcd killed': killEtcd,
    'etcd paused': pauseEtcd,
    async 'history compacted'() {
      await etcd.compact((await etcd.dump()).revision);
    },
  };

  const startCollector = async () => {
    const end = new AbortController();
    const store = etcd.openStore();
    const {ledger, collector} = createIpamd({store, keys: etcd.keys, clock: systemClock, log: silentLogger, id: 'collector'});
    const running = ledger.run(end.signal);
    t.teardown(() => end.abort());
    await waitFor('the collector knows the store', () => ledger.fault === undefined);
    return {
      collector,
      async stop() {
        end.abort();
        await running;
        store.close();
      },
    };
  };

  return {
    ...createAsking({daemons, sleep: ms => sleep(ms)}),
    get daemons() {
      return daemons();
    },
    sleep: ms => sleep(ms),
    records: async () => readRecords(await etcd.dump(), etcd.keys),
    befall: async (random, fault) => befall[fault]?.(random),
    async quiet() {
      await waitFor('etcd is quiet', async () => {
        const {revision} = await etcd.dump();
        await sleep(200);
        return (await etcd.dump()).revision === revision;
      });
    },
    async collect() {
      const {collector, stop} = await startCollector();
      for (let look = 0; look < 2; look++) await collector.collect();
      await stop();
    },
    keepCollecting() {
      let isOver = false;
      const running = (async () => {
        const {collector, stop} = await startCollector();
        while (!isOver) {
          await collector.collect().catch(() => 0);
          await sleep(50);
        }
        await stop();
      })();
      return () => {
        isOver = true;
        return running;
      };
    },
  };
}
