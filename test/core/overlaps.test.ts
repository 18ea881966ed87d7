import test from 'ava';
import {InputError} from '../../src/core/errors.ts';
import type {NodeState} from '../../src/core/node-state.ts';
import {checkOverlaps} from '../../src/core/overlaps.ts';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {interfaceOf} from '../helpers/interface.ts';
import {nodeState} from '../helpers/node-state.ts';

interface Case {
  readonly networks?: readonly string[];
  readonly blocks?: readonly string[];
  readonly addresses?: readonly string[];
  /** "name kind address…"; "-" for a device of the machine itself, "tun" has no neighbours. By default eth0 with the host's addresses. */
  readonly interfaces?: readonly string[];
  /** "to dev", "to dev via" */
  readonly routes?: readonly string[];
  readonly serviceRange?: readonly string[];
  readonly allowOverlap?: boolean;
}

function node(options: Case): NodeState {
  const {networks = ['10.1.0.0/16'], blocks = [], addresses = ['192.168.20.30/24'], interfaces, routes = [], serviceRange = []} = options;
  const base = nodeState({
    addresses,
    blocks,
    state: {
      trees: networks.map((text, index) => {
        const cidr = parsePrefix(text);
        const root = {name: '', path: '', cidr, assignment: {}, routing: '', groups: []};
        return {network: {name: `net${index + 1}`, cidr, blockMask: cidr.includes(':') ? 122 : 29, tenants: []}, root};
      }),
    },
  });
  return {
    ...base,
    settings: {
      ...base.settings,
      serviceRange: serviceRange.map(parsePrefix),
      routes: {...base.settings.routes, allowOverlap: options.allowOverlap ?? false},
    },
    interfaces: ['lo - 127.0.0.1/8 ::1/128', ...(interfaces ?? [`eth0 - ${addresses.join(' ')} fe80::1/64`])].map(interfaceOf),
    mainRoutes: routes.map(text => {
      const [to = '', dev = '', via] = text.split(' ');
      return {to: parsePrefix(to), dev, metric: 0, ...(via !== undefined && {via: parseAddress(via)})};
    }),
  };
}

function refusal(options: Case): string {
  try {
    checkOverlaps(node(options));
  } catch (error) {
    if (error instanceof InputError && error.code === 'ERR_OVERLAP') return error.message;
    throw error;
  }
  return '';
}

const uplink = 'eth0 - 192.168.20.30/24';

const apart: ReadonlyArray<readonly [title: string, options: Case]> = [
  [
    'a network of its own',
    {serviceRange: ['10.96.0.0/12', 'fd00:96::/112'], routes: ['192.168.20.0/24 eth0', '0.0.0.0/0 eth0 192.168.20.1']},
  ],
  ['what lies beside it', {interfaces: [uplink, 'eth1 - 10.0.255.1/16', 'eth2 - 10.2.0.1/16']}],
  [
    'the other family',
    {networks: ['fd00::/48', '10.1.0.0/16'], serviceRange: ['fd01::/112'], addresses: ['192.168.20.30/24', '2001:db8::30/64']},
  ],
  ['routes of endpoints', {routes: ['10.1.0.1/32 veth1', '10.1.0.2/32 veth2'], interfaces: [uplink, 'veth1 veth', 'veth2 veth']}],
  ['routes through a gateway, however wide', {routes: ['10.0.0.0/8 eth0 192.168.20.1', '10.1.0.0/16 eth0 192.168.20.1']}],
  ['a default route on a link', {routes: ['0.0.0.0/0 eth0'], networks: ['10.1.0.0/16']}],
  ['what goes into a tunnel', {routes: ['10.0.0.0/8 tun0', '0.0.0.0/1 tun0'], interfaces: [uplink, 'tun0 tun 172.16.9.2/30']}],
  ['a single address', {interfaces: [uplink, 'eth1 - 10.1.255.7/32']}],
  ['an own address that is a single one', {addresses: ['10.1.255.7/32'], interfaces: ['eth0 -', 'lo2 dummy 10.1.255.7/32']}],
  [
    'the bridge of endpoints in an own block',
    {blocks: ['10.1.0.8/29'], interfaces: [uplink, 'br0 bridge 10.1.0.9/29'], routes: ['10.1.0.8/29 br0']},
  ],
  [
    'one in several own blocks',
    {blocks: ['10.1.0.8/29', '10.1.0.0/29'], interfaces: [uplink, 'br0 - 10.1.0.9/28'], routes: ['10.1.0.0/28 br0']},
  ],
  ['one whose block has gone', {interfaces: [uplink, 'br0 bridge 10.1.0.9/29', 'veth7 veth 10.1.0.17/30'], routes: ['10.1.0.8/29 br0']}],
  ['anything on the host, where that is wanted', {allowOverlap: true, interfaces: ['eth0 - 10.1.20.30/24'], addresses: ['10.1.20.30/24']}],
];
for (const [title, options] of apart) test(`is no overlap: ${title}`, t => t.is(refusal(options), ''));

