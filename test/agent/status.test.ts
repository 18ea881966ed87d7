import test from 'ava';
import type {BirdState} from '../../src/agent/bird-report.ts';
import {createHistory} from '../../src/agent/history.ts';
import {readStatus, stateStatus} from '../../src/agent/status.ts';
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
session    tor6 is not up: Socket: Connection refused

SESSION  PROTO  NEIGHBOUR                                      STATE        SINCE       IN  OUT  BFD
tor      BGP    192.168.20.1 AS65001                           Established  10:00:00    1   2    up
tor6     BGP    2001:db8:1234:5678:9abc:def0:1234:5678 AS420…  Active       2026-11-20  0   0    -
fabric   OSPF   192.168.20.1                                   Full/DR      10:00:00    4   2    -

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
problem    syntax error, unexpected CF_SYM_UNDEFINED (/etc/romana/bird/publisher.conf:5)
             route 10.1.0.0/29 rejekt;
                               ^

DRIVER        WANTED  STATE
block-routes  2       cannot change routes: ip route add …
bird          2       waits for block-routes
`,
  );
});

test('what the table of drivers has no room for stands above it, once for all that it is about', t => {
  const overlap =
    'routes stay as they are: network net1 (10.1.0.0/16) overlaps the service range 10.0.0.0/12 (agent.serviceRange): give the network other addresses';
  const drivers = [
    {name: 'neighbour-routes', wanted: 0, changes: 0, failures: 2, error: overlap},
    {name: 'sysctls', wanted: 1, changes: 1, failures: 1, error: 'cannot set net.ipv4.ip_forward=1: EPERM'},
    {name: 'block-routes', wanted: 0, changes: 0, failures: 2, error: overlap},
    {name: 'iptables', wanted: 0, changes: 0, failures: 0, warning: `FORWARD has the policy DROP ${'and so on '.repeat(12).trim()}`},
    {name: 'bird', wanted: 2, changes: 1, failures: 3, error: `of BIRD is told elsewhere ${'x '.repeat(50)}`},
  ];
  const text = renderAgentStatus({...status, pass: {at: sampleNow, durationMs: 12, isGood: false, drivers}}, sampleNow);
  t.true(
    text.includes(`
problem    neighbour-routes, block-routes: routes stay as they are: network net1 (10.1.0.0/16)
           overlaps the service range 10.0.0.0/12 (agent.serviceRange): give the network other
           addresses
warning    iptables: FORWARD has the policy DROP and so on and so on and so on and so on and so on
           and so on and so on and so on and so on and so on and so on and so on
