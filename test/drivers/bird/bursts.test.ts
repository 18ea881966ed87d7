import {rename} from 'node:fs/promises';
import type {ExecutionContext} from 'ava';
import {desiredBird} from '../../../src/core/desired-bird.ts';
import type {NodeState} from '../../../src/core/node-state.ts';
import {type BirdDriver, type BirdItem, birdItem} from '../../../src/drivers/bird/bird.ts';
import {type BirdControl, createBirdControl} from '../../../src/drivers/bird/control-socket.ts';
import {createLoop} from '../../../src/reconcile/loop.ts';
import {reconcile} from '../../../src/reconcile/reconcile.ts';
import {step} from '../../../src/reconcile/step.ts';
import {systemClock} from '../../../src/system/clock.ts';
import {birdRoutes} from '../../helpers/bird.ts';
import {namespaceTest} from '../../helpers/namespace.ts';
import {createRandom, type Random, seed} from '../../helpers/random.ts';
import {waitFor} from '../../helpers/wait.ts';
import {type BirdHost, createBirdHost, type DriverParts, defaultTemplates, type Templates, writeFirstConf} from './bird-host.ts';

// BIRD drops a SIGHUP that comes while it still reads its files for the one before. The waits of the loop are as good as none here, so that
// configurations follow each other as fast as the driver lets them.

const test = namespaceTest();
const bursts = 50;
const prefixes = Array.from({length: 10_500}, (_, index) => `10.${10 + (index >> 13)}.${(index >> 5) & 255}.${(index & 31) * 8}/29`);

test(`bursts of changes at 10k prefixes end with exactly the wanted set, over the control socket (SEED=${seed})`, async t => {
  const host = await createBirdHost(t, 'bursts');
  await writeFirstConf(host);
  const {control} = await host.start();
  await playBursts(t, host, {control, random: createRandom(seed), templates: defaultTemplates});
  t.true(host.log.filter(line => line.startsWith('configure ".romana-staged')).length >= bursts);
});

test(`bursts of changes at 10k prefixes end with exactly the wanted set, by SIGHUP, while somebody else sends some, too (SEED=${seed})`, async t => {
  const host = await createBirdHost(t, 'hupbursts');
  await writeFirstConf(host);
  const {pid} = await host.start();
  // Out of the driver's sight, but not of the test's.
  const hidden = `${host.paths.birdSocket}.hidden`;
  await rename(host.paths.birdSocket, hidden);
  const random = createRandom(seed + 1);
  const meddle = async () => {
    await systemClock.sleep(random.between(0, 60));
    process.kill(pid, 'SIGHUP');
  };
  // The check of a copy would take as long as BIRD's own reading, and no two readings would ever meet.
  await playBursts(t, host, {control: createBirdControl(hidden), random, templates: slowTemplates(), run: async () => '', meddle});
  t.true(host.log.filter(line => line === 'SIGHUP').length >= bursts);
});

interface Play extends Pick<DriverParts, 'run'> {
  readonly control: BirdControl;
  readonly random: Random;
  readonly templates: Templates;
  /** What somebody else does between two changes. */
  meddle?(): Promise<void>;
}

async function playBursts(
  t: ExecutionContext,
  host: BirdHost,
  {control, random, templates, meddle = async () => {}, ...parts}: Play,
): Promise<void> {
  const loop = startLoop(t, host, parts);
  let wanted = new Set(prefixes.slice(0, 10_000));
  for (let burst = 1; burst <= bursts; burst += 1) {
    for (let left = random.between(2, 5); left > 0; left -= 1) {
      wanted = changed(wanted, random);
      loop.offer(host.node([...wanted], templates));
      if (random.number() < 0.3) await meddle();
      // Now and then the next one comes while the last one is on its way, now and then before that.
      else await systemClock.sleep(random.pick([0, 5, 20, 80]));
    }
    await waitFor(`burst ${burst}: the loop is quiet; ${loop.lastError()}`, loop.isQuiet);
    const held = new Set(await birdRoutes(control));
    const differing = [...[...wanted].filter(prefix => !held.has(prefix)), ...[...held].filter(prefix => !wanted.has(prefix))];
    if (differing.length > 0)
      return t.fail(`burst ${burst}: not as wanted: ${differing.slice(0, 5).join(', ')}; ${differing.length} in all`);
  }
}

/** Some prefixes come, some go. */
function changed(present: ReadonlySet<string>, random: Random): Set<string> {
  const next = new Set(present);
  for (let left = random.between(1, 40); left > 0; left -= 1) {
    const prefix = prefixes[random.between(0, prefixes.length - 1)] ?? '';
    if (!next.delete(prefix)) next.add(prefix);
  }
  return next;
}

/** Reading these takes BIRD longer than a pass of ours: it works something out on the way. */
function slowTemplates(): Templates {
  const calls = (depth: number) => Array(8).fill(`f${depth}(a)`).join(' + ');
  const functions = Array.from({length: 7}, (_, depth) => `function f${depth + 1}(int a) { return ${calls(depth)}; }\n`);
  const slow = `function f0(int a) { return a + 1; }\n${functions.join('')}define slow = f7(1);\n`;
  return {...defaultTemplates, 'bird.conf': `${slow}${defaultTemplates['bird.conf']}`};
}

/** The real loop around the driver alone. */
function startLoop(t: ExecutionContext, host: BirdHost, parts: DriverParts) {
  const driver: BirdDriver = host.driver({...parts, onLanded: () => loop.nudge()});
  const steps = [step<NodeState, BirdItem>(driver, node => desiredBird(node).map(birdItem))];
  let offered: NodeState | undefined;
  let done: NodeState | undefined;
  let error: unknown;
  const loop = createLoop<NodeState>({
    clock: systemClock,
    settleMs: 1,
    minIntervalMs: 1,
    retryMs: 50,
    maxRetryMs: 500,
    resyncMs: Infinity,
    async pass(node) {
      const [result] = await reconcile(steps, node);
      error = result?.error ?? result?.pending;
      if (error === undefined) done = node;
      return error === undefined;
    },
  });
  const end = new AbortController();
  const ended = loop.run(end.signal);
  t.teardown(async () => {
    end.abort();
    await ended;
  });
  return {
    offer(node: NodeState) {
      offered = node;
      loop.offer(node);
    },
    isQuiet: () => done === offered,
    lastError: () => String(error ?? 'no error'),
  };
}
