import test from 'ava';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {templateData} from '../../src/core/publish.ts';
import type {Group, Host, NetworkTree} from '../../src/core/state.ts';
import {nodeState} from '../helpers/node-state.ts';

const rack1 = group('rack-1', 'zone-A/rack-1', '10.1.0.0/18');
const rack2 = group('rack-2', 'zone-A/rack-2', '10.1.64.0/18');
const trees: NetworkTree[] = [
  {
    network: {name: 'net1', cidr: parsePrefix('10.1.0.0/16'), blockMask: 29, tenants: []},
    root: group('', '', '10.1.0.0/16', [group('zone-A', 'zone-A', '10.1.0.0/17', [rack1, rack2])]),
  },
  {
    network: {name: 'net6', cidr: parsePrefix('2001:db8:1::/48'), blockMask: 122, tenants: []},
    root: group('all', 'all', '2001:db8:1::/48'),
  },
];
const hosts = new Map(
  [
    host('host-1', {net6: '2001:db8:1::/48', net1: '10.1.0.0/18'}, {rack: 'rack-1'}),
    host('host-3', {net1: '10.1.0.0/18'}),
    host('host-2', {net1: '10.1.64.0/18'}),
  ].map(item => [item.name, item]),
);

test('networks are the own blocks, sorted by value', t => {
  const data = templateData(nodeState({blocks: ['10.1.0.128/29', '2001:db8:1::/122', '10.1.0.8/29', '10.1.0.16/29']}));
  t.deepEqual(data.Networks, ['10.1.0.8/29', '10.1.0.16/29', '10.1.0.128/29', '2001:db8:1::/122'].map(parsePrefix));
  t.deepEqual(data.Networks4, ['10.1.0.8/29', '10.1.0.16/29', '10.1.0.128/29'].map(parsePrefix));
  t.deepEqual(data.Networks6, [parsePrefix('2001:db8:1::/122')]);
});

test('blocks of other hosts and freed blocks are not announced', t => {
  const node = nodeState({blocks: ['10.1.0.0/29']});
  const others = ['host-2', ''].map((owner, index) => ({
    cidr: parsePrefix(`10.1.1.${index * 8}/29`),
    host: owner,
    tenant: '',
    segment: '',
  }));
  const blocks = new Map([...node.state.blocks, ...others.map(block => [block.cidr, block] as const)]);
  t.deepEqual(templateData({...node, state: {...node.state, blocks}}).Networks, [parsePrefix('10.1.0.0/29')]);
});

test('aggregate joins neighbouring blocks', t => {
  const data = templateData(nodeState({blocks: ['10.1.0.8/29', '10.1.0.0/29', '10.1.0.24/29'], publish: {prefixes: 'aggregate'}}));
  t.deepEqual(data.Networks, ['10.1.0.0/28', '10.1.0.24/29'].map(parsePrefix));
  t.is(data.Blocks.length, 3);
});

test('groups announces the groups in which the host owns a block', t => {
  const data = templateData(nodeState({blocks: ['10.1.0.8/29', '10.1.0.0/29'], publish: {prefixes: 'groups'}, state: {trees, hosts}}));
  t.deepEqual(data.Networks, [parsePrefix('10.1.0.0/18')]);
});

test('host groups name the group, its path and its hosts', t => {
  const data = templateData(nodeState({state: {trees, hosts}}));
  t.deepEqual(data.HostGroups, {
    net1: {CIDR: parsePrefix('10.1.0.0/18'), Name: 'rack-1', Path: 'zone-A/rack-1', Hosts: ['host-1', 'host-3']},
    net6: {CIDR: parsePrefix('2001:db8:1::/48'), Name: 'all', Path: 'all', Hosts: ['host-1']},
  });
  t.deepEqual(data.Tags, {rack: 'rack-1'});
});

test('blocks count their addresses', t => {
  const block = parsePrefix('10.1.0.0/29');
  const addresses = ['10.1.0.1', '10.1.0.2']
    .map(parseAddress)
    .map(ip => [ip, {name: ip, ip, block, host: 'host-1', tenant: 't1', segment: '', allocatedAt: ''}] as const);
  const {Blocks} = templateData(nodeState({blocks: ['10.1.0.8/29', '10.1.0.0/29'], state: {trees, addresses: new Map(addresses)}}));
  t.deepEqual(
    Blocks.map(({CIDR, Count}) => [CIDR, Count]),
    [
      [block, 2],
      [parsePrefix('10.1.0.8/29'), 0],
    ],
  );
  t.deepEqual(Blocks[0], {CIDR: block, Tenant: 't1', Segment: '', Network: 'net1', Count: 2});
});

test('this host: IPv4 first, and what a family lacks is empty', t => {
  const dual = templateData(nodeState({addresses: ['192.168.20.30/24', '2001:db8::30/64'], publish: {vars: {neighbor: 'x'}}}));
  t.like(dual, {
    Hostname: 'host-1',
    NodeIP: '192.168.20.30',
    NodeIP4: '192.168.20.30',
    NodeIP6: '2001:db8::30',
    NodeNetwork: '192.168.20.0/24',
    NodePrefixLength: 24,
    LocalAS: 65534,
  });
  t.deepEqual(dual.Vars, {neighbor: 'x'});
  t.deepEqual(dual.Vips, []);
  t.false(dual.Draining);
  t.like(templateData(nodeState({addresses: ['2001:db8::30/64']})), {
    NodeIP: '2001:db8::30',
    NodeIP4: '',
    NodeIP6: '2001:db8::30',
    NodeNetwork: '2001:db8::/64',
    NodePrefixLength: 64,
  });
});

test('a host that the store does not know yet has no groups, tags or networks', t => {
  t.like(templateData(nodeState({state: {trees, hosts: new Map()}})), {HostGroups: {}, Tags: {}, Networks: []});
});

function group(name: string, path: string, cidr: string, groups: Group[] = []): Group {
  return {name, path, cidr: parsePrefix(cidr), assignment: {}, routing: '', groups};
}

function host(name: string, groups: Record<string, string>, tags: Record<string, string> = {}): Host {
  const placed = Object.fromEntries(Object.entries(groups).map(([network, cidr]) => [network, parsePrefix(cidr)]));
  return {name, ip: parseAddress('192.168.20.30'), agentPort: 9604, tags, groups: placed, drained: false};
}
