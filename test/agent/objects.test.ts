import test from 'ava';
import {readObjects} from '../../src/agent/objects.ts';
import {systemClock} from '../../src/system/clock.ts';
import {nodeState} from '../helpers/node-state.ts';

test('what does not answer, or fails, is told beside what others have', async t => {
  const late = Promise.withResolvers<never>();
  const steps = [
    {name: 'routes', inspect: async () => [{object: '10.1.0.0/29', state: 'as wanted' as const}]},
    {name: 'iptables', inspect: () => late.promise},
    {name: 'rules', inspect: () => Promise.reject(new Error('no kernel'))},
  ];
  // The time is over as soon as all that answers has answered.
  const clock = {sleep: () => new Promise<void>(resolve => setImmediate(resolve))};
  t.deepEqual(
    await readObjects(
      [
        {steps, node: nodeState()},
        {steps, node: undefined},
      ],
      clock,
    ),
    [
      {driver: 'routes', object: '10.1.0.0/29', state: 'as wanted'},
      {driver: 'iptables', problem: 'what is there is not known: no answer within 3 s'},
      {driver: 'rules', problem: 'no kernel'},
    ],
  );
  t.deepEqual(await readObjects([{steps: steps.slice(0, 1), node: nodeState()}], systemClock), [
    {driver: 'routes', object: '10.1.0.0/29', state: 'as wanted'},
  ]);
});
