import test from 'ava';
import type {Driver} from '../../src/reconcile/driver.ts';
import {reconcile} from '../../src/reconcile/reconcile.ts';
import {addingOnly, step} from '../../src/reconcile/step.ts';
import {createMachine} from './memory-driver.ts';

const oneBlock = {rules: ['r'], routes: ['10.1'], bird: ['10.1']};
const nextBlock = {rules: ['r'], routes: ['10.2'], bird: ['10.2']};

/** rules, routes and a BIRD that needs the routes; all of it holds the first block. */
async function settledHost() {
  const machine = createMachine();
  const steps = [machine.step('rules'), machine.step('routes'), machine.step('bird', 'routes')];
  await reconcile(steps, oneBlock);
  machine.log.length = 0;
  return {...machine, pass: (wish: Parameters<typeof reconcile<typeof oneBlock>>[1]) => reconcile(steps, wish)};
}

test('announces last and withdraws first', async t => {
  const machine = createMachine();
  const steps = [machine.step('rules'), machine.step('routes'), machine.step('bird', 'routes')];
  await reconcile(steps, oneBlock);
  t.deepEqual(machine.log, ['rules +r', 'routes +10.1', 'bird +10.1']);
  machine.log.length = 0;
  await reconcile(steps, nextBlock);
  t.deepEqual(machine.log, ['routes +10.2', 'bird +10.2', 'bird -10.1', 'routes -10.1']);
  machine.log.length = 0;
  await reconcile(steps, {});
  t.deepEqual(machine.log, ['bird -10.2', 'routes -10.2', 'rules -r']);
});

test('a second pass over the same state changes nothing', async t => {
  const {log, pass} = await settledHost();
  t.deepEqual(
    (await pass(oneBlock)).map(({name, wanted, changes}) => [name, wanted, changes]),
    [
      ['rules', 1, 0],
      ['routes', 1, 0],
      ['bird', 1, 0],
    ],
  );
  t.deepEqual(log, []);
});

test('what somebody else took away is put back', async t => {
  const {log, held, pass} = await settledHost();
  held.get('routes')?.delete('10.1');
  held.get('bird')?.add('10.9');
  const results = await pass(oneBlock);
  t.deepEqual(log, ['routes +10.1', 'bird -10.9']);
  t.deepEqual(
    results.map(({changes, isDrift}) => [changes, isDrift]),
    [
      [0, undefined],
      [1, true],
      [1, true],
    ],
  );
});

test('what is wanted anew, or was left over from a failure, is not taken for the doing of somebody else', async t => {
  const machine = createMachine();
  const steps = [machine.step('rules'), machine.step('routes'), machine.step('bird', 'routes')];
  const drifts = async (wish: typeof oneBlock) => (await reconcile(steps, wish)).filter(({isDrift}) => isDrift).map(({name}) => name);
  t.deepEqual(await drifts(oneBlock), []);
  t.deepEqual(await drifts(nextBlock), []);
  machine.broken.add('routes add');
  t.deepEqual(await drifts(oneBlock), []);
  machine.broken.clear();
  t.deepEqual(await drifts(oneBlock), []);
  machine.held.get('routes')?.delete('10.1');
  t.deepEqual(await drifts(oneBlock), ['routes']);
});

test('what a failed step says that it no longer uses is removed', async t => {
  const machine = createMachine();
  const steps = [machine.step('routes'), {...machine.step('bird', 'routes'), keepsNeeds: () => false}];
  await reconcile(steps, oneBlock);
  machine.broken.add('bird add');
  await reconcile(steps, nextBlock);
  t.deepEqual([...(machine.held.get('routes') ?? [])], ['10.2']);
});

for (const what of ['routes read', 'routes add']) {
  test(`a failed driver holds back those that need it, and no others: ${what}`, async t => {
    const {log, broken, held, pass} = await settledHost();
    broken.add(what);
    const results = await pass({...nextBlock, rules: ['r', 's']});
    t.true(log.includes('rules +s'), 'rules need nothing');
    t.deepEqual([...(held.get('bird') ?? [])], ['10.1'], 'nothing is announced that cannot be forwarded');
    t.deepEqual([...(held.get('routes') ?? [])], ['10.1'], 'and nothing removed that is still announced');
    t.like(results[1], {name: 'routes', error: {message: `${what} failed`}});
    t.like(results[2], {name: 'bird', heldBackBy: 'routes'});
    t.false('error' in (results[2] ?? {}));
    t.false('heldBackBy' in (results[0] ?? {}));

    broken.clear();
    await pass({...nextBlock, rules: ['r', 's']});
    t.deepEqual([...(held.get('bird') ?? [])], ['10.2']);
    t.deepEqual([...(held.get('routes') ?? [])], ['10.2']);
  });
}

for (const what of ['bird read', 'bird add', 'bird remove']) {
  test(`what a failed step may still use is not removed: ${what}`, async t => {
    const {broken, held, pass} = await settledHost();
    broken.add(what);
    const results = await pass(nextBlock);
    t.deepEqual([...(held.get('routes') ?? [])].toSorted(), ['10.1', '10.2'], 'BIRD still announces the old block');
    t.like(results[2], {error: {message: `${what} failed`}});
    broken.clear();
    await pass(nextBlock);
    t.deepEqual([...(held.get('routes') ?? [])], ['10.2']);
  });
}

