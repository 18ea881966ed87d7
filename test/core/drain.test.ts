import test from 'ava';
import {type DrainFacts, type DrainState, nextDrain} from '../../src/core/drain.ts';
import {templateData} from '../../src/core/publish.ts';
import {createReleased} from '../../src/core/released.ts';
import {nodeState} from '../helpers/node-state.ts';

const facts: DrainFacts = {isWanted: true, isAnnouncing: true, hasOtherPaths: false, now: 1000, timeoutSeconds: 60};
const none: DrainState = {phase: 'none'};
const draining: DrainState = {phase: 'draining', since: 1000, deadline: 61_000};
const drained: DrainState = {phase: 'drained', since: 5000};

const cases: ReadonlyArray<readonly [title: string, before: DrainState, facts: Partial<DrainFacts>, after: DrainState]> = [
  ['a host in use stays so', none, {isWanted: false}, none],
  ['draining begins with its deadline', none, {}, draining],
  ['a timeout of 0 withdraws at once', none, {timeoutSeconds: 0}, {phase: 'drained', since: 1000}],
  ['a host that announces nothing is drained at once', none, {isAnnouncing: false}, {phase: 'drained', since: 1000}],
  ['where all have another path already, nothing is waited for', none, {hasOtherPaths: true}, {phase: 'drained', since: 1000}],
  ['draining goes on before the deadline', draining, {now: 60_999}, draining],
  ['a deadline stays as it was when the timeout changes', draining, {now: 2000, timeoutSeconds: 5}, draining],
  ['draining ends at the deadline', draining, {now: 61_000}, {phase: 'drained', since: 61_000}],
  ['draining ends when all have another path', draining, {now: 9000, hasOtherPaths: true}, {phase: 'drained', since: 9000}],
  ['draining ends when nothing is announced any more', draining, {now: 9000, isAnnouncing: false}, {phase: 'drained', since: 9000}],
  ['a drained host stays drained, even where a path goes again', drained, {now: 99_000}, drained],
  ['a draining host is in use again at once', draining, {isWanted: false, now: 2000}, none],
  ['a drained host is in use again at once', drained, {isWanted: false, hasOtherPaths: true, isAnnouncing: false}, none],
];

for (const [title, before, given, after] of cases) {
  test(title, t => {
    t.deepEqual(nextDrain(before, {...facts, ...given}), after);
  });
}

const leaf = {name: 'rack-1', path: 'rack-1', cidr: '10.1.0.0/24', assignment: {}, routing: '', groups: []} as never;
const host = {
  name: 'host-1',
  ip: '192.168.20.30',
  agentPort: 9604,
  tags: {rack: 'rack-1'},
  groups: {net1: '10.1.0.0/24'},
  drained: true,
} as never;
const node = (drain: 'none' | 'draining' | 'drained') =>
  nodeState({
    blocks: ['10.1.0.0/29', '10.1.0.8/29'],
    drain,
    state: {trees: [{network: {name: 'net1', cidr: '10.1.0.0/24'} as never, root: leaf}], hosts: new Map([['host-1', host]])},
  });

test('templates have all prefixes while the host is draining, and a word for it', t => {
  const {Draining, ...data} = templateData(node('draining'));
  const {Draining: isDrainingElse, ...usual} = templateData(node('none'));
  t.deepEqual([Draining, isDrainingElse], [true, false]);
  t.deepEqual(data, usual);
  t.is(data.Networks.length, 2);
  t.is(Object.keys(data.HostGroups).length, 1);
});

test('templates have nothing to announce once the host is drained, and still know who it is', t => {
  const data = templateData(node('drained'));
  t.deepEqual([data.Networks, data.Networks4, data.Networks6, data.Blocks, data.Vips, data.HostGroups], [[], [], [], [], [], {}]);
  t.like(data, {Draining: false, Hostname: 'host-1', NodeIP: '192.168.20.30', Tags: {rack: 'rack-1'}});
});

test('what a drained host withdraws is meant', t => {
  const released = createReleased(node('drained').state, 'host-1');
  t.true(templateData(node('none')).Networks.every(released));
});
