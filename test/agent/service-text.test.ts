import test from 'ava';
import {type ServiceFacts, serviceText} from '../../src/agent/service-text.ts';
import {status} from './status-sample.ts';

const [driver] = status.pass?.drivers ?? [];
const passWith = (more: object): ServiceFacts['pass'] =>
  status.pass && driver && {...status.pass, isGood: false, drivers: [driver, {...driver, name: 'bird', ...more}]};

for (const [title, facts, text] of [
  ['all is well', {}, 'all is as it should be'],
  ['no address', {waitsFor: 'host.address: got nothing'}, 'waiting: host.address: got nothing'],
  ['no store yet', {state: 'none', pass: undefined}, 'waiting for the store, nothing is touched before it has told its whole state'],
  [
    'a cached state',
    {state: 'cached', stateWrittenAt: Date.UTC(2026, 10, 22, 1, 2, 3)},
    'the store is away, working with the state cached at 2026-11-22T01:02:03.000Z',
  ],
  ['the store has gone', {stateAgeSeconds: 7}, 'the store is out of touch, the last known state is kept'],
  ['a failure, in its first line', {pass: passWith({error: 'refused: x\n  route\n'})}, 'bird fails: refused: x'],
  ['something waits', {pass: passWith({pending: 'the trial'})}, 'bird waits for the trial'],
  ['something is held back', {pass: passWith({heldBackBy: 'rules'})}, 'bird waits for rules'],
  ['both', {stateAgeSeconds: 7, pass: passWith({error: 'x'})}, 'the store is out of touch, the last known state is kept; bird fails: x'],
] as const satisfies ReadonlyArray<readonly [string, Partial<ServiceFacts>, string]>) {
  test(`what the service manager shows: ${title}`, t => {
    t.is(serviceText({...status, ...facts}), text);
  });
}
