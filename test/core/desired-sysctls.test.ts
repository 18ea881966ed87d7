import test from 'ava';
import {desiredSysctls} from '../../src/core/desired-sysctls.ts';
import {linksOf} from '../../src/core/links.ts';
import type {Interface, NodeState} from '../../src/core/node-state.ts';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {interfaceOf} from '../helpers/interface.ts';
import {nodeState} from '../helpers/node-state.ts';

interface Case {
  /** The host's own addresses; IPv4 alone by default. */
  readonly addresses?: readonly string[];
  /** "name kind address…"; "-" for a device of the machine itself. By default eth0 with the host's addresses. */
  readonly interfaces?: readonly string[];
  /** "dev via" of default routes. */
  readonly gateways?: readonly string[];
  readonly networks?: readonly string[];
  /** Other values than those of a kernel that nobody has set anything of. */
  readonly values?: Readonly<Record<string, string>>;
  readonly learnsRoutes?: readonly string[];
  readonly off?: boolean;
  readonly hasNoIpv6?: boolean;
}

function node({addresses = ['192.168.20.30/24'], interfaces, gateways = [], networks = [], off = false, ...rest}: Case): NodeState {
  const base = nodeState({
    addresses,
    publish: {enabled: !off},
    state: {
      trees: networks.map(text => {
        const cidr = parsePrefix(text);
        const root = {name: '', path: '', cidr, assignment: {}, routing: '', groups: []};
        return {network: {name: text, cidr, blockMask: 29, tenants: []}, root};
      }),
    },
  });
  const links = (interfaces ?? [`eth0 - ${addresses.join(' ')}`]).map(interfaceOf);
  return {
    ...base,
    settings: {...base.settings, routes: {...base.settings.routes, enabled: !off}},
    interfaces: [interfaceOf('lo - 127.0.0.1/8'), ...links],
    mainRoutes: gateways.map(text => {
      const [dev = '', via = ''] = text.split(' ');
      return {to: parsePrefix(via.includes(':') ? '::/0' : '0.0.0.0/0'), via: parseAddress(via), dev, metric: 0};
    }),
    kernelSettings: {values: valuesOf(links, rest), learnsRoutes: new Set(rest.learnsRoutes ?? [])},
  };
}

function valuesOf(links: readonly Interface[], {values = {}, hasNoIpv6 = false}: Case): Map<string, string> {
  const all: Readonly<Record<string, string>> = {
    'ipv4/ip_forward': '0',
    'ipv4/conf/all/rp_filter': '0',
    'ipv4/conf/all/arp_announce': '0',
    'ipv6/conf/all/forwarding': '0',
    ...Object.fromEntries(
      links.flatMap(({name}) => [
        ...['forwarding', 'rp_filter', 'arp_announce'].map(setting => [`ipv4/conf/${name}/${setting}`, '0']),
        [`ipv6/conf/${name}/forwarding`, '0'],
        [`ipv6/conf/${name}/accept_ra`, '1'],
      ]),
    ),
    ...values,
  };
  return new Map(Object.entries(all).filter(([path]) => !hasNoIpv6 || path.startsWith('ipv4/')));
}

/** What has to be set, in order, and what is right as it is, in brackets. */
const show = (options: Case) =>
  desiredSysctls(node(options)).map(({path, value, present}) => (value === present ? `(${path} ${value})` : `${path} ${value}`));
const changes = (options: Case) => show(options).filter(text => !text.startsWith('('));

const dual = ['192.168.20.30/24', '2001:db8::30/64'];
const twoLinks = ['eth0 - 192.168.20.30/24', 'eth1 - 192.168.21.30/24'];

const table: ReadonlyArray<readonly [title: string, options: Case, settings: readonly string[]]> = [
  ['a host with IPv4 forwards IPv4', {}, ['ipv4/ip_forward 1', 'ipv4/conf/eth0/forwarding 1', 'ipv4/conf/eth0/arp_announce 2']],
  [
    'IPv6 is forwarded by a host with an address of it, and it goes on listening to its router',
    {addresses: dual},
    [
      'ipv6/conf/eth0/accept_ra 2',
      'ipv4/ip_forward 1',
      'ipv4/conf/eth0/forwarding 1',
      'ipv4/conf/eth0/arp_announce 2',
      'ipv6/conf/all/forwarding 1',
    ],
  ],
  [
    'and by a host without one, where a network is IPv6',
    {networks: ['10.1.0.0/16', 'fd00::/48'], values: {'ipv6/conf/eth0/accept_ra': '0'}},
    ['ipv4/ip_forward 1', 'ipv4/conf/eth0/forwarding 1', 'ipv4/conf/eth0/arp_announce 2', 'ipv6/conf/all/forwarding 1'],
  ],
  [
    'a host with IPv6 alone leaves IPv4 as it is',
    {addresses: ['2001:db8::30/64']},
    ['ipv6/conf/eth0/accept_ra 2', 'ipv6/conf/all/forwarding 1'],
  ],
  [
    'what the kernel does not have cannot be set',
    {addresses: dual, hasNoIpv6: true},
    ['ipv4/ip_forward 1', 'ipv4/conf/eth0/forwarding 1', 'ipv4/conf/eth0/arp_announce 2'],
  ],
  ['a host that neither routes nor announces needs nothing', {off: true, addresses: dual}, []],
  [
    'where router advertisements are not listened to, they are not from now on',
    {addresses: dual, values: {'ipv6/conf/eth0/forwarding': '1', 'ipv6/conf/all/forwarding': '1', 'ipv4/ip_forward': '1'}},
    ['(ipv4/ip_forward 1)', 'ipv4/conf/eth0/forwarding 1', 'ipv4/conf/eth0/arp_announce 2', '(ipv6/conf/all/forwarding 1)'],
  ],
  [
    'but where routes have been learned from them, they are, whoever set it back',
    {addresses: dual, values: {'ipv6/conf/eth0/forwarding': '1', 'ipv6/conf/all/forwarding': '1'}, learnsRoutes: ['eth0']},
    [
      'ipv6/conf/eth0/accept_ra 2',
      'ipv4/ip_forward 1',
      'ipv4/conf/eth0/forwarding 1',
      'ipv4/conf/eth0/arp_announce 2',
      '(ipv6/conf/all/forwarding 1)',
    ],
  ],
  [
    'also on an interface that is no link of its own',
    {
      addresses: dual,
      interfaces: [`eth0 - ${dual.join(' ')}`, 'br0 bridge'],
      learnsRoutes: ['br0'],
      values: {'ipv6/conf/eth0/accept_ra': '0'},
    },
    [
      'ipv6/conf/br0/accept_ra 2',
      'ipv4/ip_forward 1',
      'ipv4/conf/eth0/forwarding 1',
      'ipv4/conf/eth0/arp_announce 2',
      'ipv6/conf/all/forwarding 1',
    ],
  ],
  [
    'what is as it should be stays',
    {
      addresses: dual,
      values: {
        'ipv4/ip_forward': '1',
        'ipv4/conf/eth0/forwarding': '1',
        'ipv4/conf/eth0/arp_announce': '2',
        'ipv6/conf/all/forwarding': '1',
        'ipv6/conf/eth0/forwarding': '1',
        'ipv6/conf/eth0/accept_ra': '2',
      },
    },
    [
      '(ipv6/conf/eth0/accept_ra 2)',
      '(ipv4/ip_forward 1)',
      '(ipv4/conf/eth0/forwarding 1)',
      '(ipv4/conf/eth0/arp_announce 2)',
      '(ipv6/conf/all/forwarding 1)',
    ],
  ],
];

