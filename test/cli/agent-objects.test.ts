import test from 'ava';
import type {OwnedObject} from '../../src/agent/objects.ts';
import {renderObjects} from '../../src/cli/agent-objects.ts';

const objects: OwnedObject[] = [
  {driver: 'rules', object: 'ipv4 10 32000', state: 'as wanted', wanted: 'ipv4 pref 32000 lookup 10', actual: 'ipv4 pref 32000 lookup 10'},
  {driver: 'neighbour-routes', object: '10.1.0.8/29', state: 'missing', wanted: '10.1.0.8/29 via 192.168.20.31 dev eth0'},
  {
    driver: 'neighbour-routes',
    object: '10.1.0.16/29',
    state: 'different',
    wanted: '10.1.0.16/29 via 192.168.20.32 dev eth0',
    actual: '10.1.0.16/29 via 192.168.20.1 dev eth0',
  },
  {driver: 'block-routes', object: '10.9.0.0/29 4096', state: 'not wanted', actual: 'unreachable 10.9.0.0/29'},
  {driver: 'bird', object: 'bird', state: 'different'},
  {driver: 'vips', problem: 'cannot look'},
];

const rows = (text: string) =>
  text
    .split('\n')
    .map(line => line.trim().replaceAll(/ {2,}/g, ' | '))
    .filter(Boolean);

test('what is not as wanted is listed, with what was found in its place', t => {
  t.deepEqual(rows(renderObjects(objects, false)), [
    'DRIVER | STATE | OBJECT',
    'neighbour-routes | missing | 10.1.0.8/29 via 192.168.20.31 dev eth0',
    'neighbour-routes | different | wanted 10.1.0.16/29 via 192.168.20.32 dev eth0',
    'found | 10.1.0.16/29 via 192.168.20.1 dev eth0',
    'block-routes | not wanted | unreachable 10.9.0.0/29',
    'bird | different | bird',
    'vips | unknown | cannot look',
  ]);
});

test('with --all everything is; where all is well there is nothing to list', t => {
  t.is(rows(renderObjects(objects, true)).length, rows(renderObjects(objects, false)).length + 1);
  t.is(renderObjects(objects.slice(0, 1), false), '');
});

test('a problem that is told above already is not told again, and others are', t => {
  for (const withAll of [false, true]) {
    t.notRegex(renderObjects(objects, withAll, new Set(['cannot look'])), /cannot look/);
    t.regex(renderObjects(objects, withAll, new Set(['cannot say'])), /cannot look/);
  }
});
