import test from 'ava';
import {desiredEndpointAddresses} from '../../src/core/desired-endpoint-addresses.ts';
import {desiredEndpointPairs} from '../../src/core/desired-endpoint-pairs.ts';
import {desiredEndpointPorts} from '../../src/core/desired-endpoint-ports.ts';
import {desiredEndpointRoutes} from '../../src/core/desired-endpoint-routes.ts';
import {parsePrefix} from '../../src/core/prefix.ts';
import {device, endpoint, netns, type Situation, situation, tap, uplink} from './endpoint-samples.ts';

const routes = (options: Situation) => desiredEndpointRoutes(situation(options)).map(({to, dev, source = '-'}) => `${to} ${dev} ${source}`);
const pairs = (options: Situation) =>
  desiredEndpointPairs(situation(options)).map(({dev, mark, mtu}) => `${dev} ${/^net:\[(\d+)\] [0-9a-f]+$/.exec(mark)?.[1]} ${mtu}`);
const ports = (options: Situation) => desiredEndpointPorts(situation(options));

test('each address of an endpoint has a route by its interface, from an own address of its family; the IPv4 gateway has one by the uplink', t => {
  const wanted = [endpoint('vm', '10.1.0.1 fd00::401', tap('tap3')), endpoint('web', '10.1.0.2', netns('web'))];
  t.deepEqual(routes({wanted, interfaces: [uplink, device('tap3')], namespaces: ['web 17']}), [
    '10.1.0.1/32 tap3 192.168.20.30',
    'fd00::401/128 tap3 2001:db8::30',
    '10.1.0.2/32 rom-web 192.168.20.30',
    '169.254.1.1/32 eth0 -',
  ]);
});

test('without an IPv4 endpoint that has an interface, the gateway has no route', t => {
  const interfaces = [uplink, device('tap3')];
  t.deepEqual(routes({wanted: [endpoint('vm', 'fd00::401', tap('tap3')), endpoint('dns', '10.1.0.2')], interfaces}), [
    'fd00::401/128 tap3 2001:db8::30',
  ]);
  t.deepEqual(routes({interfaces}), []);
});

test('an own address that no interface has is not sent from', t => {
  const wanted = [endpoint('vm', '10.1.0.1', tap('tap3'))];
  const ownAddresses = ['203.0.113.1/24'];
  t.deepEqual(routes({wanted, interfaces: [device('tap3')], ownAddresses}), ['10.1.0.1/32 tap3 -']);
});

test('the gateway goes by an uplink that is up; one without a carrier has to do where there is no other, one that is switched off does not', t => {
  const wanted = [endpoint('vm', '10.1.0.1', tap('tap3'))];
  const gateway = (...states: ReadonlyArray<{isUp: boolean; isEnabled: boolean}>) => {
    const uplinks = states.map((state, index) => ({...uplink, name: `eth${index}`, ...state}));
    return routes({wanted, interfaces: [...uplinks, device('tap3')]}).filter(route => route.startsWith('169'));
  };
  const [up, down, off] = [
    {isUp: true, isEnabled: true},
    {isUp: false, isEnabled: true},
    {isUp: false, isEnabled: false},
  ];
  t.deepEqual(gateway(down, up), ['169.254.1.1/32 eth1 -']);
  t.deepEqual(gateway(off, down), ['169.254.1.1/32 eth1 -']);
  t.deepEqual(gateway(off), []);
});

test('what is not there is not wanted: an interface, a network namespace', t => {
  const wanted = [endpoint('vm', '10.1.0.1', tap('tap3')), endpoint('web', '10.1.0.2', netns('web'))];
  t.deepEqual(routes({wanted}), []);
  t.deepEqual(pairs({wanted}), []);
  t.deepEqual(ports({wanted}), []);
});

test('nothing is decided where it is not known which endpoints are wanted', t => {
  const unknown = {wanted: {problem: 'cannot read /x: no'}};
  for (const desired of [routes, pairs, ports])
    t.throws(() => desired(unknown), {code: 'ERR_ENDPOINTS_FILE', message: 'cannot read /x: no'});
  t.throws(() => desiredEndpointAddresses(situation(unknown)), {code: 'ERR_ENDPOINTS_FILE'});
  const {endpoints: _none, ...rest} = situation();
  t.throws(() => desiredEndpointAddresses(rest), {code: 'ERR_ENDPOINTS_FILE'});
});