for (const [title, options, settings] of table) test(title, t => t.deepEqual(show(options), settings));

/** [all, interface] and what eth0 gets. */
const filters: ReadonlyArray<readonly [all: string, own: string, becomes: string | undefined]> = [
  ['0', '0', undefined],
  ['0', '1', '2'],
  ['0', '2', undefined],
  ['1', '0', '2'],
  ['1', '1', '2'],
  ['1', '2', undefined],
  ['2', '0', undefined],
  ['2', '1', undefined],
];
for (const [all, own, becomes] of filters) {
  test(`on two links, rp_filter ${all} for all and ${own} for the link becomes ${becomes ?? 'nothing else'}`, t => {
    const values = {'ipv4/conf/all/rp_filter': all, 'ipv4/conf/eth0/rp_filter': own, 'ipv4/conf/eth1/rp_filter': '2'};
    const expected = becomes === undefined ? [] : [`ipv4/conf/eth0/rp_filter ${becomes}`];
    t.deepEqual(
      changes({interfaces: twoLinks, values}).filter(text => text.includes('rp_filter')),
      expected,
    );
    t.deepEqual(
      changes({values}).filter(text => text.includes('rp_filter')),
      [],
      'with one link nothing can come in by another one',
    );
  });
}

test('arp_announce is only ever raised', t => {
  const own = (all: string, value: string) =>
    changes({values: {'ipv4/conf/all/arp_announce': all, 'ipv4/conf/eth0/arp_announce': value}}).filter(text => text.includes('arp_'));
  t.deepEqual([own('0', '1'), own('1', '0')].flat(), ['ipv4/conf/eth0/arp_announce 2', 'ipv4/conf/eth0/arp_announce 2']);
  t.deepEqual([...own('2', '0'), ...own('0', '2')], []);
});

test('an interface that does not bear the own address may be kept from forwarding', t => {
  t.deepEqual(
    changes({interfaces: twoLinks}).filter(text => text.includes('/forwarding')),
    ['ipv4/conf/eth0/forwarding 1'],
  );
  t.deepEqual(
    changes({
      interfaces: ['eth0 -', 'eth1 -', 'lo - 192.168.20.30/32'],
      gateways: ['eth0 10.0.0.1', 'eth1 10.0.1.1'],
    }).filter(text => text.includes('/forwarding')),
    ['ipv4/conf/eth0/forwarding 1', 'ipv4/conf/eth1/forwarding 1'],
    'but where that is on the loopback, those that lead to gateways have to',
  );
});

const links: ReadonlyArray<readonly [title: string, options: Case, names: readonly string[]]> = [
  ['bears an own address, whatever it is', {interfaces: ['veth7 veth 192.168.20.30/32']}, ['veth7']],
  [
    'leads to a gateway, whatever it is',
    {interfaces: ['br0 bridge', 'eth1 -'], gateways: ['br0 10.0.0.1', 'eth1 fe80::1']},
    ['br0', 'eth1'],
  ],
  [
    'is a device with a subnet',
    {interfaces: ['eth0 -', 'eth1 - 172.16.0.5/24', 'bond0.7 vlan 2001:db8:7::1/64', 'eth2 - 172.16.0.9/32']},
    ['eth1', 'bond0.7'],
  ],
  [
    'is none that only endpoints hang on',
    {interfaces: ['docker0 bridge 172.17.0.1/16', 'veth1 veth 10.1.0.1/29', 'd0 dummy 10.9.0.1/24', 'eth0 - fe80::1/64']},
    [],
  ],
];
for (const [title, options, names] of links) {
  test(`a link ${title}`, t =>
    t.deepEqual(
      linksOf(node(options)).map(({name}) => name),
      names,
    ));
}
