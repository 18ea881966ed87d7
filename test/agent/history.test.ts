import test from 'ava';
import {createHistory, type History} from '../../src/agent/history.ts';
import type {StepResult} from '../../src/reconcile/reconcile.ts';

const noRoom = new Error('no room');

/** "name", "name 2" with changes, "name ! no room" failed, "name < other" held back with one change. */
function results(...texts: readonly string[]): StepResult[] {
  return texts.map(text => {
    const [name = '', sign = '0', ...rest] = text.split(' ');
    if (sign === '!') return {name, wanted: 1, changes: 1, error: rest.join(' ') === 'no room' ? noRoom : new Error(rest.join(' '))};
    if (sign === '<') return {name, wanted: 1, changes: 1, heldBackBy: rest[0] ?? ''};
    return {name, wanted: 1, changes: Number(sign)};
  });
}

const record = (history: History, texts: readonly string[], isDrift = false) =>
  history
    .record(isDrift ? results(...texts).map(result => ({...result, isDrift})) : results(...texts), 5, 7)
    .map(({level, message, fields: {driver}}) => `${level} ${driver}: ${message}`);

test('a quiet host logs nothing', t => {
  const history = createHistory();
  t.is(history.last, undefined);
  t.deepEqual(record(history, ['routes', 'bird']), []);
  t.deepEqual(record(history, ['routes', 'bird'], true), []);
  t.deepEqual(history.last, {
    at: 5,
    durationMs: 7,
    isGood: true,
    drivers: [
      {name: 'routes', wanted: 1, changes: 0, failures: 0},
      {name: 'bird', wanted: 1, changes: 0, failures: 0},
    ],
  });
});

test('what changed is said, and as a warning when nobody had asked for it', t => {
  const history = createHistory();
  t.deepEqual(record(history, ['routes 2', 'bird']), ['info routes: host changed']);
  t.deepEqual(record(history, ['routes', 'bird 1'], true), ['warn bird: drift repaired']);
});

test('a lasting failure is said once, another one anew, and its end', t => {
  const history = createHistory();
  t.deepEqual(record(history, ['routes', 'bird ! no room']), ['error bird: reconcile failed, will retry']);
  t.deepEqual(record(history, ['routes', 'bird ! no room'], true), []);
  t.is(history.errorOf('bird'), noRoom);
  t.deepEqual(record(history, ['routes', 'bird ! no disk'], true), ['error bird: reconcile failed, will retry']);
  t.like(history.last, {isGood: false, drivers: [{failures: 0}, {name: 'bird', failures: 3, error: 'no disk'}]});
  t.deepEqual(record(history, ['routes', 'bird 1'], true), ['info bird: driver works again']);
  t.is(history.errorOf('bird'), undefined);
  t.like(history.last, {isGood: true, drivers: [{name: 'routes'}, {failures: 3}]});
});

test('what several drivers fail at together is said once, with the names of all', t => {
  const history = createHistory();
  t.deepEqual(record(history, ['a ! no file', 'b ! no room', 'c ! no file', 'd']), [
    'error a, c: reconcile failed, will retry',
    'error b: reconcile failed, will retry',
  ]);
  t.deepEqual(record(history, ['a ! no file', 'b', 'c ! no file', 'd ! no file']), [
    'info b: driver works again',
    'error d: reconcile failed, will retry',
  ]);
  t.like(history.last, {
    drivers: [{name: 'a', error: 'no file'}, {name: 'b'}, {name: 'c', error: 'no file'}, {name: 'd', error: 'no file'}],
  });
});

test('a driver that is held back neither works again nor has repaired anything', t => {
  const history = createHistory();
  record(history, ['routes', 'bird ! no room']);
  t.deepEqual(record(history, ['routes ! no room', 'bird < routes'], true), ['error routes: reconcile failed, will retry']);
  t.like(history.last, {isGood: false, drivers: [{name: 'routes'}, {name: 'bird', heldBackBy: 'routes', failures: 1}]});
  t.deepEqual(record(history, ['routes ! no room', 'bird < routes'], true), []);
});

test('a warning is told once, as long as it is the same, and stands in the report', t => {
  const history = createHistory();
  const pass = (warning?: string) =>
    history
      .record([{name: 'iptables', wanted: 1, changes: 0, ...(warning !== undefined && {warning})}], 5, 7)
      .map(({level, message, fields}) => [level, message, fields['warning']]);
  t.deepEqual(pass('drops'), [['warn', 'to be looked at', 'drops']]);
  t.deepEqual(pass('drops'), []);
  t.like(history.last, {isGood: true, drivers: [{warning: 'drops'}]});
  t.deepEqual(pass('drops more'), [['warn', 'to be looked at', 'drops more']]);
  t.deepEqual(pass(), []);
  t.is(history.last?.drivers[0]?.warning, undefined);
  t.deepEqual(pass('drops'), [['warn', 'to be looked at', 'drops']]);
});
