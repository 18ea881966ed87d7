import test from 'ava';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {gatewaysOf, vitalUse} from '../../src/core/vital-addresses.ts';
import {interfaceOf} from '../helpers/interface.ts';

const eth0 = interfaceOf('eth0 - 192.168.20.30/24 10.0.0.0/31 2001:db8::30/64');
const gateways = gatewaysOf(
  [
    {to: parsePrefix('0.0.0.0/0'), via: parseAddress('192.168.20.254'), dev: 'eth0', metric: 0},
    {to: parsePrefix('192.168.20.0/24'), dev: 'eth0', metric: 0},
  ],
  ['https://192.168.9.1:2379', 'https://[2001:db8::9]:2379', 'https://etcd.example:2379'],
);

for (const [ip, use] of [
  ['192.168.20.254', 'gateway'],
  ['192.168.9.1', 'gateway'],
  ['2001:db8::9', 'gateway'],
  ['192.168.20.0', 'no machine'],
  ['192.168.20.255', 'no machine'],
  ['192.168.20.99', undefined],
  ['10.0.0.1', undefined],
  ['2001:db8::', undefined],
] as const) {
  test(`${ip} is ${use === undefined ? 'free to be a VIP' : `no VIP: ${use}`}`, t => {
    const found = vitalUse(parseAddress(ip), {interfaces: [eth0], gateways});
    if (use === undefined) t.is(found, undefined);
    else t.true(found?.includes(use), found);
  });
}
