import test from 'ava';
import {desiredNeighbourRoutes} from '../../src/core/desired-neighbour-routes.ts';
import type {MainRoute, NodeState, RouteSettings} from '../../src/core/node-state.ts';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {nodeState} from '../helpers/node-state.ts';

interface Case {
  readonly settings?: Partial<RouteSettings>;
  /** "name ip", "name ip group,group" (each the group of a network), "name ip group,… ip,…" with further addresses. */
  readonly hosts: readonly string[];
  /** "cidr host"; without a host the block is free. */
  readonly blocks: readonly string[];
  /** "to dev", "to dev via", "to dev via metric"; "-" for none. */
  readonly main: readonly string[];
}

const segment = '192.168.20.0/24 eth0';
const defaultRoute = '0.0.0.0/0 eth0 192.168.20.1';

function node({settings, hosts, blocks, main}: Case): NodeState {
  const all = ['host-1 192.168.20.30', ...hosts].map(text => text.split(' '));
  const base = nodeState({
    addresses: ['192.168.20.30/24', '2001:db8::30/64'],
    state: {
      hosts: new Map(
        all.map(([name = '', ip = '', groups = '-']) => {
          const prefixes = listOf(groups).map((group, index) => [`net-${index}`, parsePrefix(group.replace('!', ''))]);
          const fixed = listOf(groups).find(group => group.endsWith('!'));
          const host = {name, ip: parseAddress(ip), agentPort: 9604, drained: false, tags: {}, groups: Object.fromEntries(prefixes)};
          return [name, fixed === undefined ? host : {...host, fixed: parsePrefix(fixed.slice(0, -1))}];
        }),
      ),
      hostAddresses: new Map(all.map(([name = '', , , more = '-']) => [name, listOf(more).map(parseAddress)])),
      blocks: new Map(
        blocks.map(text => {
          const [cidr = '', host = ''] = text.split(' ');
          return [parsePrefix(cidr), {cidr: parsePrefix(cidr), host, tenant: host && 't1', segment: ''}];
        }),
      ),
    },
  });
  return {...base, settings: {...base.settings, routes: {...base.settings.routes, ...settings}}, mainRoutes: main.map(mainRoute)};
}

const listOf = (text: string) => (text === '-' ? [] : text.split(','));

function mainRoute(text: string): MainRoute {
  const [to = '', dev = '', via = '-', metric = '0'] = text.split(' ');
  return {to: parsePrefix(to), dev, metric: Number(metric), ...(via !== '-' && {via: parseAddress(via)})};
}

const show = (options: Case) =>
  desiredNeighbourRoutes(node(options)).map(({to, hops}) => `${to} ${hops.map(({via, dev}) => `via ${via} dev ${dev}`).join(' ')}`);