test('a pair is as large as the smallest uplink takes, unless another size was asked for', t => {
  const namespaces = ['web 17'];
  const wanted = [endpoint('web', '10.1.0.2', netns('web'))];
  const second = {...uplink, name: 'eth1', mtu: 1400};
  t.deepEqual(pairs({wanted, namespaces, interfaces: [{...uplink, mtu: 9000}, second]}), ['rom-web 17 1400']);
  t.deepEqual(pairs({wanted: [endpoint('web', '10.1.0.2', netns('web', 1300))], namespaces}), ['rom-web 17 1300']);
  t.deepEqual(pairs({wanted, namespaces, interfaces: []}), ['rom-web 17 undefined'], 'an uplink that goes changes nothing');
});

test('a pair into another namespace, or for something else in it, is another one; one of another size is not', t => {
  const markOf = (ips: string, namespace: string, mtu?: number) =>
    desiredEndpointPairs(situation({wanted: [endpoint('web', ips, netns('web', mtu))], namespaces: [namespace]})).map(({mark}) => mark)[0];
  const mark = markOf('10.1.0.2', 'web 17');
  t.is(markOf('10.1.0.2', 'web 17', 9000), mark);
  t.not(markOf('10.1.0.2', 'web 18'), mark);
  t.not(markOf('10.1.0.2 fd00::402', 'web 17'), mark);
});

test('a host whose own address is on the loopback has its gateways as uplinks', t => {
  const interfaces = [
    device('lo', {kind: '', mtu: 65_536, addresses: ['192.168.20.30/32']}),
    device('swp1', {kind: '', mtu: 9000}),
    device('tap3', {mtu: 1000}),
  ];
  const mainRoutes = [{to: parsePrefix('0.0.0.0/0'), via: endpoint('', '169.254.0.1').ips[0], dev: 'swp1', metric: 0}].flatMap(
    ({via, ...route}) => (via === undefined ? [] : [{...route, via}]),
  );
  const wanted = [endpoint('web', '10.1.0.2', netns('web'))];
  t.deepEqual(pairs({wanted, namespaces: ['web 17'], interfaces, mainRoutes, ownAddresses: ['192.168.20.30/32']}), ['rom-web 17 9000']);
});

test('ports answer by ARP for IPv4 and bear the gateway address for IPv6; who brings an interface keeps its size', t => {
  const wanted = [endpoint('vm', '10.1.0.1', tap('tap3')), endpoint('six', 'fd00::401', tap('tap6', 1300))];
  const guard = {rp_filter: '1', accept_ra: '0'};
  t.deepEqual(ports({wanted, interfaces: [uplink, device('tap3'), device('tap6')]}) as unknown, [
    {
      dev: 'tap3',
      handle: 'rom-vm',
      mark: '',
      isEnabled: true,
      mtu: undefined,
      gateway6: undefined,
      settings: {...guard, forwarding: '1', proxy_arp: '1', proxy_delay: '0'},
      endpoint: 'vm',
    },
    {
      dev: 'tap6',
      handle: 'rom-six',
      mark: '',
      isEnabled: true,
      mtu: 1300,
      gateway6: 'fe80::1',
      settings: {...guard, proxy_arp: '0', disable_ipv6: '0'},
      endpoint: 'six',
    },
  ]);
});

test('addresses of processes of the host are wanted on it', t => {
  const wanted = [endpoint('dns', '10.1.0.2 fd00::402'), endpoint('vm', '10.1.0.1', tap('tap3'))];
  t.deepEqual(desiredEndpointAddresses(situation({wanted, interfaces: [uplink, device('tap3')]})) as unknown, [
    {ip: '10.1.0.2', endpoint: 'dns'},
    {ip: 'fd00::402', endpoint: 'dns'},
  ]);
});
