import test from 'ava';
import {desiredBird} from '../../src/core/desired-bird.ts';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {templateData} from '../../src/core/publish.ts';
import {type NodeOptions, nodeState} from '../helpers/node-state.ts';

const vip = (name: string, ip: string) => [name, {name, ip: parseAddress(ip), hosts: []}] as const;
const state = {vips: new Map([vip('a', '192.0.2.1'), vip('b', '192.0.2.2'), vip('c', '2001:db8::1')])};
const node = (options: NodeOptions = {}) => nodeState({state, blocks: ['10.1.0.0/29'], ...options});

test('templates have the VIPs whose addresses are on, by family and in order; networks stay what they are', t => {
  const data = templateData(node({vips: ['2001:db8::1/128', '192.0.2.2/32', '192.0.2.1/32']}));
  t.deepEqual([...data.Vips] as string[], ['192.0.2.1/32', '192.0.2.2/32', '2001:db8::1/128']);
  t.deepEqual([...data.Vips4] as string[], ['192.0.2.1/32', '192.0.2.2/32']);
  t.deepEqual([...data.Vips6] as string[], ['2001:db8::1/128']);
  t.deepEqual([...data.Networks] as string[], ['10.1.0.0/29']);
});

test('a drained host has none', t => {
  t.deepEqual(templateData(node({vips: ['192.0.2.1/32'], drain: 'drained'})).Vips, []);
});

test('that a VIP is withdrawn is meant when this host does not hold it any more, also one that is gone from the store', t => {
  const [wish] = desiredBird({...node({vips: ['192.0.2.1/32']}), formerVips: [parsePrefix('192.0.2.9/32'), parsePrefix('192.0.2.1/32')]});
  const released = (prefix: string) => wish?.announces.released(parsePrefix(prefix));
  t.deepEqual(['192.0.2.1/32', '192.0.2.2/32', '192.0.2.9/32', '192.0.2.10/32', '10.1.0.0/29'].map(released), [
    false,
    true,
    true,
    false,
    false,
  ]);
  t.deepEqual([...(wish?.announces.vips ?? [])] as string[], ['192.0.2.1/32']);
});
