import test from 'ava';
import {parseBirdConfig} from '../../src/core/bird-config/parse.ts';
import {vipsIn, withoutProtocols} from '../../src/core/bird-config/vip-protocols.ts';

const vips = (text: string) => [...vipsIn(parseBirdConfig([{path: '/b', text}], '/b'))] as string[];

test('direct protocols that let in single addresses are of VIPs, in both syntaxes; all others are not', t => {
  t.deepEqual(vips('protocol direct a { interface "*"; ipv4 { import where net ~ [192.0.2.1/32, 192.0.2.2/32]; }; }'), [
    '192.0.2.1/32',
    '192.0.2.2/32',
  ]);
  t.deepEqual(vips('protocol direct a { ipv6 { import where net ~ [ 2001:db8::1/128 ]; }; }'), ['2001:db8::1/128']);
  t.deepEqual(vips('protocol direct a { interface "*"; import where net ~ [192.0.2.1/32]; }'), ['192.0.2.1/32']);
  for (const filter of [
    'all',
    'where net ~ [192.0.2.0/24]',
    'where net ~ [192.0.2.0/24{32,32}]',
    'where net ~ [192.0.2.1/32+]',
    'where net ~ [192.0.2.1/32] || proto = "x"',
    'where net ~ [192.0.2.1/33]',
    'where net ~ [2001:db8::1/32]',
    'where net ~ LIST',
    'filter { if net ~ [192.0.2.1/32] then accept; reject; }',
  ]) {
    t.deepEqual(vips(`protocol direct a { ipv4 { import ${filter}; }; }`), [], filter);
  }
  t.deepEqual(vips('protocol direct a { ipv4; }'), []);
  t.deepEqual(vips('protocol direct { }'), []);
  t.deepEqual(vips('protocol static a { ipv4 { import where net ~ [192.0.2.1/32]; }; }'), []);
  t.deepEqual(vips('protocol direct a { disabled; ipv4 { import where net ~ [192.0.2.1/32]; }; }'), []);
});

for (const [text, less] of [
  ['where (proto = "romana" || proto = "v") && romana_mark(true)', 'where proto = "romana" && romana_mark(true)'],
  ['where (proto = "romana" || proto = "v")', 'where proto = "romana"'],
  ['where proto = "romana" || proto = "v"', 'where proto = "romana"'],
  ['filter { if proto != "romana" && proto != "v" then reject; accept; }', 'filter { if proto != "romana" then reject; accept; }'],
  ['where proto = "romana" || proto = "w"', 'where proto = "romana" || proto = "w"'],
  ['where (proto = "romana") && f()', 'where (proto = "romana") && f()'],
  ['where proto = "v"', 'where proto = "v"'],
  ['where f(proto = "a" || proto = "v")', 'where f(proto = "a")'],
  ['where !(proto = "a" || proto = "v")', 'where !(proto = "a")'],
] as const) {
  test(`without VIPs: ${text}`, t => {
    t.is(withoutProtocols(text, new Set(['v'])), less);
    t.is(withoutProtocols(text, new Set()), text);
  });
}
