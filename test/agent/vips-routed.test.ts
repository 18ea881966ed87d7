import {copyFile, mkdir} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {systemFiles} from '../../src/system/file-system.ts';
import {birdPaths, type RunningBird, startBird} from '../helpers/bird.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {followKernel} from '../helpers/follow-kernel.ts';
import {type Namespace, namespaceTest} from '../helpers/namespace.ts';
import {repository} from '../helpers/shipped-templates.ts';
import {waitFor} from '../helpers/wait.ts';
import {overlaps} from './address-record.ts';
import {createVipSegment, type SegmentHost, type VipSegment} from './vip-segment.ts';

// Hosts that announce their VIPs to a ToR by BGP, with the shipped templates. The ToR's kernel says when a route came and went.

const test = namespaceTest({isSerial: true});
const [web, ip4, db, ip6] = ['web', '10.99.0.1', 'db', '2001:db8:99::1'] as const;

interface Routed {
  readonly segment: VipSegment;
  readonly birds: ReadonlyMap<string, RunningBird>;
  /** The hosts that the ToR sends an address to. */
  viaOf(ip: string): Promise<string[]>;
  /** What the ToR's kernel has told of routes to an address: "via" a host, or gone ('') and when, in milliseconds since 1970. */
  readonly told: ReadonlyArray<{readonly ip: string; readonly via: string; readonly at: number}>;
}

async function start(t: ExecutionContext): Promise<Routed> {
  const folders = new Map<string, string>();
  const segment = await createVipSegment(t, {
    agent(name, folder) {
      folders.set(name, folder);
      const paths = birdPaths(folder);
      const vars = {neighbor: '192.168.20.100', neighborAs: 65000};
      return {
        publish: {
          templates: path.join(folder, 'templates'),
          birdConf: paths.birdConf,
          confDir: paths.confDir,
          birdSocket: paths.birdSocket,
          birdPidFile: paths.birdPidFile,
          localAs: 65010,
          vars,
        },
      };
    },
  });
  const told = recordRoutes(t, segment.switch);
  await startTor(t, segment);
  const birds = new Map<string, RunningBird>();
  for (const {name, namespace} of segment.hosts) {
    const folder = folders.get(name) ?? '';
    await copyFile(path.join(repository, 'bird/bird.conf'), path.join(folder, 'templates/bird.conf'));
    await copyFile(path.join(repository, 'templates/bird2/bgp/publisher.conf'), path.join(folder, 'templates/publisher.conf'));
    const paths = birdPaths(folder);
    await copyFile(path.join(repository, 'bird/bird.conf'), paths.birdConf);
    birds.set(name, await startBird(t, namespace, paths));
  }
  const viaOf = async (ip: string) => {
    const text = await segment.switch.run('ip', [ip.includes(':') ? '-6' : '-4', 'route', 'show', ip]);
    return [...text.matchAll(/via (\S+)/g)].map(
      ([, via]) => segment.hosts.find(host => via === host.ip || via === ip6Of(host))?.name ?? via ?? '',
    );
  };
  await segment.putVip(web, ip4);
  await segment.putVip(db, ip6);
  await Promise.all(segment.hosts.map(host => host.start()));
  return {segment, birds, viaOf, told};
}

const ip6Of = ({ip}: SegmentHost) => `2001:db8::${ip.split('.').at(-1)}`;

async function startTor(t: ExecutionContext, {switch: tor, hosts}: VipSegment): Promise<void> {
  const folder = await temporaryFolder(t);
  const paths = birdPaths(folder);
  await mkdir(paths.confDir);
  const sessions = hosts.map(
    ({name, ip}) => `protocol bgp '${name}' {
  local 192.168.20.100 as 65000;
  neighbor ${ip} as 65010;
  direct;
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  ipv4 { import all; export none; };
  ipv6 { import all; export none; next hop address 2001:db8::100; };
}
`,
  );
  const text = `router id 192.168.20.100;
protocol device { }
protocol direct { ipv4; ipv6; }
protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }
protocol kernel { ipv6 { import none; export where source = RTS_BGP; }; }
${sessions.join('')}`;
  await systemFiles.write(paths.birdConf, text, 0o644);
  await startBird(t, tor, paths);
}

function recordRoutes(t: ExecutionContext, namespace: Namespace): Routed['told'] {
  const told: {ip: string; via: string; at: number}[] = [];
  followKernel(t, namespace, 'route', (line, at) => {
    const [, gone, ip = '', via = ''] = /^(Deleted )?(\S+) via (\S+)/.exec(line) ?? [];
    if (ip !== '') told.push({ip, via: gone === undefined ? via : '', at});
  });
  return told;
}

test('a VIP is announced by its holder; when the agent is killed the ToR loses the route with the address, and gets it from the next holder', async t => {
  const {segment, viaOf, told} = await start(t);
  const holder = segment.host(await segment.settled(web, ip4));
  await waitFor('the ToR has the route', async () => (await viaOf(ip4)).join() === holder.name);
  await waitFor('and the other one', async () => (await viaOf(ip6)).join() === (await segment.holderOf(db)));

  const killedAt = Date.now();
  await holder.signal('SIGKILL');
  const next = segment.host(await segment.settled(web, ip4, name => name !== holder.name));
  await waitFor('the ToR has the route from the next one', async () => (await viaOf(ip4)).join() === next.name);
  const after = told.filter(({ip, at}) => ip === ip4 && at >= killedAt);
  const [gone, back] = [after.find(({via}) => via === ''), after.find(({via}) => via === next.ip)];
  const came = next.record.spansOf(ip4).at(-1)?.from ?? 0;
  t.log(
    `address gone after ${Math.round((holder.record.spansOf(ip4).at(-1)?.to ?? 0) - killedAt)} ms, route gone after ${Math.round((gone?.at ?? 0) - killedAt)} ms`,
  );
  t.log(`address on the next host after ${Math.round(came - killedAt)} ms, route after ${Math.round((back?.at ?? 0) - killedAt)} ms`);
  // The address is gone before the route comes from elsewhere, so the route is gone by then, too.
  t.true((gone?.at ?? Infinity) <= (back?.at ?? 0));
  t.deepEqual(overlaps(new Map(segment.hosts.map(({name, record}) => [name, record]))), []);
});

test('a host that is drained stops announcing its VIP before the address goes', async t => {
  const {segment, viaOf, told} = await start(t);
  const holder = segment.host(await segment.settled(web, ip4));
  await waitFor('the ToR has the route', async () => (await viaOf(ip4)).join() === holder.name);
  await waitFor('and the other one', async () => (await viaOf(ip6)).join() === (await segment.holderOf(db)));
  const drainedAt = Date.now();
  await segment.putHost(holder.name, true);
  const next = segment.host(await segment.settled(web, ip4, name => name !== holder.name));
  await waitFor('the ToR has the route from the next one', async () => (await viaOf(ip4)).join() === next.name);
  const gone = told.find(({ip, via, at}) => ip === ip4 && via === '' && at >= drainedAt);
  const back = told.find(({ip, via, at}) => ip === ip4 && via === next.ip && at >= drainedAt);
  const went = holder.record.spansOf(ip4).at(-1)?.to ?? 0;
  t.log(
    `route gone after ${Math.round((gone?.at ?? 0) - drainedAt)} ms, address after ${Math.round(went - drainedAt)} ms, route back after ${Math.round((back?.at ?? 0) - drainedAt)} ms`,
  );
  t.true((gone?.at ?? Infinity) < went);
});
