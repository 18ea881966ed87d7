import anyTest from 'ava';
import {createRandom, type Random, seed} from '../helpers/random.ts';
import {startRealSystem} from './storm/real-system.ts';
import {startSimulatedSystem} from './storm/simulated-system.ts';
import {createSimulation} from './storm/simulation.ts';
import {type Gale, startStorm} from './storm/storm.ts';
import type {Fault, StormSystem} from './storm/system.ts';

// Many clients that do everything at random at two daemons on one etcd, while daemons and etcd die, hang and come back; afterwards, and at quiet moments in
// between, nothing that was promised may be broken. SEED chooses the same requests again; where nothing is real, the same run. STORM_RUNS and
// STORM_REQUESTS make it longer.

// One system at a time.
const test = anyTest.serial;

const runs = Number(process.env['STORM_RUNS'] ?? 1);
const requests = Number(process.env['STORM_REQUESTS'] ?? 1);

const realFaults: readonly [Fault, ...Fault[]] = ['daemon killed', 'daemon paused', 'etcd killed', 'etcd paused', 'history compacted'];
const allFaults: readonly [Fault, ...Fault[]] = [...realFaults, 'daemon cut off', 'watch late', 'answers lost'];

/** Some gales, with a quiet moment after each: all kinds of requests, the same with faults, and all for few things. */
function gales(random: Random, faults: readonly [Fault, ...Fault[]], scale: number): readonly Gale[] {
  const some = (most: number) => Array.from({length: random.between(1, most)}, () => random.pick(faults));
  const clients = random.pick([6, 12, 40]);
  return [
    {clients: 12, requests: 700 * scale, faults: [], around: 'everything', listed: 3, isCollected: false},
    {
      clients,
      requests: 1000 * scale,
      faults: some(5),
      around: 'everything',
      listed: random.pick([5, 100, scale > 1 ? 3000 : 100]),
      isCollected: true,
    },
    {clients, requests: 700 * scale, faults: some(2), around: 'one host', listed: 3, isCollected: false},
    {clients, requests: 700 * scale, faults: some(2), around: 'hosts that go', listed: 3, isCollected: false},
    {clients: 2, requests: 400 * scale, faults: some(2), around: 'a network that moves', listed: 0, isCollected: false},
  ];
}

async function weather(system: StormSystem, seedOfRun: number, faults: readonly [Fault, ...Fault[]]): Promise<readonly string[]> {
  const storm = await startStorm(system, seedOfRun);
  for (const gale of gales(createRandom(seedOfRun), faults, requests)) {
    const problems = await storm.blow(gale);
    if (problems.length > 0) return problems;
  }
  return [];
}

for (let run = 0; run < runs; run++) {
  test(`whatever is asked for at once, nothing that was promised is broken (SEED=${seed + run})`, async t => {
    t.timeout(3_600_000);
    const system = await startRealSystem(t);
    t.deepEqual(await weather(system, seed + run, realFaults), []);
    t.log(Object.fromEntries([...system.counts].sort()));
  });
}

// The same code without the machine: a hundred times more of what can come between one thing and the next.
for (let run = 0; run < runs * 2; run++) {
  test(`whatever comes between, nothing that was promised is broken (SEED=${seed + run}, simulated)`, async t => {
    t.timeout(3_600_000);
    const simulation = createSimulation();
    await simulation.run(async () => {
      const system = await startSimulatedSystem(simulation, createRandom(seed + run));
      t.deepEqual(await weather(system, seed + run, allFaults), []);
      t.log(Object.fromEntries([...system.counts].sort()));
    });
  });
}
