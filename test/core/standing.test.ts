import test from 'ava';
import {warnOfStanding} from '../../src/core/standing.ts';
import {interfaceOf} from '../helpers/interface.ts';
import {nodeState} from '../helpers/node-state.ts';

const withAddress = (text: string) => [interfaceOf(`eth0 - ${text}`)];

test('a host that the store knows by an address of this machine needs no word', t => {
  t.is(warnOfStanding({...nodeState(), interfaces: withAddress('192.168.20.30/24')}), undefined);
});

test('a name that the store does not know, or that means another machine, is told', t => {
  const unknown = {...nodeState(), self: {name: 'host-33', addresses: []}};
  t.regex(warnOfStanding(unknown) ?? '', /^the store knows no host host-33 \(it knows 1 by other names\)/);
  t.regex(warnOfStanding(nodeState({state: {hosts: new Map()}})) ?? '', /\(it knows none yet\)/);
  const twin = {...nodeState(), self: nodeState({addresses: ['192.168.20.31/24']}).self, interfaces: withAddress('192.168.20.31/24')};
  t.regex(
    warnOfStanding(twin) ?? '',
    /^the store has host host-1 at 192\.168\.20\.30, which no interface of this machine has: another machine/,
  );
});

test('an address by which the host goes, and that no interface has, is told; once, though the store has the same', t => {
  const one = 'no interface of this machine has 192.168.20.30, by which this host goes: see host.address';
  t.is(warnOfStanding({...nodeState(), interfaces: withAddress('192.168.20.31/24')}), one);
  t.is(warnOfStanding({...nodeState(), interfaces: []}), one);
  const both = nodeState({addresses: ['192.168.20.30/24', '2001:db8::30/64']});
  t.regex(warnOfStanding({...both, interfaces: withAddress('192.168.20.30/24')}) ?? '', /^no interface of this machine has 2001:db8::30, /);
  t.regex(warnOfStanding({...both, interfaces: []}) ?? '', /has 192\.168\.20\.30 or 2001:db8::30, /);
  t.regex(
    warnOfStanding({...nodeState({state: {hosts: new Map()}}), interfaces: []}) ?? '',
    /^no interface .*; the store knows no host host-1/,
  );
});