`),
    text,
  );
  t.regex(text, /^iptables +0 +FORWARD has the policy DROP and so on/m);
});

test('before the first whole state, and with publishing off', t => {
  const early = {...status, state: 'none' as const, revision: 0, stateAgeSeconds: 7, pass: undefined, bird: undefined, announced: []};
  const text = renderAgentStatus(early, sampleNow);
  t.true(text.includes('\nstore      nothing is known yet: waiting for the first whole state of the store for 7 s\n'), text);
  t.notRegex(text, /revision|last known state/);
  t.true(text.includes('\nlast pass  none yet: no whole state has been read\n'), text);
  t.true(text.includes('\nbird       publishing is off\n'), text);
  t.true(text.endsWith('\nDRIVER  WANTED  STATE\n'), text);
});

test('why the store is out of touch is told, wherever the state comes from', t => {
  const storeFault = 'cannot reach etcd: connection refused';
  const lineOf = (more: object) =>
    /^store +(.*(?:\n +.*)*)/m.exec(renderAgentStatus({...status, storeFault, ...more}, sampleNow))?.[1]?.replaceAll(/\s+/g, ' ');
  t.is(
    lineOf({state: 'none', revision: 0, stateAgeSeconds: 7}),
    `nothing is known yet: waiting for the first whole state of the store for 7 s (${storeFault})`,
  );
  t.is(lineOf({stateAgeSeconds: 300}), `revision 42, out of touch for 5 min (${storeFault}), the last known state is kept`);
  t.regex(
    lineOf({state: 'cached', stateAgeSeconds: 300}) ?? '',
    /the store has told nothing since \(cannot reach etcd: connection refused\), and until/,
  );
  const known = {mirror: () => ({revision: 0, ageMs: 7000, fault: storeFault})};
  t.deepEqual(stateStatus(known), {state: 'none', revision: 0, stateAgeSeconds: 7, storeFault});
  t.false('storeFault' in stateStatus({mirror: () => ({revision: 3, ageMs: 0, fault: undefined})}));
});

/** The status of a host whose BIRD has accepted something, after a pass with this result for BIRD. */
async function statusAfter(
  result: {error?: unknown; heldBackBy?: string; changes?: number; pending?: string},
  {more = {}, readSessions = async () => undefined}: {more?: Partial<BirdState>; readSessions?: () => Promise<undefined>} = {},
) {
  const history = createHistory();
  history.record([{name: 'bird', wanted: 2, changes: 0, ...result}], 5, 7);
  return readStatus({
    self: () => nodeState().self,
    version: '0.1.0',
    history,
    readAnnounced: async () => ['10.1.0.0/29'],
    mirror: () => ({revision: 9, ageMs: 1500}),
    bird: {
      name: 'bird',
      status: () => ({
        accepted: {at: 3, how: 'configured'},
        chosen: ['/t/bird.conf'],
        rejected: undefined,
        ...more,
      }),
    },
    readSessions,
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

test('what is not live has a reason, and a time since when', async t => {
  t.like((await statusAfter({error: new Error('no disk\nno second line')})).bird, {staleReason: 'no disk', staleSince: 5});
  t.like((await statusAfter({heldBackBy: 'block-routes', changes: 1})).bird, {staleReason: 'waits for block-routes', staleSince: 5});
  t.like((await statusAfter({pending: 'tor to be up'})).bird, {isStale: true, staleReason: 'waits for tor to be up', staleSince: 5});
  const fine = (await statusAfter({})).bird;
  t.deepEqual([fine?.staleReason, fine?.staleSince], [undefined, undefined]);
});

test('what the driver says of trial, warnings and a refused template is handed on', async t => {
  const more = {
    trial: {since: 5, deadline: 35, waitingFor: ['tor']},
    warnings: [{guard: 'open-filter', reason: 'imports everything', file: '/t/publisher.conf', line: 3}],
    withLastGoodTemplate: true,
  };
  t.like((await statusAfter({}, {more})).bird, more);
});

test('a BIRD that does not answer is not taken for one that does not run', async t => {
  const readSessions = () => Promise.reject(new Error('show protocols all: no answer after 3000 ms'));
  const {bird} = await statusAfter({}, {readSessions});
  t.like(bird, {isRunning: true, sessions: [], unanswered: 'show protocols all: no answer after 3000 ms'});
  const text = renderAgentStatus({...status, bird}, sampleNow);
  t.true(text.includes('its sessions are not known: show protocols all: no answer after 3000 ms\n'), text);
});

test('a BIRD without a control socket runs as the driver says', async t => {
  const more = {accepted: {at: 3, how: 'signalled'}};
  t.like((await statusAfter({}, {more})).bird, {isRunning: true, isStale: false, unanswered: 'there is no control socket to ask'});
  t.like((await statusAfter({error: new Error('no process')}, {more})).bird, {isRunning: false, isStale: true, unanswered: undefined});
});

test('everything at once fits 100 columns, and the caret stays under its column', t => {
  const shown = {
    ...status,
    announced: Array.from({length: 1000}, (_, index) => `10.${index >> 8}.${index & 255}.0/29`),
    drain: {state: 'draining', since: sampleNow - 5000, deadline: sampleNow + 55_000, withOtherPath: 1, prefixes: 2} as const,
    pass: status.pass && {
      ...status.pass,
      drivers: [{name: 'neighbour-routes', wanted: 2, changes: 1, failures: 4, error: `cannot change routes: ${'x'.repeat(200)}`}],
    },
    bird: {
      ...status.bird,
      isStale: true,
      staleSince: sampleNow - 900_000,
      withLastGoodTemplate: true,
      sessions: status.bird.sessions.map(session => ({...session, name: `${session.name}_${'n'.repeat(40)}`})),
      trial: {since: sampleNow - 2000, deadline: sampleNow + 28_000, waitingFor: Array.from({length: 30}, (_, n) => `session_${n}`)},
      warnings: [
        {guard: 'open-filter', reason: 'a session imports all that its external neighbour sends '.repeat(3), file: '/t/p.conf', line: 1},
      ],
      problem: {reason: 'syntax error', file: '/t/publisher.conf', line: 5, column: 203, text: `${'-'.repeat(200)}  reject;`},
    },
  };
  const lines = renderAgentStatus(shown, sampleNow).split('\n');
  t.deepEqual(
    lines.filter(line => line.length > 100),
    [],
  );
  const caret = lines.findIndex(line => line.trim() === '^');
  t.is(lines[caret - 1]?.indexOf('reject'), lines[caret]?.indexOf('^'));
  const text = lines.join('\n').replaceAll(/\n +/g, ' ');
  for (const part of [
    'and 980 more',
    'draining for 5 s: 1 of 2 prefixes have another path, at most 55 s more',
    'else the old one comes back in 28 s',
    '(/t/p.conf:1) [open-filter]',
    'refused for 15 min',
    "today's prefixes are announced with the last template that was good",
  ]) {
    t.true(text.includes(part), part);
  }
});

test('VIPs: who holds them, and what this host has to do with them', t => {
  const reason = 'no device with an address of this host is up, and a very long reason goes on and on';
  const shown: typeof status = {
    ...status,
    vips: [
      {
        name: 'db',
        ip: '2001:db8::99',
        holder: 'host-1',
        since: 1,
        isHere: true,
        dev: 'eth0',
        provenForSeconds: 2.345,
        note: 'this host is drained',
      },
      {name: 'shop/a-name-that-is-longer-than-its-column', ip: '192.168.20.98', holder: 'host-2', since: 1, isHere: false},
      {name: 'vacant', ip: '192.168.20.97', isHere: false, note: reason},
      {name: 'web', ip: '192.168.20.99', holder: 'host-1', since: 1, isHere: true, dev: 'eth0', provenForSeconds: 2.345},
    ],
  };
  const text = renderAgentStatus(shown, sampleNow);
  t.true(
    text.includes(`
VIP                       IP             HOLDER  HERE
db                        2001:db8::99   host-1  on eth0, to go: this host is drained
shop/a-name-that-is-lon…  192.168.20.98  host-2  -
vacant                    192.168.20.97  -       no device with an address of this host …
web                       192.168.20.99  host-1  on eth0, proven for 2.3 s

DRIVER `),
    text,
  );
});
