import path from 'node:path';
import {fetchTemplateData} from '../../src/agent/client.ts';
import {createKeys} from '../../src/store/keys.ts';
import {parseBeat, parseReport} from '../../src/store/reports.ts';
import {birdRoutes} from '../helpers/bird.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {type AgentHost, createAgentHost, templates} from './agent-host.ts';

// What an operator sees of the real program: its local API, its report in the store, and an address that changes.

const test = namespaceTest();
const keys = createKeys('/romana');

const withSessions = `${templates['publisher.conf']}
protocol bfd bfd1 { }
protocol bgp tor { local as 65534; neighbor 192.168.20.1 as 65001; bfd on; ipv4 { import none; export where proto = "romana"; }; }
protocol ospf v2 fabric { ipv4 { import none; export none; }; area 0 { interface "eth0" { }; }; }
`;

const isSettled = ({pass, bird}: Awaited<ReturnType<AgentHost['status']>>) => pass?.isGood === true && bird?.isStale === false;

/** Runs etcdctl in the host's namespace. */
const etcdctl = ({namespace}: AgentHost, ...args: readonly string[]) => namespace.run('env', ['ETCDCTL_API=3', 'etcdctl', ...args]);

/** The value of a key, without the line's end; '' for none. */
async function stored(host: AgentHost, key: string): Promise<string> {
  return (await etcdctl(host, 'get', '--print-value-only', key)).trim();
}

test('the data of templates is answered after the first whole state, not before', async t => {
  const host = await createAgentHost(t, 'data');
  const socket = path.join(host.folder, 'run/agent.sock');
  await host.startBird();
  await host.startAgent();
  await t.throwsAsync(fetchTemplateData(socket), {message: /agent\.sock: The agent has not read any whole state of the store yet/});
  await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30');
  await host.putBlocks('10.1.0.0/29 host-1');
  const data = await waitFor('the data of the newest state', async () => {
    const text = await fetchTemplateData(socket).catch(() => '{}');
    const parsed = JSON.parse(text);
    return parsed.networks?.length === 1 && parsed;
  });
  t.like(data, {
    host: {name: 'host-1', address: ['192.168.20.30/24', '2001:db8::30/64']},
    localAS: 65534,
    networks: ['10.1.0.0/29'],
  });
});

test('sessions are seen in status, metrics and the report in the store; a removed host reports nothing', async t => {
  const host = await createAgentHost(t, 'report');
  await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30');
  await host.putBlocks('10.1.0.0/29 host-1');
  await host.template('publisher.conf', withSessions);
  const bird = await host.startBird();
  await host.startAgent();
  const status = await host.until('settled, with sessions', now => isSettled(now) && now.bird?.sessions.length === 3);
  const named = new Map(status.bird?.sessions.map(session => [session.name, session]));
  t.like(named.get('tor'), {proto: 'BGP', isUp: false, neighbour: '192.168.20.1', neighbourAs: 65001});
  t.like(named.get('fabric'), {proto: 'OSPF', isUp: false, neighbours: []});
  t.is(await host.metric('romana_bird_session_up{session="tor",proto="BGP"}'), 0);
  t.is(await host.metric('romana_bird_session_up{session="bfd1",proto="BFD"}'), 1);
  t.is(await host.metric('romana_bird_running'), 1);
  const table = (await host.romana('agent', 'status')).stdout;
  t.regex(table, /^SESSION +PROTO +NEIGHBOUR +STATE +SINCE +IN +OUT +BFD$/m);
  t.regex(table, /^tor +BGP +192\.168\.20\.1 AS65001 /m);
  t.deepEqual(
    table.split('\n').filter(line => line.length > 100),
    [],
  );

  const reported = (what: string, is: (report: ReturnType<typeof parseReport>) => boolean) =>
    waitFor(what, async () => {
      const text = await stored(host, keys.report('host-1'));
      return text !== '' && is(parseReport('k', text));
    });
  await reported('the report is in the store', ({announced, bird: seen}) => announced === 1 && seen?.sessions.length === 3);
  await host.startDaemon();
  const shown = await waitFor('the daemon shows the report', async () => {
    const {stdout} = await host.romana('status', '-f', 'json');
    return stdout !== '' && JSON.parse(stdout).hosts[0]?.reported && JSON.parse(stdout).hosts[0];
  });
  t.like(shown, {
    host: 'host-1',
    announced: 1,
    prefixes: 'blocks',
    bird: {running: true, stale: false},
    addresses: ['192.168.20.30/24', '2001:db8::30/64'],
  });
  t.like(
    shown.bird.sessions.find(({name}: {name: string}) => name === 'tor'),
    {up: false, neighbour_as: 65001, exported: 0},
  );
  t.regex((await host.romana('status')).stdout, /^host-1 +isolated +0\/2 +1 +\d+ s ago +accepted \d+ s ago$/m);

  const explained = (await host.romana('explain', '10.1.0.1')).stdout.replaceAll('\n', ' ');
  t.regex(explained, /Host host-1 announces 10\.1\.0\.0\/29; none of its sessions is up, so that nobody hears it\./);

  const beat = parseBeat('k', await stored(host, keys.beat('host-1')));
  t.true(beat.revision > 0 && beat.at > 0);
  await bird.kill();
  await reported('that BIRD is gone is in the report', ({bird: seen}) => seen?.isRunning === false);

  await etcdctl(host, 'del', keys.host('host-1'));
  await host.until('the agent knows that its host is gone', ({revision}) => revision > beat.revision);
  const removedAt = Date.now();
  await host.until('a pass has seen it', ({pass}) => (pass?.at ?? 0) > removedAt);
  await etcdctl(host, 'del', '--prefix', keys.allReports);
  await host.putHosts('host-2 192.168.20.31');
  await host.startBird();
  await host.until('BIRD runs again', isSettled);
  t.is(await etcdctl(host, 'get', '--prefix', '--keys-only', keys.allReports), '');
});

test("the host's address changes without a restart: another template is chosen", async t => {
  const host = await createAgentHost(t, 'moved');
  await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30');
  await host.putBlocks('10.1.0.0/29 host-1');
  await host.template('publisher.conf.192.168.20.31', `${templates['publisher.conf']}# for .31, {{NodeIP}}\n`);
  const bird = await host.startBird();
  await host.startAgent();
  await host.until('settled', isSettled);
  t.false((await host.publisherConf()).includes('for .31'));

  await host.ip('address add 192.168.20.31/24 dev eth0');
  await host.ip('address del 192.168.20.30/24 dev eth0');
  await host.ip('address replace 192.168.20.31/24 dev eth0');
  await host.ip('route replace default via 192.168.20.1');
  const {addresses, bird: report} = await host.until(
    'the new address is seen',
    now => now.addresses.includes('192.168.20.31/24') && isSettled(now),
  );
  t.deepEqual(addresses, ['192.168.20.31/24', '2001:db8::30/64']);
  t.true(report?.templates.some(file => file.endsWith('publisher.conf.192.168.20.31')));
  t.true((await host.publisherConf()).endsWith('# for .31, 192.168.20.31\n'));
  t.deepEqual(await birdRoutes(bird.control), ['10.1.0.0/29']);
});
