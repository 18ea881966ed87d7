import {desiredBlockRoutes} from '../../src/core/desired-block-routes.ts';
import {desiredNeighbourRoutes} from '../../src/core/desired-neighbour-routes.ts';
import {desiredRules} from '../../src/core/desired-rules.ts';
import type {NodeState, RouteSettings} from '../../src/core/node-state.ts';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {createBlockRoutes} from '../../src/drivers/block-routes.ts';
import {createReadKernel, mainRoutesOf} from '../../src/drivers/kernel.ts';
import {createNeighbourRoutes} from '../../src/drivers/neighbour-routes.ts';
import {createRules} from '../../src/drivers/rules.ts';
import {reconcile} from '../../src/reconcile/reconcile.ts';
import {type Step, step} from '../../src/reconcile/step.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {nodeState} from '../helpers/node-state.ts';
import {createDriverHost, type DriverHost, lines} from './host.ts';

// A walk between states, with others meddling on the way. SEED=… in the environment walks it again.

const test = namespaceTest();
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const walkSteps = 25;

/** "cidr host", hosts 2 and 3 on the segment, 4 behind the gateway, 6 with IPv6. */
const states: Readonly<Record<string, {readonly blocks: readonly string[]; readonly routes?: Partial<RouteSettings>}>> = {
  empty: {blocks: []},
  'own blocks': {blocks: ['10.1.0.0/29 host-1', 'fd00::400/122 host-1']},
  neighbours: {blocks: ['10.1.0.0/29 host-1', '10.1.0.8/29 host-2', '10.1.0.16/29 host-2', '10.1.0.32/29 host-4', 'fd00::440/122 host-6']},
  'blocks change hands': {
    blocks: ['10.1.0.8/29 host-1', '10.1.0.0/29 host-2', '10.1.0.16/29 host-3', 'fd00::400/122 host-6', 'fd00::440/122 host-6'],
  },
  'not joined, multihop': {
    blocks: [
      '10.1.0.0/29 host-1',
      '10.1.0.8/29 host-1',
      '10.1.0.16/29 host-2',
      '10.1.0.24/29 host-2',
      '10.1.0.32/29 host-4',
      'fd00::440/122 host-1',
    ],
    routes: {aggregate: false, multihop: true},
  },
  off: {blocks: ['10.1.0.0/29 host-1', '10.1.0.8/29 host-2'], routes: {enabled: false}},
};
const hosts = {
  'host-1': '192.168.20.30',
  'host-2': '192.168.20.31',
  'host-3': '192.168.20.32',
  'host-4': '172.16.0.4',
  'host-6': '2001:db8::31',
};

function node(name: string): NodeState {
  const {blocks = [], routes} = states[name] ?? {};
  const base = nodeState({
    state: {
      hosts: new Map(
        Object.entries(hosts).map(([host, ip]) => [
          host,
          {name: host, ip: parseAddress(ip), agentPort: 9604, drained: false, tags: {}, groups: {}},
        ]),
      ),
      blocks: new Map(
        blocks.map(text => {
          const [cidr = '', host = ''] = text.split(' ');
          return [parsePrefix(cidr), {cidr: parsePrefix(cidr), host, tenant: '', segment: ''}];
        }),
      ),
    },
  });
  return {...base, settings: {...base.settings, routes: {...base.settings.routes, ...routes}}};
}

const foreignObjects = [
  'route add default via 192.168.20.1',
  'route add 10.1.0.0/29 via 192.168.20.1 metric 50',
  'route add 10.1.0.8/29 via 192.168.20.1 table 10 proto static metric 7',
  'route add unreachable 10.1.0.16/29 proto bird',
  '-6 route add fd00::440/122 via 2001:db8::1 table 10 proto static metric 7',
  '-6 route add unreachable fd00::400/122 metric 50 proto bird',
  'rule add pref 100 from 192.0.2.1 lookup 10',
  'rule add pref 32000 from 192.0.2.2 lookup 10',
  '-6 rule add pref 100 from fd00::1 blackhole',
];

const meddling = [
  'route flush table 10 proto 144',
  '-6 route flush table 10 proto 144',
  'route flush table main proto 144',
  'route del 10.1.0.0/29 proto 144',
  'route replace blackhole 10.1.0.0/29 proto 144 metric 4096',
  'route replace 10.1.0.8/29 via 192.168.20.1 table 10 proto 144 metric 64',
  'route replace 10.1.0.16/28 via 192.168.20.1 table 10 proto 144 metric 64',
  'route add 10.1.0.64/29 via 192.168.20.1 table 10 proto 144',
  '-6 route replace fd00::440/122 via 2001:db8::1 table 10 proto 144 metric 64',
  '-6 route add unreachable fd00::800/122 proto 144',
  'rule del pref 32000 lookup 10 proto 144',
  '-6 rule del pref 32000 lookup 10 proto 144',
  'rule add pref 9 lookup 10 proto 144',
  'rule add pref 32000 lookup 12 proto 144',
  'link set eth0 down',
];