test('holding back reaches through a chain of needs, in both directions', async t => {
  const machine = createMachine();
  const steps = [machine.step('links'), machine.step('routes', 'links'), machine.step('bird', 'routes')];
  await reconcile(steps, {links: ['a'], routes: ['a'], bird: ['a']});
  machine.broken.add('links add');
  const held = await reconcile(steps, {links: ['a', 'b'], routes: ['a', 'b'], bird: ['a', 'b']});
  t.deepEqual(
    held.map(({heldBackBy}) => heldBackBy),
    [undefined, 'links', 'routes'],
  );
  machine.broken.clear();
  machine.broken.add('bird remove');
  machine.log.length = 0;
  await reconcile(steps, {});
  t.deepEqual(machine.log, ['bird -a'], 'routes stay because BIRD uses them, and links because routes do');
});

test('what belongs to the machine is set, never removed', async t => {
  const values = new Map([
    ['a', '0'],
    ['b', '7'],
  ]);
  const driver: Driver<readonly [name: string, value: string]> = {
    name: 'settings',
    isPermanent: true,
    keyOf: ([name]) => name,
    isEqual: ([, a], [, b]) => a === b,
    read: async () => [...values],
    async apply({update, remove}) {
      t.deepEqual(remove, []);
      for (const [name, value] of update) values.set(name, value);
    },
  };
  const pass = (wanted: ReadonlyArray<readonly [string, string]>) => reconcile([step(driver, () => wanted)], undefined);
  t.like((await pass([['a', '1']]))[0], {wanted: 1, changes: 1});
  t.deepEqual(Object.fromEntries(values), {a: '1', b: '7'});
  t.like((await pass([]))[0], {wanted: 0, changes: 0});
});

test('a state that cannot be worked out fails its own driver only', async t => {
  const machine = createMachine();
  const bad = {...machine.step('bird'), plan: () => Promise.reject(new Error('no template'))};
  const results = await reconcile([machine.step('routes'), bad], {routes: ['10.1']});
  t.deepEqual(machine.log, ['routes +10.1']);
  t.like(results[1], {wanted: 0, changes: 0, error: {message: 'no template'}});
});

test('an error that is not an Error, or nothing at all, is still a failure', async t => {
  const machine = createMachine();
  const bad = {...machine.step('routes'), plan: () => Promise.reject(undefined)};
  const results = await reconcile([bad, machine.step('bird', 'routes')], {bird: ['10.1']});
  t.true('error' in (results[0] ?? {}));
  t.is(results[1]?.heldBackBy, 'routes');
});

test('what is not done yet holds back what needs it and keeps what it needs, without being an error', async t => {
  const machine = await settledHost();
  machine.waiting.add('bird add');
  const results = await machine.pass(nextBlock);
  t.deepEqual(machine.log, ['routes +10.2', 'bird +10.2'], 'the old route stays: it may still be announced');
  t.like(results, [{name: 'rules'}, {name: 'routes'}, {name: 'bird', pending: 'bird add waits'}]);
  t.true(results.every(({error}) => error === undefined));
  machine.waiting.clear();
  machine.log.length = 0;
  await machine.pass(nextBlock);
  t.deepEqual(machine.log, ['bird +10.2', 'bird -10.1', 'routes -10.1']);
});

test('steps that only add create and change, leave what is not wanted, and do not count it', async t => {
  const machine = createMachine();
  const steps = [machine.step('rules'), machine.step('routes'), machine.step('bird', 'routes')];
  await reconcile(steps, oneBlock);
  machine.log.length = 0;
  const results = await reconcile(steps.map(addingOnly), nextBlock);
  t.deepEqual(machine.log, ['routes +10.2', 'bird +10.2']);
  t.deepEqual(
    results.map(({wanted, changes}) => [wanted, changes]),
    [
      [1, 0],
      [1, 1],
      [1, 1],
    ],
  );
  const again = await reconcile(steps.map(addingOnly), nextBlock);
  t.true(again.every(({changes, error}) => changes === 0 && error === undefined));
  await reconcile(steps, nextBlock);
  t.deepEqual(machine.log.slice(2), ['bird -10.1', 'routes -10.1']);
});

test('a warning stands beside the result, whether the step fails or not, and stops nothing', async t => {
  const driver: Driver<string> = {
    name: 'rules',
    keyOf: item => item,
    isEqual: () => true,
    read: async () => [],
    apply: async () => undefined,
  };
  const pass = (wish: string) =>
    reconcile([step(driver, (state: string) => [state], {warn: state => (state === 'odd' ? 'is odd' : undefined)})], wish);
  t.like((await pass('odd'))[0], {changes: 1, error: undefined, warning: 'is odd'});
  t.false('warning' in ((await pass('even'))[0] ?? {}));
});