const table: ReadonlyArray<readonly [title: string, options: Case, routes: readonly string[]]> = [
  [
    'a neighbour on the segment is the next hop of its blocks',
    {hosts: ['host-2 192.168.20.31'], blocks: ['10.1.0.0/29 host-2'], main: [segment, defaultRoute]},
    ['10.1.0.0/29 via 192.168.20.31 dev eth0'],
  ],
  [
    'blocks that lie side by side become one route',
    {hosts: ['host-2 192.168.20.31'], blocks: ['10.1.0.8/29 host-2', '10.1.0.0/29 host-2', '10.1.0.24/29 host-2'], main: [segment]},
    ['10.1.0.0/28 via 192.168.20.31 dev eth0', '10.1.0.24/29 via 192.168.20.31 dev eth0'],
  ],
  [
    'and stay apart without aggregate, sorted by value',
    {
      settings: {aggregate: false},
      hosts: ['host-2 192.168.20.31'],
      blocks: ['10.1.0.16/29 host-2', '10.1.0.8/29 host-2', '10.1.0.0/29 host-2'],
      main: [segment],
    },
    ['10.1.0.0/29 via 192.168.20.31 dev eth0', '10.1.0.8/29 via 192.168.20.31 dev eth0', '10.1.0.16/29 via 192.168.20.31 dev eth0'],
  ],
  [
    'blocks of two hosts are never joined',
    {hosts: ['host-2 192.168.20.31', 'host-3 192.168.20.32'], blocks: ['10.1.0.8/29 host-3', '10.1.0.0/29 host-2'], main: [segment]},
    ['10.1.0.0/29 via 192.168.20.31 dev eth0', '10.1.0.8/29 via 192.168.20.32 dev eth0'],
  ],
  [
    'a host behind a gateway is left to BGP or OSPF',
    {hosts: ['host-2 192.168.21.31'], blocks: ['10.1.0.0/29 host-2'], main: [segment, defaultRoute]},
    [],
  ],
  [
    'with multihop its blocks go to that gateway',
    {settings: {multihop: true}, hosts: ['host-2 192.168.21.31'], blocks: ['10.1.0.0/29 host-2'], main: [segment, defaultRoute]},
    ['10.1.0.0/29 via 192.168.20.1 dev eth0'],
  ],
  [
    'with multihop a gateway of IPv6 does for IPv4, too',
    {
      settings: {multihop: true},
      hosts: ['host-2 192.168.21.31'],
      blocks: ['10.1.0.0/29 host-2'],
      main: [segment, '0.0.0.0/0 eth0 fe80::1'],
    },
    ['10.1.0.0/29 via fe80::1 dev eth0'],
  ],
  [
    'a host to which there is no route has none',
    {settings: {multihop: true}, hosts: ['host-2 192.168.21.31'], blocks: ['10.1.0.0/29 host-2'], main: [segment]},
    [],
  ],
  ['a host without blocks has no routes', {hosts: ['host-2 192.168.20.31'], blocks: [], main: [segment]}, []],
  ['own blocks need no route', {hosts: [], blocks: ['10.1.0.0/29 host-1'], main: [segment]}, []],
  ['free blocks belong to nobody', {hosts: ['host-2 192.168.20.31'], blocks: ['10.1.0.0/29'], main: [segment]}, []],
  ['blocks of a host that is not known are left out', {hosts: [], blocks: ['10.1.0.0/29 gone'], main: [segment]}, []],
  [
    'nothing is wanted where routes are off',
    {settings: {enabled: false}, hosts: ['host-2 192.168.20.31'], blocks: ['10.1.0.0/29 host-2'], main: [segment]},
    [],
  ],
  [
    'the longest prefix decides: a gateway inside the segment',
    {hosts: ['host-2 192.168.20.31'], blocks: ['10.1.0.0/29 host-2'], main: [segment, '192.168.20.31/32 eth1 192.168.20.2']},
    [],
  ],
  [
    'the longest prefix decides: a link inside what goes to a gateway',
    {hosts: ['host-2 192.168.20.31'], blocks: ['10.1.0.0/29 host-2'], main: ['192.168.0.0/16 eth0 192.168.20.1', '192.168.20.31/32 eth1']},
    ['10.1.0.0/29 via 192.168.20.31 dev eth1'],
  ],
  [
    'of equal prefixes the lowest metric decides',
    {
      hosts: ['host-2 192.168.20.31'],
      blocks: ['10.1.0.0/29 host-2'],
      main: ['192.168.20.0/24 eth0 - 200', '192.168.20.0/24 eth1 - 100', '192.168.20.0/24 eth2 10.0.0.1 150'],
    },
    ['10.1.0.0/29 via 192.168.20.31 dev eth1'],
  ],
  [
    'with multihop, of several gateways that are as good all are taken',
    {
      settings: {multihop: true},
      hosts: ['host-2 172.16.0.1'],
      blocks: ['10.1.0.0/29 host-2'],
      main: ['0.0.0.0/0 eth0 192.168.20.2', '0.0.0.0/0 eth0 192.168.20.1'],
    },
    ['10.1.0.0/29 via 192.168.20.1 dev eth0 via 192.168.20.2 dev eth0'],
  ],
  [
    'IPv6 the same',
    {
      hosts: ['host-2 2001:db8::31', 'host-3 2001:db8:5::1'],
      blocks: ['fd00::400/122 host-2', 'fd00::440/122 host-2', 'fd00::800/122 host-3'],
      main: ['2001:db8::/64 eth0 - 256', '::/0 eth0 fe80::1 1024'],
    },
    ['fd00::400/121 via 2001:db8::31 dev eth0'],
  ],
  [
    'IPv6 with multihop',
    {
      settings: {multihop: true, aggregate: false},
      hosts: ['host-3 2001:db8:5::1'],
      blocks: ['fd00::800/122 host-3'],
      main: ['2001:db8::/64 eth0 - 256', '::/0 eth0 fe80::1 1024'],
    },
    ['fd00::800/122 via fe80::1 dev eth0'],
  ],
  [
    'IPv4 blocks go to an IPv6 address where the host has no other; IPv6 blocks never to IPv4',
    {
      hosts: ['host-2 192.168.20.31', 'host-3 2001:db8::31'],
      blocks: ['fd00::400/122 host-2', '10.1.0.0/29 host-3', '10.1.0.8/29 host-2'],
      main: [segment, '2001:db8::/64 eth0'],
    },
    ['10.1.0.0/29 via 2001:db8::31 dev eth0', '10.1.0.8/29 via 192.168.20.31 dev eth0'],
  ],
  [
    'a host with an address of each family is reached in both',
    {
      hosts: ['host-2 192.168.20.31 - 192.168.20.31,2001:db8::31'],
      blocks: ['fd00::400/122 host-2', '10.1.0.8/29 host-2'],
      main: [segment, '2001:db8::/64 eth0'],
    },
    ['10.1.0.8/29 via 192.168.20.31 dev eth0', 'fd00::400/122 via 2001:db8::31 dev eth0'],
  ],
  [
    'hosts that share two links spread over both',
    {
      hosts: ['host-2 192.168.20.31 - 192.168.21.31,192.168.20.31'],
      blocks: ['10.1.0.0/29 host-2'],
      main: [segment, '192.168.21.0/24 eth1', defaultRoute],
    },
    ['10.1.0.0/29 via 192.168.20.31 dev eth0 via 192.168.21.31 dev eth1'],
  ],
  [
    'on one link one address is enough, and the one in the store goes first',
    {hosts: ['host-2 192.168.20.31 - 192.168.20.7,192.168.20.40'], blocks: ['10.1.0.0/29 host-2'], main: [segment]},
    ['10.1.0.0/29 via 192.168.20.31 dev eth0'],
  ],
  [
    'a further address on a link goes before the way by a gateway',
    {
      settings: {multihop: true},
      hosts: ['host-2 10.255.0.2 - 192.168.20.31'],
      blocks: ['10.1.0.0/29 host-2'],
      main: [segment, '10.255.0.2/32 eth0 192.168.20.1'],
    },
    ['10.1.0.0/29 via 192.168.20.31 dev eth0'],
  ],
  [
    'where one host has all that is given out of a group, one prefix stands for it, gaps included',
    {
      hosts: ['host-2 192.168.20.31 10.1.0.0/18', 'host-3 192.168.20.32 10.1.0.0/18'],
      blocks: ['10.1.0.0/29 host-2', '10.1.0.16/29 host-2', '10.1.0.40/29 host-2'],
      main: [segment],
    },
    ['10.1.0.0/26 via 192.168.20.31 dev eth0'],
  ],
  [
    'but no prefix covers what another host has',
    {
      hosts: ['host-2 192.168.20.31 10.1.0.0/18', 'host-3 192.168.20.32 10.1.0.0/18'],
      blocks: ['10.1.0.0/29 host-2', '10.1.0.16/29 host-2', '10.1.0.24/29 host-3', '10.1.0.40/29 host-2', '10.1.0.56/29 host-2'],
      main: [segment],
    },
    [
      '10.1.0.0/29 via 192.168.20.31 dev eth0',
      '10.1.0.16/29 via 192.168.20.31 dev eth0',
      '10.1.0.24/29 via 192.168.20.32 dev eth0',
      '10.1.0.32/27 via 192.168.20.31 dev eth0',
    ],
  ],
  [
    'also not what a host behind a router has, or this host',
    {
      hosts: ['host-2 192.168.20.31 10.1.0.0/18', 'host-3 172.16.0.9 10.1.0.0/18'],
      blocks: ['10.1.0.0/29 host-2', '10.1.0.8/29 host-3', '10.1.0.16/29 host-2', '10.1.0.32/29 host-1', '10.1.0.56/29 host-2'],
      main: [segment],
    },
    ['10.1.0.0/29 via 192.168.20.31 dev eth0', '10.1.0.16/29 via 192.168.20.31 dev eth0', '10.1.0.56/29 via 192.168.20.31 dev eth0'],
  ],
  [
    'the prefix of a host alone in its group is the whole group: it stays whatever blocks come and go',
    {
      hosts: ['host-2 192.168.20.31 10.1.1.0/24', 'host-3 192.168.20.32 10.1.2.0/24'],
      blocks: ['10.1.1.16/29 host-2', '10.1.2.0/29 host-3', '10.1.2.248/29 host-3'],
      main: [segment],
    },
    ['10.1.1.0/24 via 192.168.20.31 dev eth0', '10.1.2.0/24 via 192.168.20.32 dev eth0'],
  ],
  [
    'so is a prefix that is a host alone, which the others of the group go around, be there blocks in it or not',
    {
      hosts: ['host-2 192.168.20.31 10.1.0.0/24', 'host-3 192.168.20.32 10.1.0.32/28!', 'host-4 192.168.20.33 10.1.0.64/28!'],
      blocks: ['10.1.0.0/29 host-2', '10.1.0.16/29 host-2', '10.1.0.40/29 host-3', '10.1.0.80/29 host-2'],
      main: [segment],
    },
    ['10.1.0.0/27 via 192.168.20.31 dev eth0', '10.1.0.32/28 via 192.168.20.32 dev eth0', '10.1.0.80/29 via 192.168.20.31 dev eth0'],
  ],
  [
    'hosts that lie among the endpoints are not covered',
    {
      hosts: ['host-2 10.1.0.20 10.1.0.0/24', 'host-3 10.1.0.21 10.1.0.0/24'],
      blocks: ['10.1.0.0/29 host-2', '10.1.0.32/29 host-2', '10.1.0.48/29 host-2'],
      main: ['10.1.0.16/28 eth0'],
      settings: {},
    },
    ['10.1.0.0/29 via 10.1.0.20 dev eth0', '10.1.0.32/29 via 10.1.0.20 dev eth0', '10.1.0.48/29 via 10.1.0.20 dev eth0'],
  ],
  [
    'nor is a host that lies in a group of others',
    {
      hosts: ['host-2 192.168.20.31 10.1.0.0/24', 'host-3 10.1.0.20'],
      blocks: ['10.1.0.0/29 host-2', '10.1.0.32/29 host-2'],
      main: [segment],
    },
    ['10.1.0.0/29 via 192.168.20.31 dev eth0', '10.1.0.32/29 via 192.168.20.31 dev eth0'],
  ],
];

for (const [title, options, routes] of table) {
  test(title, t => {
    t.deepEqual(show(options), routes);
    t.deepEqual(
      show({...options, hosts: options.hosts.toReversed(), blocks: options.blocks.toReversed(), main: options.main.toReversed()}),
      routes,
    );
  });
}
