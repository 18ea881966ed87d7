import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import plainTest from 'ava';
import {type BirdControl, BirdControlError, BirdNotRunningError} from '../../../src/drivers/bird/control-socket.ts';
import {readSessions} from '../../../src/drivers/bird/sessions.ts';
import {birdPaths, startBird} from '../../helpers/bird.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {connect, createNamespace, type Namespace, namespaceTest} from '../../helpers/namespace.ts';
import {waitFor} from '../../helpers/wait.ts';
import {
  bfdOfBird1,
  bfdOfBird2,
  ospf3OfBird2,
  ospfOfBird1,
  ospfOfBird2,
  protocolsOfBird1,
  protocolsOfBird2,
  replyOf,
} from './session-samples.ts';

const test = namespaceTest();

/** A BIRD that gives fixed answers, and that nobody may ask anything else. */
function birdWith(answers: Readonly<Record<string, string>>): BirdControl & {readonly asked: string[]} {
  const asked: string[] = [];
  return {
    asked,
    async command(text) {
      asked.push(text);
      const answer = answers[text];
      if (answer === undefined) throw new Error(`nobody should ask "${text}"`);
      return replyOf(answer);
    },
  };
}

const bird2 = {
  'show protocols all': protocolsOfBird2,
  'show bfd sessions': bfdOfBird2,
  'show ospf neighbors o4': ospfOfBird2,
  'show ospf neighbors o6': ospf3OfBird2,
};

async function sessionsOf(answers: Readonly<Record<string, string>>) {
  const sessions = (await readSessions(birdWith(answers))) ?? [];
  return {names: sessions.map(({name, isUp}) => `${name} ${isUp}`), named: new Map(sessions.map(session => [session.name, session]))};
}

plainTest('sessions of BIRD 2: neighbours, counts, errors and BFD', async t => {
  const {names, named} = await sessionsOf(bird2);
  t.deepEqual(names, ['bfd1 true', 'tor true', 'gone false', 'range_tor false', 'gone6 false', 'o4 true', 'o6 true', 'babel1 true']);
  const bfd = {
    protocol: 'bfd1',
    address: '192.168.20.2',
    dev: 'eth0',
    state: 'up',
    since: named.get('bfd1')?.bfdSessions?.[0]?.since ?? '',
    intervalSeconds: 0.2,
    timeoutSeconds: 0.6,
  };
  t.regex(bfd.since, /^\d\d:\d\d:\d\d\.\d{3}$/);
  t.deepEqual(named.get('tor'), {
    name: 'tor',
    proto: 'BGP',
    table: '---',
    state: 'up',
    since: '15:07:55.213',
    info: 'Established',
    neighbour: '192.168.20.2',
    neighbourAs: 65001,
    channels: [
      {name: 'ipv4', state: 'up', imported: 1, exported: 2, filtered: 1},
      {name: 'ipv6', state: 'up', imported: 0, exported: 0, filtered: 0},
    ],
    isUp: true,
    bfd,
  });
  t.deepEqual(named.get('bfd1')?.bfdSessions, [bfd]);
  t.like(named.get('gone'), {
    state: 'start',
    neighbour: '192.168.20.99',
    lastError: 'Socket: No route to host',
    channels: [{name: 'ipv4', state: 'down', imported: 0, exported: 0, filtered: 0}],
    bfd: undefined,
  });
  t.is(named.get('range_tor')?.neighbour, '192.168.30.0/24');
  t.is(named.get('gone6')?.neighbour, 'fe80::9%eth0');
  t.deepEqual(named.get('o4')?.neighbours, [{routerId: '10.0.0.2', state: 'Full/DR', dev: 'eth0', address: '192.168.20.2'}]);
  t.like(named.get('o6')?.neighbours?.[0], {routerId: '10.0.0.2', state: 'Full/DR', address: 'fe80::f871:4aff:feab:ee4d'});
});

plainTest('sessions of BIRD 1.6, which has no channels', async t => {
  const {names, named} = await sessionsOf({
    'show protocols all': protocolsOfBird1,
    'show bfd sessions': bfdOfBird1,
    'show ospf neighbors o4': ospfOfBird1,
  });
  t.deepEqual(names, ['bfd1 true', 'tor true', 'gone false', 'o4 true']);
  t.like(named.get('tor'), {
    since: '15:04:01',
    info: 'Established',
    neighbour: '192.168.20.2',
    neighbourAs: 65001,
    channels: [{name: 'master', state: 'up', imported: 2, exported: 2, filtered: 0}],
    bfd: {state: 'up', since: '15:03:57', intervalSeconds: 0.2},
  });
  t.like(named.get('gone'), {info: 'Connect Socket: No route to host', lastError: 'Socket: No route to host'});
  t.deepEqual(named.get('o4')?.neighbours, [{routerId: '10.0.0.2', state: 'Full/DR', dev: 'eth0', address: '192.168.20.2'}]);
});

