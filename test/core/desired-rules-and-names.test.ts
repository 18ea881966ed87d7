import test from 'ava';
import {desiredNames} from '../../src/core/desired-names.ts';
import {desiredRules} from '../../src/core/desired-rules.ts';
import type {NodeState, RouteSettings} from '../../src/core/node-state.ts';
import {nodeState} from '../helpers/node-state.ts';

function withRoutes(routes: Partial<RouteSettings>): NodeState {
  const node = nodeState();
  return {...node, settings: {...node.settings, routes: {...node.settings.routes, ...routes}}};
}

test('a rule for each family looks the table up', t => {
  t.deepEqual(desiredRules(withRoutes({table: 21})), [
    {family: 'ipv4', table: 21},
    {family: 'ipv6', table: 21},
  ]);
});

test('table and protocol get their names', t => {
  t.deepEqual(desiredNames(withRoutes({table: 21})), [
    {folder: 'rt_tables.d', text: '21\tromana\n'},
    {folder: 'rt_protos.d', text: '144\tromana\n'},
  ]);
});

test('neither is wanted where routes are off', t => {
  t.deepEqual(desiredRules(withRoutes({enabled: false})), []);
  t.deepEqual(desiredNames(withRoutes({enabled: false})), []);
});
