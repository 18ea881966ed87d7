import test from 'ava';
import {type DrainStatus, type DrainWish, drainProgress} from '../../src/cli/drain-progress.ts';

const bird = {running: true, stale: false};
const host: DrainStatus = {
  host: 'host-1',
  drained: true,
  reported: true,
  at: '2026-11-21T10:00:00.000Z',
  age_seconds: 2,
  announced: 10,
  bird,
};
const drain = {state: 'draining', deadline: '2026-11-21T10:00:54.000Z', with_other_path: 3, prefixes: 10} as const;
const wish: DrainWish = {isDrained: true, isChange: true, elapsedSeconds: 10};
const back: DrainWish = {...wish, isDrained: false};
const waits = 'host-1: waits for its agent to take notice';
const problem = {...bird, stale: true, problem: {reason: 'syntax error'}};

const cases: ReadonlyArray<readonly [title: string, status: Partial<DrainStatus>, wish: DrainWish, text: string, end?: 'done' | 'failed']> =
  [
    ['draining counts prefixes and seconds', {drain}, wish, 'host-1: draining, 3 of 10 prefixes have another path, 52 s left'],
    [
      'one prefix',
      {drain: {...drain, with_other_path: 0, prefixes: 1}},
      wish,
      'host-1: draining, 0 of 1 prefix has another path, 52 s left',
    ],
    ['drained', {drain: {...drain, state: 'drained'}}, wish, 'host-1: drained, nothing is announced', 'done'],
    ['after the deadline', {drain, age_seconds: 60}, {...wish, elapsedSeconds: 70}, 'host-1: draining, its prefixes are being withdrawn'],
    [
      'why they are not withdrawn',
      {drain: {...drain, deadline: '2026-11-21T09:59:30.000Z'}, bird: problem},
      wish,
      'host-1: draining, its prefixes are being withdrawn (syntax error)',
    ],
    [
      'never withdrawn',
      {drain: {...drain, deadline: '2026-11-21T09:50:00.000Z'}, bird: {...bird, running: false}},
      wish,
      'host-1: draining, its prefixes are being withdrawn (BIRD is not running), for too long to wait for it',
      'failed',
    ],
    ['a report from before does not count', {drain: {...drain, state: 'drained'}, age_seconds: 11}, wish, waits],
    [
      'unless nothing has changed',
      {drain: {...drain, state: 'drained'}, age_seconds: 11},
      {...wish, isChange: false},
      'host-1: drained, nothing is announced',
      'done',
    ],
    ['not noticed yet', {}, wish, waits],
    ['never noticed', {}, {...wish, elapsedSeconds: 121}, `${waits}, for too long to wait for it`, 'failed'],
    ['no agent', {reported: false}, wish, 'host-1: drained in the store; its agent has never reported, nothing to wait for', 'done'],
    ['no agent, in use', {reported: false}, back, 'host-1: in use in the store; its agent has never reported, nothing to wait for', 'done'],
    [
      'a silent agent',
      {drain, age_seconds: 600},
      wish,
      'host-1: its agent has sent no report for 10 min, whether anything is announced still is not known',
      'failed',
    ],
    ['in use', {}, back, 'host-1: in use, 10 prefixes are announced', 'done'],
    ['in use, without BIRD', {bird: null, announced: 0}, back, 'host-1: in use, 0 prefixes are announced', 'done'],
    ['still drained', {drain: {...drain, state: 'drained'}}, back, 'host-1: drained, what it has to announce is not live yet'],
    ['refused', {bird: problem}, back, 'host-1: in use, what it has to announce is not live yet (syntax error)'],
    ['not in use again from a report of before', {age_seconds: 12}, back, waits],
    [
      'never in use again',
      {bird: {...bird, running: false}},
      {...back, elapsedSeconds: 200},
      'host-1: in use, what it has to announce is not live yet (BIRD is not running), for too long to wait for it',
      'failed',
    ],
  ];

for (const [title, status, given, text, end] of cases) {
  test(`${title}: ${text}`, t => {
    const progress = drainProgress({...host, ...status}, given);
    t.is(progress.text, text);
    t.is(progress.end, end);
  });
}

test('seconds that pass make no new line', t => {
  const [first, second] = [2, 3].map(age_seconds => drainProgress({...host, drain, age_seconds}, wish));
  t.not(first?.text, second?.text);
  t.is(first?.key, second?.key);
});
