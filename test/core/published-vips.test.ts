import test from 'ava';
import {desiredBird} from '../../src/core/desired-bird.ts';
import type {Interface, VipFacts} from '../../src/core/node-state.ts';
import {type Prefix, parseAddress, parseInterfaceAddress, parsePrefix} from '../../src/core/prefix.ts';
import {templateData} from '../../src/core/publish.ts';
import {type NodeOptions, nodeState} from '../helpers/node-state.ts';

const vip = (name: string, ip: string, hosts: readonly string[] = []) => [name, {name, ip: parseAddress(ip), hosts}] as const;
const vips = new Map([
  vip('a', '192.0.2.1'),
  vip('b', '192.0.2.2', ['host-1', 'host-2']),
  vip('c', '2001:db8::1'),
  vip('d', '192.0.2.4', ['host-2']),
]);
const node = (options: NodeOptions = {}) => nodeState({state: {vips}, blocks: ['10.1.0.0/29'], ...options});
const facts = ({held = [], leaving = [], former = []}: Readonly<Partial<Record<keyof VipFacts, readonly string[]>>>): VipFacts => {
  const [a, b, c] = [held, leaving, former].map(list => list.map(parsePrefix));
  return {held: a ?? [], leaving: b ?? [], former: c ?? []};
};
const texts = (prefixes: readonly Prefix[] | undefined) => [...(prefixes ?? [])] as string[];

test('templates have the VIPs whose addresses are on, in order; networks stay what they are', t => {
  const data = templateData(node({vips: ['2001:db8::1/128', '192.0.2.2/32', '192.0.2.1/32']}));
  t.deepEqual(texts(data.Vips), ['192.0.2.1/32', '192.0.2.2/32', '2001:db8::1/128']);
  t.deepEqual(texts(data.Networks), ['10.1.0.0/29']);
});

test('and those that may come here, by family, whoever holds them now', t => {
  const data = templateData(node({vips: ['192.0.2.2/32']}));
  t.deepEqual(texts(data.VipPool), ['192.0.2.1/32', '192.0.2.2/32', '2001:db8::1/128']);
  t.deepEqual(texts(data.VipPool4), ['192.0.2.1/32', '192.0.2.2/32']);
  t.deepEqual(texts(data.VipPool6), ['2001:db8::1/128']);
});

test('none that is about to be given up, or whose address somebody else has put here', t => {
  const leaving = templateData({...node(), vips: facts({leaving: ['192.0.2.1/32']})});
  t.deepEqual(texts(leaving.VipPool), ['192.0.2.2/32', '2001:db8::1/128']);
  const device = (metric: number): Interface => ({
    ...{index: 1, name: 'lo', kind: '', mac: '', mtu: 1500, isUp: true},
    addresses: [{...parseInterfaceAddress('192.0.2.1/24'), scope: 'global', metric, label: ''}],
  });
  t.deepEqual(texts(templateData({...node(), interfaces: [device(0)]}).VipPool), ['192.0.2.2/32', '2001:db8::1/128']);
  t.is(templateData({...node(), interfaces: [device(1144)]}).VipPool.length, 3);
});

test('a drained host has none, nor has one whose agent takes none', t => {
  const drained = templateData(node({vips: ['192.0.2.1/32'], drain: 'drained'}));
  t.deepEqual([drained.Vips, drained.VipPool], [[], []]);
  const {vips: _, ...without} = node();
  t.deepEqual([templateData(without).Vips, templateData(without).VipPool], [[], []]);
});

test('that a VIP is withdrawn is meant when this host does not hold it any more, also one that is gone from the store', t => {
  const [wish] = desiredBird({...node(), vips: facts({held: ['192.0.2.1/32'], former: ['192.0.2.9/32']})});
  const released = (prefix: string) => wish?.announces.released(parsePrefix(prefix));
  t.deepEqual(['192.0.2.1/32', '192.0.2.2/32', '192.0.2.9/32', '192.0.2.10/32', '10.1.0.0/29'].map(released), [
    false,
    true,
    true,
    false,
    false,
  ]);
  t.deepEqual(texts(wish?.announces.vips), ['192.0.2.1/32']);
});