test(`every walk between states ends in the wanted one, and what is not ours survives (SEED=${seed})`, async t => {
  const host = await createDriverHost(t, 'walk');
  // Addresses that go with the link would make the walk about them.
  await host.namespace.run('sysctl', ['-qw', 'net.ipv6.conf.all.keep_addr_on_down=1', 'net.ipv6.conf.eth0.keep_addr_on_down=1']);
  for (const line of foreignObjects) await host.ip(line);
  const foreign = await foreignOf(host);
  const random = createRandom(seed);
  const steps: ReadonlyArray<Step<NodeState>> = [
    step(createRules(host.run), desiredRules),
    step(createNeighbourRoutes(host.run, 10), desiredNeighbourRoutes),
    step(createBlockRoutes(host.run), desiredBlockRoutes),
  ];
  const pass = async (name: string) => reconcile(steps, {...node(name), mainRoutes: mainRoutesOf(await createReadKernel(host.run)())});

  const path: string[] = [];
  for (let index = 0; index < walkSteps; index += 1) {
    const name = random.pick(Object.keys(states));
    path.push(name);
    for (let count = random.below(4); count > 0; count -= 1) {
      const line = random.pick(meddling);
      path.push(`(${line})`);
      await host.ip(line).catch(() => '');
      if (line.startsWith('link')) await bringBack(host);
    }
    const where = `after ${path.join(', ')}`;
    const failed = (await pass(name)).filter(({error}) => error !== undefined);
    t.deepEqual(failed, [], where);
    t.deepEqual(await oursOf(host), wantedOf(name), where);
    t.deepEqual(await foreignOf(host), foreign, where);
    host.changes.length = 0;
    await pass(name);
    t.deepEqual(host.changes, [], `a second pass changes nothing ${where}`);
  }
});

/** The link is up again, and with it what others had there. */
async function bringBack(host: DriverHost): Promise<void> {
  await host.ip('link set eth0 up');
  for (const line of foreignObjects) if (line.includes(' via ')) await host.ip(line).catch(() => '');
}

function wantedOf(name: string): string[] {
  const {blocks = [], routes} = states[name] ?? {};
  if (routes?.enabled === false) return [];
  const expected: Readonly<Record<string, readonly string[]>> = {
    empty: [],
    'own blocks': ['unreachable 10.1.0.0/29', 'unreachable fd00::400/122'],
    neighbours: [
      'unreachable 10.1.0.0/29',
      '10.1.0.8/29 via 192.168.20.31',
      '10.1.0.16/29 via 192.168.20.31',
      'fd00::440/122 via 2001:db8::31',
    ],
    'blocks change hands': [
      'unreachable 10.1.0.8/29',
      '10.1.0.0/29 via 192.168.20.31',
      '10.1.0.16/29 via 192.168.20.32',
      'fd00::400/121 via 2001:db8::31',
    ],
    'not joined, multihop': [
      'unreachable 10.1.0.0/29',
      'unreachable 10.1.0.8/29',
      'unreachable fd00::440/122',
      '10.1.0.16/29 via 192.168.20.31',
      '10.1.0.24/29 via 192.168.20.31',
      '10.1.0.32/29 via 192.168.20.1',
    ],
  };
  return [...(expected[name] ?? blocks), '4 rule 10 at 32000:', '6 rule 10 at 32000:'].toSorted();
}

async function oursOf({ip}: DriverHost): Promise<string[]> {
  const routes = await Promise.all(
    ['-4', '-6'].flatMap(family => [
      ip(`${family} route show table main proto 144`),
      ip(`${family} route show table 10 proto 144`).catch(() => ''),
    ]),
  );
  const rules = await Promise.all(
    ['4', '6'].map(async family => lines(await ip(`-${family} -N rule show`)).map(line => `${family} ${line}`)),
  );
  return [
    ...lines(routes.join('\n')).map(line => line.replace(/ (dev|metric) .*$/, '')),
    ...rules.flat().flatMap(line => {
      const [, family, priority, table] = /^(\d) (\d+:) from all lookup (\d+) proto 144$/.exec(line) ?? [];
      return family === undefined ? [] : [`${family} rule ${table} at ${priority}`];
    }),
  ].toSorted();
}

async function foreignOf({ip}: DriverHost): Promise<string[]> {
  const outputs = await Promise.all(['-4 route show table all', '-6 route show table all', '-4 rule show', '-6 rule show'].map(ip));
  return lines(outputs.join('\n')).filter(line => !/proto (144|kernel)|romana/.test(line) && !line.startsWith('nexthop'));
}

/** Numbers that follow from the seed (mulberry32). */
function createRandom(start: number) {
  let state = start;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {below, pick: <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item};
}
