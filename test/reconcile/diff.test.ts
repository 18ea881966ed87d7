import test from 'ava';
import fc from 'fast-check';
import {diff, type Identity, isEmptyPlan} from '../../src/reconcile/diff.ts';

interface Item {
  readonly key: string;
  readonly value: number;
}

const identity: Identity<Item> = {keyOf: ({key}) => key, isEqual: (a, b) => a.value === b.value};
const items = (text: string): Item[] =>
  text
    .split(' ')
    .filter(Boolean)
    .map(part => ({key: part.charAt(0), value: Number(part.slice(1))}));
const show = (list: readonly Item[]) => list.map(({key, value}) => `${key}${value}`).join(' ');

for (const [desired, actual, create, update, remove] of [
  ['', '', '', '', ''],
  ['a1 b2', '', 'a1 b2', '', ''],
  ['', 'a1 b2', '', '', 'a1 b2'],
  ['a1 b2', 'b2 a1', '', '', ''],
  ['a2', 'a1', '', 'a2', ''],
  ['a1 a1', 'a1', '', '', ''],
  ['a1 a2', '', 'a2', '', ''],
  ['c3 a2 b1', 'd4 a1 b1', 'c3', 'a2', 'd4'],
  // Several with one key: the one that is as wanted stays, whichever it is; else the first becomes it.
  ['a1', 'a1 a2 a3', '', '', 'a2 a3'],
  ['a2', 'a1 a2 a3', '', '', 'a1 a3'],
  ['a3 b1', 'a1 a2 b2 a3 b1', '', '', 'a2 a1 b2'],
  ['a4', 'a1 a2', '', 'a4', 'a2'],
  ['', 'a1 a2', '', '', 'a1 a2'],
] as const) {
  test(`wanted "${desired}" where there is "${actual}"`, t => {
    const plan = diff(items(desired), items(actual), identity);
    t.deepEqual({create: show(plan.create), update: show(plan.update), remove: show(plan.remove)}, {create, update, remove});
    t.is(isEmptyPlan(plan), create + update + remove === '');
  });
}

const someItems = fc.uniqueArray(fc.record({key: fc.constantFrom(...'abcdefgh'), value: fc.nat(2)}), {selector: ({key}) => key});

test('what is there, changed by the plan, is what is wanted', t => {
  fc.assert(
    fc.property(someItems, someItems, (desired, actual) => {
      const {create, update, remove} = diff(desired, actual, identity);
      const machine = new Map(actual.map(item => [item.key, item]));
      for (const {key} of remove) t.true(machine.delete(key), 'only what is there is removed');
      for (const item of update) t.true(machine.has(item.key) && machine.set(item.key, item) === machine, 'only what is there is updated');
      for (const item of create)
        t.true(!machine.has(item.key) && machine.set(item.key, item) === machine, 'only what is missing is created');
      const byKey = (list: Iterable<Item>) => show([...list].toSorted((a, b) => a.key.localeCompare(b.key)));
      t.is(byKey(machine.values()), byKey(desired));
      t.true(isEmptyPlan(diff(desired, [...machine.values()], identity)), 'and nothing is left to do');
    }),
  );
});
