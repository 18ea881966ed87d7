import test from 'ava';
import {desiredBlockRoutes} from '../../src/core/desired-block-routes.ts';
import type {NodeState, RouteSettings} from '../../src/core/node-state.ts';
import {parsePrefix} from '../../src/core/prefix.ts';
import {nodeState} from '../helpers/node-state.ts';

function withBlocks(own: readonly string[], other: readonly string[], settings: Partial<RouteSettings> = {}): NodeState {
  const node = nodeState({blocks: own});
  const block = (cidr: string, host: string) => ({cidr: parsePrefix(cidr), host, tenant: '', segment: ''});
  const others = other.map((cidr, index) => block(cidr, index === 0 ? 'host-2' : ''));
  const blocks = new Map([...others, ...node.state.blocks.values()].map(each => [each.cidr, each]));
  return {...node, settings: {...node.settings, routes: {...node.settings.routes, ...settings}}, state: {...node.state, blocks}};
}

const table: ReadonlyArray<readonly [title: string, node: NodeState, to: readonly string[]]> = [
  ['a host without blocks has none', withBlocks([], ['10.1.0.0/29']), []],
  [
    'one for each own block, those of others and free ones left out',
    withBlocks(['10.1.0.16/29', '10.1.0.0/29'], ['10.1.0.8/29', '10.1.0.24/29']),
    ['10.1.0.0/29', '10.1.0.16/29'],
  ],
  ['side by side they become one', withBlocks(['10.1.0.8/29', '10.1.0.0/29'], []), ['10.1.0.0/28']],
  ['and stay apart without aggregate', withBlocks(['10.1.0.8/29', '10.1.0.0/29'], [], {aggregate: false}), ['10.1.0.0/29', '10.1.0.8/29']],
  ['IPv6 the same', withBlocks(['fd00::440/122', 'fd00::400/122', '10.1.0.0/29'], ['fd00::480/122']), ['10.1.0.0/29', 'fd00::400/121']],
  ['nothing is wanted where routes are off', withBlocks(['10.1.0.0/29'], [], {enabled: false}), []],
];

for (const [title, node, to] of table) {
  test(title, t => {
    t.deepEqual(
      desiredBlockRoutes(node).map(route => route.to as string),
      [...to],
    );
  });
}
