import test from 'ava';
import {desiredChains} from '../../src/core/desired-chains.ts';
import {type DroppingChain, warnOfDropping} from '../../src/core/forward-policy.ts';
import type {NodeState} from '../../src/core/node-state.ts';
import {parseAddress, parseInterfaceAddress, parsePrefix} from '../../src/core/prefix.ts';
import {nodeState} from '../helpers/node-state.ts';

interface Case {
  readonly networks?: readonly string[];
  readonly nat?: boolean;
  readonly exclude?: readonly string[];
  readonly serviceRange?: readonly string[];
  readonly accept?: boolean;
  readonly off?: boolean;
}

/** A host with eth0 (its own address), eth1 (leads to a gateway) and docker0. */
function node({networks = ['10.1.0.0/16'], nat = false, exclude = [], serviceRange = [], accept = false, off = false}: Case): NodeState {
  const base = nodeState({
    publish: {enabled: !off},
    state: {
      trees: networks.map((text, index) => {
        const cidr = parsePrefix(text);
        const root = {name: '', path: '', cidr, assignment: {}, routing: '', groups: []};
        return {network: {name: `net${index + 1}`, cidr, blockMask: 29, tenants: []}, root};
      }),
    },
  });
  const device = (name: string, kind: string, address?: string) => ({
    index: 1,
    name,
    kind,
    mac: '02:00:00:00:00:01',
    mtu: 1500,
    isUp: true,
    addresses: address === undefined ? [] : [{...parseInterfaceAddress(address), scope: 'global', metric: 0, label: ''}],
  });
  return {
    ...base,
    settings: {
      ...base.settings,
      routes: {...base.settings.routes, enabled: !off},
      nat: {enabled: nat, exclude: exclude.map(parsePrefix)},
      serviceRange: serviceRange.map(parsePrefix),
      forward: {accept},
    },
    interfaces: [
      device('lo', '', '127.0.0.1/8'),
      device('eth1', ''),
      device('eth0', '', '192.168.20.30/24'),
      device('docker0', 'bridge', '172.17.0.1/16'),
    ],
    mainRoutes: [{to: parsePrefix('0.0.0.0/0'), via: parseAddress('192.168.21.1'), dev: 'eth1', metric: 0}],
  };
}

const show = (options: Case) =>
  desiredChains(node(options)).flatMap(({family, table, name, rules, from}) => [
    `${family} ${table} ${name}${from === undefined ? '' : ` from ${from.chain}, ${from.place}`}`,
    ...rules.map(rule => `  ${rule}`),
  ]);

const table: ReadonlyArray<readonly [title: string, options: Case, lines: readonly string[]]> = [
  ['nothing is wanted where nothing is switched on', {}, []],
  ['nor where there is no network', {networks: [], nat: true, accept: true}, []],
  [
    'what leaves the networks gets an address of the host, on every link to the outside',
    {nat: true},
    [
      'ipv4 nat ROMANA-MASQ from POSTROUTING, last',
      '  -s 10.1.0.0/16 -j ROMANA-MASQ-OUT',
      'ipv4 nat ROMANA-MASQ-OUT',
      '  -d 10.1.0.0/16 -j RETURN',
      '  -o eth0 -j MASQUERADE',
      '  -o eth1 -j MASQUERADE',
    ],
  ],
  [
    'but not what goes to another network, to a service, or to what is excluded; each family by itself',
    {
      nat: true,
      networks: ['fd00::/48', '10.2.0.0/16', '10.1.0.0/16'],
      serviceRange: ['10.96.0.0/12', 'fd00:96::/112'],
      exclude: ['192.168.0.0/16', '10.3.0.0/16', '2001:db8::/32'],
    },
    [
      'ipv4 nat ROMANA-MASQ from POSTROUTING, last',
      '  -s 10.1.0.0/16 -j ROMANA-MASQ-OUT',
      '  -s 10.2.0.0/16 -j ROMANA-MASQ-OUT',
      'ipv4 nat ROMANA-MASQ-OUT',
      '  -d 10.1.0.0/16 -j RETURN',
      '  -d 10.2.0.0/15 -j RETURN',
      '  -d 10.96.0.0/12 -j RETURN',
      '  -d 192.168.0.0/16 -j RETURN',
      '  -o eth0 -j MASQUERADE',
      '  -o eth1 -j MASQUERADE',
      'ipv6 nat ROMANA-MASQ from POSTROUTING, last',
      '  -s fd00::/48 -j ROMANA-MASQ-OUT',
      'ipv6 nat ROMANA-MASQ-OUT',
      '  -d 2001:db8::/32 -j RETURN',
      '  -d fd00::/48 -j RETURN',
      '  -d fd00:96::/112 -j RETURN',
      '  -o eth0 -j MASQUERADE',
      '  -o eth1 -j MASQUERADE',
    ],
  ],
  [
    'what endpoints send and get is accepted, behind what others say',
    {accept: true, networks: ['10.2.0.0/16', '10.1.0.0/16', 'fd00::/48']},
    [
      'ipv4 filter ROMANA-ACCEPT from FORWARD, last',
      '  -s 10.1.0.0/16 -j ACCEPT',
      '  -d 10.1.0.0/16 -j ACCEPT',
      '  -s 10.2.0.0/16 -j ACCEPT',
      '  -d 10.2.0.0/16 -j ACCEPT',
      'ipv6 filter ROMANA-ACCEPT from FORWARD, last',
      '  -s fd00::/48 -j ACCEPT',
      '  -d fd00::/48 -j ACCEPT',
    ],
  ],
];
for (const [title, options, lines] of table) test(title, t => t.deepEqual(show(options), lines));

const nft: DroppingChain = {family: 'ipv4', command: 'iptables-nft', isOurs: true};
const nft6: DroppingChain = {family: 'ipv6', command: 'ip6tables-nft', isOurs: true};
const legacy: DroppingChain = {family: 'ipv4', command: 'iptables-legacy', isOurs: false};
const warnings: ReadonlyArray<readonly [title: string, options: Case, dropping: readonly DroppingChain[], warning: string | undefined]> = [
  ['where nothing drops', {}, [], undefined],
  [
    'of a chain that drops',
    {},
    [nft, nft6],
    'FORWARD has the policy DROP (iptables-nft): packets of endpoints are dropped unless a rule accepts them: have one of your own, or set agent.forward.accept: true',
  ],
  [
    'of those of both families, where there are networks of both',
    {networks: ['10.1.0.0/16', 'fd00::/48']},
    [nft, nft6],
    'FORWARD has the policy DROP (iptables-nft, ip6tables-nft): packets of endpoints are dropped unless a rule accepts them: have one of your own, or set agent.forward.accept: true',
  ],
  ['where ours accepts', {accept: true}, [nft], undefined],
  [
    'where ours does not reach',
    {accept: true},
    [nft, legacy],
    'FORWARD has the policy DROP (iptables-legacy): packets of endpoints are dropped unless a rule accepts them, and those of agent.forward.accept are not there: have one of your own',
  ],
  ['on a host without endpoints to forward for', {off: true}, [nft], undefined],
];
for (const [title, options, dropping, warning] of warnings) {
  test(`${warning === undefined ? 'no' : 'a'} warning ${title}`, t => t.is(warnOfDropping(node(options), dropping), warning));
}
