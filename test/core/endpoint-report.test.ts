import test from 'ava';
import {createEndpointReport} from '../../src/core/endpoint-report.ts';
import {device, endpoint, netns, type Situation, situation, tap, uplink} from './endpoint-samples.ts';

const stateOf = (which: ReturnType<typeof endpoint>, options: Situation, failures: Record<string, string> = {}) => {
  const {state, reason} = createEndpointReport(situation(options), new Map(Object.entries(failures)))(which);
  return reason === undefined ? state : `${state}: ${reason}`;
};
const web = endpoint('web', '10.1.0.1', netns('web'));
const vm = endpoint('vm', '10.1.0.1', tap('tap3'));
const addresses = ['10.1.0.1 host-1 web'];

test('an endpoint whose interface is up and whose addresses are allocated to this host is ok', t => {
  t.is(stateOf(vm, {interfaces: [uplink, device('tap3')], addresses}), 'ok');
  t.is(stateOf(web, {namespaces: ['web 17'], addresses}), 'ok', 'the pair was made after the pass had looked');
  t.is(stateOf(endpoint('dns', '10.1.0.1'), {addresses}), 'ok');
});

test('what is missing is said before what has failed because of it', t => {
  t.is(stateOf(vm, {addresses}, {vm: 'no'}), 'interface missing: there is no interface tap3');
  t.is(stateOf(web, {addresses}, {web: 'no'}), 'namespace missing: there is no network namespace at /run/netns/web');
  t.is(stateOf(vm, {interfaces: [device('tap3', {isUp: false})]}, {vm: 'no'}), 'failed: no');
  t.is(stateOf(vm, {interfaces: [device('tap3')], addresses}, {other: 'no'}), 'ok');
});

test('an interface without a carrier is down; one that was switched off is not any more after the pass', t => {
  t.is(stateOf(vm, {interfaces: [device('tap3', {isUp: false})]}), 'interface down: nothing is up at the other end of tap3');
  t.is(stateOf(vm, {interfaces: [device('tap3', {isUp: false, isEnabled: false})], addresses}), 'ok');
});

test('every way in which an address is not allocated to this host is told', t => {
  const dns = endpoint('dns', '10.1.0.1');
  for (const [options, expected] of [
    [{}, 'is not allocated: another workload may be given it'],
    [{addresses: ['10.1.0.1 host-2 web']}, 'is given to host-2, as web'],
    [{blocks: []}, 'lies in no block of host-1'],
    [{blocks: ['10.1.0.8/29']}, 'lies in no block of host-1'],
  ] as const) {
    t.is(stateOf(dns, options), `not allocated: 10.1.0.1 ${expected}`);
  }
  const both = endpoint('dns', '10.1.0.1 fd00::401');
  t.regex(stateOf(both, {}), /10\.1\.0\.1 is not allocated.*; fd00::401 is not allocated/);
});

test('before the first pass all of them wait', t => {
  t.like(createEndpointReport(undefined, new Map())(vm), {name: 'vm', interface: 'tap3', state: 'waiting'});
});

test('where the kernel checks nobody strictly, it is told of endpoints that have an interface', t => {
  const node = situation({interfaces: [uplink, device('tap3')], addresses: ['10.1.0.1 host-1 web']});
  const reportWith = (value: string) =>
    createEndpointReport(
      {...node, kernelSettings: {...node.kernelSettings, values: new Map([['ipv4/conf/all/rp_filter', value]])}},
      new Map(),
    );
  t.like(reportWith('2')(vm), {state: 'ok', reason: 'what it sends is not checked: net.ipv4.conf.all.rp_filter is 2 (loose)'});
  t.is(reportWith('2')(endpoint('dns', '10.1.0.1')).reason, undefined);
  for (const value of ['0', '1']) t.is(reportWith(value)(vm).reason, undefined);
});