const head = 'routes stay as they are: ';
const advice = ': give the network other addresses (romana topology update)';
const leave = ', or, where endpoints are to share a subnet with hosts, set agent.routes.allowOverlap: true';

const overlapping: ReadonlyArray<readonly [title: string, options: Case, message: string]> = [
  [
    'the service range',
    {networks: ['10.0.0.0/8'], serviceRange: ['10.96.0.0/12']},
    `${head}network net1 (10.0.0.0/8) overlaps the service range 10.96.0.0/12 (agent.serviceRange)${advice}`,
  ],
  [
    'a wider service range, also where endpoints share a subnet with hosts',
    {networks: ['10.100.0.0/16'], serviceRange: ['10.96.0.0/12'], allowOverlap: true},
    `${head}network net1 (10.100.0.0/16) overlaps the service range 10.96.0.0/12 (agent.serviceRange)${advice}`,
  ],
  [
    "the host's own segment",
    {addresses: ['10.1.20.30/24'], routes: ['10.1.20.0/24 eth0']},
    `${head}network net1 (10.1.0.0/16) overlaps 10.1.20.0/24, a subnet that this host is on (eth0)${advice}${leave}`,
  ],
  [
    'a segment in which the network lies',
    {addresses: ['10.0.20.30/8'], routes: []},
    `${head}network net1 (10.1.0.0/16) overlaps 10.0.0.0/8, a subnet that this host is on (eth0)${advice}${leave}`,
  ],
  [
    'the segment of an address that no interface has now',
    {addresses: ['10.1.20.30/24'], interfaces: ['eth0 -']},
    `${head}network net1 (10.1.0.0/16) overlaps 10.1.20.0/24, a subnet that this host is on (host.address)${advice}${leave}`,
  ],
  [
    'a small one on a link to the outside',
    {interfaces: [uplink, 'eth1 - 10.1.255.0/31'], routes: ['10.1.255.0/31 eth1']},
    `${head}network net1 (10.1.0.0/16) overlaps 10.1.255.0/31, a subnet that this host is on (eth1)${advice}${leave}`,
  ],
  [
    'one of containers that are not ours',
    {networks: ['172.17.0.0/20'], interfaces: [uplink, 'docker0 bridge 172.17.0.1/16'], routes: ['172.17.0.0/16 docker0']},
    `${head}network net1 (172.17.0.0/20) overlaps 172.17.0.0/16, a subnet that this host is on (docker0)${advice}${leave}`,
  ],
  [
    'a prefix on a link without an address of it',
    {networks: ['2001:db8:1::/48'], routes: ['2001:db8:1:5::/64 eth0']},
    `${head}network net1 (2001:db8:1::/48) overlaps 2001:db8:1:5::/64, a subnet that this host is on (eth0)${advice}${leave}`,
  ],
  [
    'a bridge that reaches beyond an own block',
    {blocks: ['10.1.0.8/29'], interfaces: [uplink, 'br0 bridge 10.1.0.9/28']},
    `${head}network net1 (10.1.0.0/16) overlaps 10.1.0.0/28, a subnet that this host is on (br0)${advice}${leave}`,
  ],
  [
    'several at once',
    {
      networks: ['10.1.0.0/16', 'fd00::/48'],
      serviceRange: ['fd00::/112'],
      interfaces: [uplink, 'eth1 - 10.1.9.1/24', 'eth2 - 10.1.8.1/24'],
    },
    `${head}network net1 (10.1.0.0/16) overlaps 10.1.8.0/24, a subnet that this host is on (eth2); ` +
      'network net1 (10.1.0.0/16) overlaps 10.1.9.0/24, a subnet that this host is on (eth1); ' +
      `network net2 (fd00::/48) overlaps the service range fd00::/112 (agent.serviceRange)${advice}${leave}`,
  ],
];
for (const [title, options, message] of overlapping) test(`is refused: ${title}`, t => t.is(refusal(options), message));

test('of many the first five are named, and how many there are', t => {
  const interfaces = Array.from({length: 8}, (_, index) => `eth${index} - 10.1.${index}.1/24`);
  t.regex(refusal({interfaces}), /10\.1\.4\.0\/24, [^;]*; and 3 more: give/);
});
