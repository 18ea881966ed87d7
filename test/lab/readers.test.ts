import test from 'ava';
import {endpointDevice} from '../../src/lab/endpoints.ts';
import {parsePing} from '../../src/lab/ping.ts';
import {parseRoutes} from '../../src/lab/routes.ts';
import {parseBirdNeighbors, parseBirdProtocols, parseFrrNeighbors, parseFrrSummary} from '../../src/lab/sessions.ts';

test('ping: replies, loss, and the ICMP errors without repeats', t => {
  const reply =
    'PING 10.1.0.1\n64 bytes from 10.1.0.1: icmp_seq=1 ttl=61 time=0.1 ms\n\n2 packets transmitted, 2 received, 0% packet loss, time 1ms';
  t.deepEqual(parsePing(reply), {sent: 2, received: 2, lossPercent: 0, errors: []});
  const line = 'From 192.168.1.1 icmp_seq=1 Destination Host Unreachable\n';
  const lost = `PING 10.1.0.1\n${line}${line}\n2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 1ms`;
  t.deepEqual(parsePing(lost), {sent: 2, received: 0, lossPercent: 100, errors: ['Destination Host Unreachable']});
});

test('kernel routes: by gateway, by several, unreachable, to one address', t => {
  const output = JSON.stringify([
    {type: 'unicast', dst: '10.1.0.0/29', gateway: '192.168.1.2', dev: 'down1', protocol: 'bgp'},
    {
      type: 'unicast',
      dst: 'default',
      protocol: 'bgp',
      nexthops: [
        {gateway: '10.0.0.1', dev: 'a'},
        {gateway: '10.0.0.3', dev: 'b'},
      ],
    },
    {type: 'unreachable', dst: '10.1.0.0/17', protocol: 'static'},
    {dst: '10.1.0.1', dev: 'ep-web'},
    {dst: '2001:db8::1', dev: 'ep-web'},
  ]);
  t.deepEqual(parseRoutes(output), [
    {to: '10.1.0.0/29', type: 'unicast', via: ['192.168.1.2'], devices: ['down1'], protocol: 'bgp'},
    {to: 'default', type: 'unicast', via: ['10.0.0.1', '10.0.0.3'], devices: ['a', 'b'], protocol: 'bgp'},
    {to: '10.1.0.0/17', type: 'unreachable', via: [], devices: [], protocol: 'static'},
    {to: '10.1.0.1/32', type: 'unicast', via: [], devices: ['ep-web'], protocol: ''},
    {to: '2001:db8::1/128', type: 'unicast', via: [], devices: ['ep-web'], protocol: ''},
  ]);
  t.deepEqual(parseRoutes(''), []);
});

test('sessions of BIRD and FRR', t => {
  const protocols = `BIRD 2.0.12 ready.
Name       Proto      Table      State  Since         Info
device1    Device     ---        up     11:03:23.675
to_tor_1   BGP        ---        up     11:03:26.701  Established
to_tor_2   BGP        ---        start  10:52:07.282  Active        Socket: Connection refused
hosts_ipv4 OSPF       master4    up     11:03:23.675  Running`;
  t.deepEqual(
    parseBirdProtocols(protocols).map(({name, isUp}) => [name, isUp]),
    [
      ['to_tor_1', true],
      ['to_tor_2', false],
    ],
  );
  const neighbors = `BIRD 2.0.12 ready.
hosts_ipv4:
Router ID   \tPri\t     State     \tDTime\tInterface  Router IP
192.168.2.11\t  1\tFull/BDR  \t 3.892\tseg        192.168.2.11
192.168.2.12\t  1\tExStart/Other\t 3.017\tseg        192.168.2.12`;
  t.deepEqual(parseBirdNeighbors(neighbors), [
    {protocol: 'ospf', name: '192.168.2.11', state: 'Full', isUp: true},
    {protocol: 'ospf', name: '192.168.2.12', state: 'ExStart', isUp: false},
  ]);
  const family = {peers: {'192.168.0.0': {state: 'Established'}, '192.168.1.2': {state: 'Active'}}};
  t.deepEqual(
    parseFrrSummary(JSON.stringify({ipv4Unicast: family, ipv6Unicast: family})).map(({name, isUp}) => [name, isUp]),
    [
      ['192.168.0.0', true],
      ['192.168.1.2', false],
    ],
    'a neighbour with two families is one session',
  );
  t.deepEqual(parseFrrNeighbors('{"neighbors": {"192.168.4.2": [{"nbrState": "Full/-"}]}}'), [
    {protocol: 'ospf', name: '192.168.4.2', state: 'Full/-', isUp: true},
  ]);
  t.deepEqual([parseBirdProtocols(''), parseFrrSummary(''), parseFrrNeighbors('')], [[], [], []]);
});

test('the device of an endpoint fits the kernel: 15 characters, and another for another name', t => {
  t.is(endpointDevice('web1'), 'ep-web1');
  const [a, b] = ['a-very-long-endpoint-name-1', 'a-very-long-endpoint-name-2'].map(endpointDevice);
  t.is(a?.length, 15);
  t.not(a, b);
});