plainTest('an OSPF without neighbours, or with one that is still coming, is not up', async t => {
  const alone = ospfOfBird2.replace(/^.*Full.*\n/m, '');
  t.false(alone.includes('Full'));
  for (const [answer, isUp] of [
    [alone, false],
    [ospfOfBird2.replace('Full/DR', 'ExStart/DR'), false],
    [ospfOfBird2.replace('Full/DR', '2-Way/Other'), true],
    ['9001 o4: Protocol is not up\n', false],
  ] as const) {
    const {named} = await sessionsOf({...bird2, 'show ospf neighbors o4': answer});
    t.is(named.get('o4')?.isUp, isUp, answer);
  }
});

plainTest('link-local neighbours are told apart by their interface', async t => {
  const line = (dev: string, state: string) =>
    ` fe80::9                   ${dev}       ${state}       2026-11-20 15:07:51.1    0.200    0.600\n`;
  const {named} = await sessionsOf({...bird2, 'show bfd sessions': `1020-bfd1:\n${line('eth1', 'Down')}${line('eth0', 'Up')}0000 \n`});
  t.like(named.get('gone6')?.bfd, {dev: 'eth0', state: 'up', since: '2026-11-20 15:07:51.1'});
  t.is(named.get('bfd1')?.bfdSessions?.length, 2);
});

plainTest('what there is no protocol for is not asked for', async t => {
  const bird = birdWith({'show protocols all': protocolsOfBird2.slice(0, protocolsOfBird2.indexOf('1002-bfd1'))});
  t.deepEqual(await readSessions(bird), []);
  t.deepEqual(bird.asked, ['show protocols all']);
});

plainTest('a BIRD that does not run has no sessions; one that does not answer is an error', async t => {
  const failing = (error: Error): BirdControl => ({command: () => Promise.reject(error)});
  t.is(await readSessions(failing(new BirdNotRunningError('no socket'))), undefined);
  await t.throwsAsync(readSessions(failing(new BirdControlError('no answer after 3000 ms'))), {instanceOf: BirdControlError});
});

const peers = [
  {local: 65534, remote: 65001, prefix: '10.1.0'},
  {local: 65001, remote: 65534, prefix: '10.2.0'},
] as const;

test('two real BIRDs: BGP with BFD, and OSPF', async t => {
  const [a, b] = [await createNamespace(t, 'sess-a'), await createNamespace(t, 'sess-b')];
  await connect(a, b, {addresses: [['192.168.20.1/24'], ['192.168.20.2/24']]});
  const start = async (namespace: Namespace, index: 0 | 1) => {
    const paths = birdPaths(await temporaryFolder(t));
    const {local, remote, prefix} = peers[index];
    await writeFile(
      paths.birdConf,
      `router id 10.0.0.${index + 1};
protocol device {}
protocol static own { ipv4; route ${prefix}.0/29 reject; route ${prefix}.8/29 reject; }
protocol bfd bfd1 { interface "eth0" { interval 100 ms; multiplier 5; }; }
protocol bgp tor { local as ${local}; neighbor 192.168.20.${2 - index} as ${remote}; bfd on; connect delay time 1; connect retry time 1;
  ipv4 { import filter { if net ~ [10.0.0.0/8{29,29}] && net.len = 29 && net != 10.2.0.8/29 then accept; reject; };
         import keep filtered; export where source = RTS_STATIC; }; }
protocol ospf v2 fabric { ipv4 { import none; export none; }; area 0 { interface "eth0" { type ptp; hello 1; dead count 4; }; }; }
`,
    );
    return {...(await startBird(t, namespace, paths)), folder: path.dirname(paths.birdConf)};
  };
  const [bird, other] = [await start(a, 0), await start(b, 1)];
  const named = async () => new Map((await readSessions(bird.control))?.map(session => [session.name, session]));

  const sessions = await waitFor('all sessions are up and the routes are there', async () => {
    const now = await named();
    const isDone = ['tor', 'fabric', 'bfd1'].every(name => now.get(name)?.isUp) && now.get('tor')?.bfd?.state === 'up';
    return isDone && now.get('tor')?.channels[0]?.imported === 1 && now;
  });
  t.like(sessions.get('tor'), {
    proto: 'BGP',
    state: 'up',
    info: 'Established',
    neighbour: '192.168.20.2',
    neighbourAs: 65001,
    channels: [{name: 'ipv4', state: 'up', imported: 1, exported: 2, filtered: 1}],
    bfd: {protocol: 'bfd1', address: '192.168.20.2', dev: 'eth0', intervalSeconds: 0.1, timeoutSeconds: 0.5},
  });
  t.like(sessions.get('fabric')?.neighbours?.[0], {routerId: '10.0.0.2', address: '192.168.20.2', dev: 'eth0'});

  await other.kill();
  const lost = await waitFor('the sessions are down', async () => {
    const now = await named();
    return now.get('tor')?.isUp === false && now.get('fabric')?.isUp === false && now;
  });
  t.is(lost.get('tor')?.channels[0]?.exported, 0);
  t.deepEqual(lost.get('fabric')?.neighbours, []);
});
