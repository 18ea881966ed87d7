import test from 'ava';
import {checkAllocation, checkNewEndpoint} from '../../src/core/new-endpoint.ts';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {device, endpoint, netns, type Situation, situation, tap, uplink} from './endpoint-samples.ts';

const vm = endpoint('vm', '10.1.0.1', tap('tap3'));
const interfaces = [uplink, device('tap3')];

test('an endpoint that goes with everything is let in', t => {
  const others = [endpoint('other', '10.1.0.2', tap('tap4')), endpoint('web', '10.1.0.3', netns('web')), endpoint('dns', '10.1.0.4')];
  t.notThrows(() => checkNewEndpoint(vm, others, situation({interfaces})));
  t.notThrows(() => checkNewEndpoint(endpoint('db', '10.1.0.5', netns('db')), others, situation({namespaces: ['db 1']})));
  t.notThrows(() => checkAllocation(vm, situation()));
  t.notThrows(() => checkAllocation(vm, situation({addresses: ['10.1.0.1 host-1 another-name']})));
});

const refusals: ReadonlyArray<
  readonly [title: string, code: string, sentence: RegExp, which: typeof vm, others: readonly (typeof vm)[], options: Situation]
> = [
  [
    'an IP in use',
    'ERR_CONFLICT',
    /^10\.1\.0\.1 is in use here already, by endpoint a\.$/,
    vm,
    [endpoint('a', '10.1.0.2 10.1.0.1')],
    {interfaces},
  ],
  [
    'an interface in use',
    'ERR_CONFLICT',
    /^Interface tap3 is in use already, by endpoint a\.$/,
    vm,
    [endpoint('a', '10.1.0.2', tap('tap3'))],
    {interfaces},
  ],
  [
    'the interface that we have made for another',
    'ERR_CONFLICT',
    /^Interface rom-a is in use/,
    endpoint('x', '10.1.0.1', tap('rom-a')),
    [endpoint('a', '10.1.0.2', netns('a'))],
    {},
  ],
  [
    'a namespace in use',
    'ERR_CONFLICT',
    /^Network namespace \/run\/netns\/w is in use already, by endpoint a\.$/,
    endpoint('b', '10.1.0.1', netns('w')),
    [endpoint('a', '10.1.0.2', netns('w'))],
    {namespaces: ['w 1']},
  ],
  ['an interface that is not there', 'ERR_INVALID', /^There is no interface tap3 on this host\.$/, vm, [], {}],
  [
    'a namespace that is not there',
    'ERR_INVALID',
    /^There is no network namespace at \/run\/netns\/w\.$/,
    endpoint('b', '10.1.0.1', netns('w')),
    [],
    {},
  ],
  ['a port of a bridge', 'ERR_INVALID', /^Interface tap3 is a part of br0/, vm, [], {interfaces: [device('tap3', {master: 'br0'})]}],
  ['the uplink', 'ERR_INVALID', /^Interface eth0 joins this host to its network/, endpoint('x', '10.1.0.1', tap('eth0')), [], {interfaces}],
  [
    'what leads to a gateway',
    'ERR_INVALID',
    /^Interface tap3 joins/,
    vm,
    [],
    {interfaces, mainRoutes: [{to: parsePrefix('0.0.0.0/0'), via: parseAddress('192.0.2.1'), dev: 'tap3', metric: 0}]},
  ],
  ['the loopback', 'ERR_INVALID', /^Interface lo joins/, endpoint('x', '10.1.0.1', tap('lo')), [], {interfaces: [device('lo')]}],
  [
    'an address of the host',
    'ERR_CONFLICT',
    /^10\.1\.0\.1 is an address of this host itself, on eth1\.$/,
    vm,
    [],
    {interfaces: [...interfaces, device('eth1', {addresses: ['10.1.0.1/24']})]},
  ],
  [
    "another program's route",
    'ERR_CONFLICT',
    /^There is a route to 10\.1\.0\.1 already \(dev eth5\), which is of another program\.$/,
    vm,
    [],
    {interfaces, mainRoutes: [{to: parsePrefix('10.1.0.1/32'), dev: 'eth5', metric: 20}]},
  ],
];

for (const [title, code, message, which, others, options] of refusals) {
  test(`an endpoint is refused: ${title}`, t => {
    t.throws(() => checkNewEndpoint(which, others, situation(options)), {code, message});
  });
}

test('an address that the store does not give to this host is refused, with what to do', t => {
  t.throws(() => checkAllocation(vm, situation({addresses: ['10.1.0.1 host-2 web']})), {
    code: 'ERR_CONFLICT',
    message: /it is given to host-2, as web\..*romana address allocate vm --host host-1$/,
  });
  t.throws(() => checkAllocation(vm, situation({blocks: ['10.1.0.8/29']})), {
    code: 'ERR_CONFLICT',
    message: /it lies in no block of host-1\./,
  });
  const node = situation();
  const cidr = parsePrefix('10.1.0.0/29');
  for (const [host, reason] of [
    ['host-2', /it lies in 10\.1\.0\.0\/29, a block of host-2\./],
    ['', /it lies in 10\.1\.0\.0\/29, a block that no host has\./],
  ] as const) {
    const blocks = new Map([[cidr, {cidr, host, tenant: '', segment: ''}]]);
    t.throws(() => checkAllocation(vm, {...node, state: {...node.state, blocks}}), {message: reason});
  }
});

test('an address of a host, or of a VIP, is refused as that, in a block of this host too', t => {
  const node = situation();
  const hosts = new Map([
    ...node.state.hosts,
    ['host-2', {name: 'host-2', ip: parseAddress('192.168.20.31'), agentPort: 1, drained: false, tags: {}, groups: {}}],
  ]);
  const vips = new Map([['shop', {name: 'shop', ip: parseAddress('10.1.0.5'), hosts: []}]]);
  const hostAddresses = new Map([['host-2', [parseAddress('fd00::402')]]]);
  const known = {...node, state: {...node.state, hosts, vips, hostAddresses}};
  for (const [ips, expected] of [
    ['192.168.20.31', '192.168.20.31 is not for a workload of this host: it is an address of host host-2. An address for it comes from: '],
    ['192.168.20.30', '192.168.20.30 is not for a workload of this host: it is an address of host host-1. An'],
    ['10.1.0.1 fd00::402', 'fd00::402 is not for a workload of this host: it is an address of host host-2.'],
    ['10.1.0.5', '10.1.0.5 is not for a workload of this host: it is the VIP shop. An'],
  ] as const) {
    const error = t.throws(() => checkAllocation(endpoint('vm', ips), known), {code: 'ERR_CONFLICT'});
    t.true(error?.message.startsWith(expected), error?.message);
  }
  t.notThrows(() => checkAllocation(endpoint('vm', '10.1.0.6'), known));
});
