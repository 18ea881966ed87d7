import test from 'ava';
import {desiredVips, vipDevice} from '../../src/core/desired-vips.ts';
import type {Interface} from '../../src/core/node-state.ts';
import {parseAddress, parseInterfaceAddress} from '../../src/core/prefix.ts';

const device = (name: string, addresses: readonly string[], isUp = true): Interface => ({
  index: 1,
  name,
  kind: '',
  mac: '',
  mtu: 1500,
  isUp,
  addresses: addresses.map(text => ({...parseInterfaceAddress(text), scope: 'global', metric: 0, label: name})),
});
const self = {name: 'host-1', addresses: [parseInterfaceAddress('192.168.20.30/24'), parseInterfaceAddress('2001:db8::30/64')]};
const [ip4, ip6] = [parseAddress('192.0.2.1'), parseAddress('2001:db8:1::1')];

test('an address goes where the own address of its family is', t => {
  const interfaces = [
    device('lo', ['127.0.0.1/8']),
    device('eth0', ['192.168.20.30/24']),
    device('eth1', ['10.0.0.1/24', '2001:db8::30/64']),
  ];
  t.is(vipDevice(ip4, {self, interfaces}), 'eth0');
  t.is(vipDevice(ip6, {self, interfaces}), 'eth1');
});

test('without an own address of its family it goes where the other one is, and onto lo where that bears them', t => {
  const one = {...self, addresses: self.addresses.slice(0, 1)};
  t.is(vipDevice(ip6, {self: one, interfaces: [device('eth0', ['10.0.0.1/24']), device('eth1', ['192.168.20.30/24'])]}), 'eth1');
  // The loopback is never "up" to those who look for a carrier.
  const lo = device('lo', ['192.168.20.30/24', '2001:db8::30/64'], false);
  t.is(vipDevice(ip4, {self, interfaces: [lo, device('eth0', ['10.0.0.1/31'])]}), 'lo');
});

test('a device that is down takes none, and another one with an own address does', t => {
  const down = device('eth0', ['192.168.20.30/24'], false);
  t.is(vipDevice(ip4, {self, interfaces: [down]}), undefined);
  t.is(vipDevice(ip4, {self, interfaces: [down, device('eth1', ['2001:db8::30/64'])]}), 'eth1');
  t.is(vipDevice(ip4, {self, interfaces: []}), undefined);
});

test('there is no address without a device; one without a lifetime stays as it is', t => {
  const lifetime = {seconds: 2, latestAt: 1000};
  const interfaces = [device('eth0', ['192.168.20.30/24'])];
  t.deepEqual(desiredVips([{ip: ip4}], {self, interfaces}, lifetime), [{ip: ip4, dev: 'eth0', lifetime}]);
  t.deepEqual(desiredVips([{ip: ip4}], {self, interfaces}, undefined), [{ip: ip4, dev: 'eth0'}]);
  t.deepEqual(desiredVips([{ip: ip4}], {self, interfaces: []}, lifetime), []);
});
