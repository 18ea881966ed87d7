import test from 'ava';
import {followAddress} from '../../src/agent/follow-address.ts';
import {nodeState} from '../helpers/node-state.ts';

test('each other address is told once', async t => {
  const [a, b, c] = ['192.168.20.30/24', '192.168.20.31/24', '192.168.20.32/24'].map(text => nodeState({addresses: [text]}).self);
  if (a === undefined || b === undefined || c === undefined) throw new Error('three hosts');
  const answers = [a, a, b, b, b, c];
  const stop = new AbortController();
  const told: string[] = [];
  await followAddress(
    {
      readSelf: async () => answers.shift() ?? c,
      clock: {now: () => 0, sleep: async () => void (answers.length === 0 && stop.abort())},
      onUnknown: () => t.fail('it is known from the start'),
      onKnown: self => t.is(self, a),
      onChange: ({addresses}) => told.push(addresses[0]?.address ?? ''),
    },
    stop.signal,
  );
  t.deepEqual(told, ['192.168.20.31', '192.168.20.32']);
});

test('a host that is not known yet is waited for, and each reason is told once', async t => {
  const {self} = nodeState();
  const answers: Array<string | typeof self> = ['no route', 'no route', 'no address', self, self];
  const stop = new AbortController();
  const told: string[] = [];
  await followAddress(
    {
      async readSelf() {
        const answer = answers.shift();
        if (typeof answer === 'object') return answer;
        throw new Error(answer);
      },
      clock: {now: () => 0, sleep: async () => void (answers.length === 0 && stop.abort())},
      onUnknown: reason => told.push(reason),
      onKnown: known => told.push(known.name),
      onChange: () => t.fail('nothing has changed'),
    },
    stop.signal,
  );
  t.deepEqual(told, ['no route', 'no address', 'host-1']);
});
