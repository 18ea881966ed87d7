import test from 'ava';
import type {Driver} from '../../src/reconcile/driver.ts';
import {compareItems} from '../../src/reconcile/inspect.ts';
import {step} from '../../src/reconcile/step.ts';
import {createMachine} from './memory-driver.ts';

interface Setting {
  readonly name: string;
  readonly value: number;
}

const driver: Driver<Setting> = {
  name: 'settings',
  keyOf: ({name}) => name,
  isEqual: (a, b) => a.value === b.value,
  show: ({name, value}) => `${name}=${value}`,
  read: async () => [],
  apply: async () => undefined,
};
const settings = (text: string) => text.split(' ').map(part => ({name: part.charAt(0), value: Number(part.slice(1))}));

test('every item that is wanted or there is told, with how it should be and how it is', t => {
  const reports = compareItems(settings('a1 b2 c3'), settings('d4 c3 b1'), driver);
  t.deepEqual(reports, [
    {object: 'a', state: 'missing', wanted: 'a=1'},
    {object: 'b', state: 'different', wanted: 'b=2', actual: 'b=1'},
    {object: 'c', state: 'as wanted', wanted: 'c=3', actual: 'c=3'},
    {object: 'd', state: 'not wanted', actual: 'd=4'},
  ]);
});

test('of what is the machine’s own nothing is unwanted', t => {
  t.deepEqual(compareItems([], settings('a1'), {...driver, isPermanent: true}), []);
});

test('to inspect changes nothing, and what cannot be read rejects', async t => {
  const machine = createMachine();
  const routes = machine.step('routes');
  machine.held.get('routes')?.add('10.9');
  t.deepEqual(await routes.inspect({routes: ['10.1']}), [
    {object: '10.1', state: 'missing'},
    {object: '10.9', state: 'not wanted'},
  ]);
  t.deepEqual(machine.log, []);
  machine.broken.add('routes read');
  await t.throwsAsync(async () => routes.inspect({routes: []}), {message: 'routes read failed'});
  const impossible = step(driver, () => {
    throw new Error('the networks overlap');
  });
  await t.throwsAsync(async () => impossible.inspect(undefined), {message: 'the networks overlap'});
});
