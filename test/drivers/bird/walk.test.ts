import {namespaceTest} from '../../helpers/namespace.ts';
import {createRandom, type Random, seed} from '../../helpers/random.ts';
import {badTemplates, goodTemplates, invisibleBySignal} from './walk-templates.ts';
import {createWalker, type Walker} from './walker.ts';

// A walk between whatever an operator, BIRD and the machine may do, in any order, and now and then in the middle of a trial. After every step BIRD
// must run with exactly what the last acceptable templates make of the prefixes of today, and so must a BIRD that is started now.
// SEED=… walks the same way again, WALK_STEPS=… further.

const test = namespaceTest();
const steps = Number(process.env['WALK_STEPS'] ?? 30);
const blocks = Array.from({length: 12}, (_, index) => `10.1.0.${index * 8}/29`);

for (const part of [0, 1]) {
  test(`walk ${part + 1}: BIRD ends up with exactly the last acceptable input, and nobody ever reads another (SEED=${seed})`, async t => {
    t.timeout(600_000);
    const random = createRandom(seed * 2 + part);
    const walker = await createWalker(t, `walk${part}`, blocks.slice(0, 6));
    try {
      await walker.settle();
      for (let count = 1; count <= steps; count += 1) await takeStep(walker, random);
      await walker.wakeAll();
      walker.want(goodTemplates.plain, 'plain');
      await walker.settle();
    } catch (error) {
      t.fail(`SEED=${seed}: ${error instanceof Error ? error.message : String(error)}\n${walker.history.join('\n')}`);
      return;
    }
    t.deepEqual(await walker.readers.stop(), [], `SEED=${seed}: nobody could read anything else\n${walker.history.join('\n')}`);
    t.log(walker.history.join('\n'));
  });
}

/** Something happens, and mostly all settles before the next thing does. */
async function takeStep(walker: Walker, random: Random): Promise<void> {
  change(walker, random);
  if (random.number() < 0.5) await walker.startBird();
  if (random.number() < 0.4) {
    const passing = walker.passBriefly();
    await walker.pause(random.pick([0, 20, 100, 300, 800]));
    await meddle(walker, random);
    await passing;
  } else if (random.number() < 0.3) await meddle(walker, random);
  if (random.number() < 0.9) await walker.settle();
}

/** What is wanted becomes something else. */
function change(walker: Walker, random: Random): void {
  const kind = random.number();
  if (kind < 0.3) {
    const [name, templates] = random.pick(entriesOf(goodTemplates));
    walker.want(templates, name);
  } else if (kind < 0.65) {
    const [name, templates] = random.pick(entriesOf(badTemplates));
    if (!walker.isHidden || !invisibleBySignal.includes(templates)) walker.wantBad(templates, name);
  }
  if (kind > 0.5) walker.hold(blocks.filter((_, index) => index === 0 || random.number() < 0.6));
}

/** Something comes in between. */
async function meddle(walker: Walker, random: Random): Promise<void> {
  await random.pick<() => Promise<void>>([
    () => walker.killBird('SIGTERM', {emptied: false}),
    () => walker.killBird('SIGKILL', {emptied: false}),
    () => walker.killBird('SIGKILL', {emptied: true}),
    () => walker.freezeBird(random.pick([50, 500, 1500])),
    () => walker.hideSocket(),
    () => walker.showSocket(),
    () => walker.killAgent(),
    () => walker.killAgent(),
    () => walker.configureSomethingElse(),
    () => walker.addForeignFile(random.between(1, 250)),
    () => walker.removeForeignFile(),
  ])();
}

function entriesOf<Value>(record: Readonly<Record<string, Value>>): readonly [[string, Value], ...[string, Value][]] {
  const [first, ...others] = Object.entries(record);
  if (first === undefined) throw new Error('nothing to pick from');
  return [first, ...others];
}
