import test from 'ava';
import {createHistory} from '../../src/agent/history.ts';
import {readStatus} from '../../src/agent/status.ts';
import {renderAgentStatus} from '../../src/cli/agent-status.ts';
import {nodeState} from '../helpers/node-state.ts';
import {sampleNow, status} from './status-sample.ts';

test('a host on which all is well', t => {
  t.is(
    renderAgentStatus(status, sampleNow),
    `host       host-1 (192.168.20.30/24, 2001:db8::30/64)
store      revision 42, current
last pass  3 s ago, 12 ms
announced  10.1.0.0/29, 10.1.0.16/29
bird       running, configuration accepted 10 min ago (configured)
template   /etc/romana/bird/bird.conf
template   /etc/romana/bird/publisher.conf.192.168.20.0
session    tor (BGP) up Established
session    tor6 (BGP) start

DRIVER            WANTED  STATE
rules             2       ok
neighbour-routes  3       ok
block-routes      2       ok
bird              2       ok
`,
  );
});

test('a refused configuration: where it is wrong, with a caret under the column', t => {
  const drivers = [
    {name: 'block-routes', wanted: 2, changes: 1, failures: 4, error: 'cannot change routes: ip route add …'},
    {name: 'bird', wanted: 2, changes: 1, failures: 0, heldBackBy: 'block-routes'},
  ];
  const problem = {
    reason: 'syntax error, unexpected CF_SYM_UNDEFINED',
    file: '/etc/romana/bird/publisher.conf',
    line: 5,
    column: 21,
    text: '  route 10.1.0.0/29 rejekt;',
  };
  const shown = {
    ...status,
    stateAgeSeconds: 300,
    announced: [],
    pass: {at: sampleNow - 3000, durationMs: 12, isGood: false, drivers},
    bird: {...status.bird, isRunning: false, sessions: [], accepted: undefined, isStale: true, templates: [], problem},
  };
  t.is(
    renderAgentStatus(shown, sampleNow),
    `host       host-1 (192.168.20.30/24, 2001:db8::30/64)
store      revision 42, out of touch for 5 min, the last known state is kept
last pass  3 s ago, 12 ms
announced  nothing
bird       not running, nothing accepted yet, what is wanted is not live
problem    syntax error, unexpected CF_SYM_UNDEFINED in /etc/romana/bird/publisher.conf, line 5
             route 10.1.0.0/29 rejekt;
                               ^

DRIVER        WANTED  STATE
block-routes  2       cannot change routes: ip route add …
bird          2       waits for block-routes
`,
  );
});

test('before the first whole state, and with publishing off', t => {
  const text = renderAgentStatus({...status, pass: undefined, bird: undefined, announced: []}, sampleNow);
  t.true(text.includes('\nlast pass  none yet: no whole state has been read\n'), text);
  t.true(text.includes('\nbird       publishing is off\n'), text);
  t.true(text.endsWith('\nDRIVER  WANTED  STATE\n'), text);
});

/** The status of a host whose BIRD has accepted something, after a pass with this result for BIRD. */
async function statusAfter(result: {error?: unknown; heldBackBy?: string; changes?: number}) {
  const history = createHistory();
  history.record([{name: 'bird', wanted: 2, changes: 0, ...result}], 5, 7, false);
  return readStatus({
    self: nodeState().self,
    version: '0.1.0',
    history,
    announced: () => ['10.1.0.0/29'],
    mirror: () => ({revision: 9, ageMs: 1500}),
    bird: {
      name: 'bird',
      status: () => ({accepted: {at: 3, how: 'configured', hash: 'h', sources: {}}, chosen: ['/t/bird.conf'], rejected: undefined}),
    },
    readSessions: async () => undefined,
  });
}

test('what is wanted is live only when BIRD neither failed nor waits', async t => {
  t.like(await statusAfter({}), {
    host: 'host-1',
    addresses: ['192.168.20.30/24'],
    revision: 9,
    stateAgeSeconds: 1.5,
    bird: {isStale: false, isRunning: false, accepted: {at: 3, how: 'configured'}},
  });
  t.is((await statusAfter({error: new Error('x')})).bird?.isStale, true);
  t.is((await statusAfter({heldBackBy: 'block-routes', changes: 1})).bird?.isStale, true);
  t.is((await statusAfter({heldBackBy: 'block-routes', changes: 0})).bird?.isStale, false, 'it waits with nothing to do');
});

test('a problem names file, line, column, reason and text, whatever was thrown', async t => {
  const {bird} = await statusAfter({error: new Error('cannot connect')});
  t.like(bird?.problem, {reason: 'cannot connect', file: undefined, line: undefined});
  t.is((await statusAfter({error: 'a string'})).bird?.problem?.reason, 'a string');
  const fields = {file: '/t/publisher.conf', line: 5, column: 3, reason: 'syntax error', text: 'route'};
  t.like((await statusAfter({error: Object.assign(new Error('long text'), fields)})).bird?.problem, fields);
});
