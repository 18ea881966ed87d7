import test from 'ava';
import {type EndpointRecord, parseEndpoint, parseEndpointFile, recordOf, renderEndpointFile} from '../../src/agent/endpoint-records.ts';

const ips = ['10.1.0.1'];

test('each of the three forms becomes an endpoint, and is written as it was', t => {
  const records: readonly EndpointRecord[] = [
    {ips, interface: 'tap3'},
    {ips, interface: 'tap3', mtu: 1400},
    {ips: ['10.1.0.1', 'fd00::1'], netns: '/run/netns/web', ifname: 'net0', mtu: 9000},
    {ips, local: true},
  ];
  for (const record of records) t.deepEqual(recordOf(parseEndpoint('web-1', record)), record);
  const endpoints = records.map((record, index) => parseEndpoint(`web-${index}`, record));
  t.deepEqual(parseEndpointFile(renderEndpointFile(endpoints)), endpoints);
});

test('names of interfaces that the kernel and its tools take are taken', t => {
  for (const dev of ['tap3', 'eth0.100', 'veth@x', 'br-5f2a', '_', '123456789012345', 'all2', 'tap1234abcd-9a']) {
    t.deepEqual(parseEndpoint('a', {ips, interface: dev}).attachment, {kind: 'interface', dev, mtu: undefined});
  }
});

test('a namespace may be named, its interface is eth0 by default, and addresses are sorted, in one form and once', t => {
  t.deepEqual(recordOf(parseEndpoint('shop/web:1', {ips: ['FD00::0:2', '10.1.0.9', '10.1.0.10', 'fd00::2', '10.1.0.9'], netns: 'web'})), {
    ips: ['10.1.0.9', '10.1.0.10', 'fd00::2'],
    netns: '/run/netns/web',
    ifname: 'eth0',
  });
});

test('the handle follows from the name, and the kernel takes it for an interface', t => {
  const {handle} = parseEndpoint('web-1', {ips, local: true});
  t.is(handle, 'romc4719afa76f');
  t.is(parseEndpoint('web-1', {ips, netns: 'x'}).handle, handle);
  t.not(parseEndpoint('web-2', {ips, local: true}).handle, handle);
  t.is(handle.length, 14);
});

const wrong: ReadonlyArray<readonly [title: string, name: string, record: EndpointRecord, code: string, message: RegExp]> = [
  ['no way to it', 'a', {ips}, 'ERR_MALFORMED', /^Exactly one of the fields interface, netns and local is required\.$/],
  ['two ways', 'a', {ips, interface: 'x', local: true}, 'ERR_MALFORMED', /^Exactly one/],
  ['an ifname without a netns', 'a', {ips, interface: 'x', ifname: 'eth0'}, 'ERR_MALFORMED', /^Field ifname: /],
  [
    'packets too small for IPv6',
    'a',
    {ips: ['fd00::1'], interface: 'x', mtu: 1279},
    'ERR_INVALID',
    /^Field mtu: IPv6 needs at least 1280 bytes\.$/,
  ],
  ['an mtu of the host', 'a', {ips, local: true, mtu: 1500}, 'ERR_MALFORMED', /^Field mtu: /],
  ['a name that is an IP', '10.1.0.1', {ips, local: true}, 'ERR_INVALID', /^The name "10\.1\.0\.1" is not valid/],
  ['a name with a space', 'a b', {ips, local: true}, 'ERR_INVALID', /^The name "a b" is not valid/],
  [
    'an interface that is too long',
    'a',
    {ips, interface: 'abcdefghijklmnop'},
    'ERR_INVALID',
    /^Field interface: "abcdefghijklmnop" is no name/,
  ],
  ['an interface with a space', 'a', {ips, interface: 'a b'}, 'ERR_INVALID', /^Field interface/],
  ['an interface of two lines', 'a', {ips, interface: 'a\nlink'}, 'ERR_INVALID', /^Field interface/],
  ...['a#b', 'a%d', 'a/b', 'a:1', 'a"b', "a'b", 'a\\', '-a', 'all', 'default', '.', '..', '', 'é', 'eth+', 'a\tb'].map(
    dev =>
      [
        `an interface ${JSON.stringify(dev)}`,
        'a',
        {ips, interface: dev},
        'ERR_INVALID',
        /^Field interface: .* is no name of an interface; expected 1 to 15/,
      ] as const,
  ),
  ['an ifname that is everybody', 'a', {ips, netns: 'x', ifname: 'all'}, 'ERR_INVALID', /^Field ifname: "all" is no name/],
  ['a namespace that would end a line', 'a', {ips, netns: 'a#b'}, 'ERR_INVALID', /^Field netns: "a#b"/],
  ['a name that is a step in a path', '..', {ips, local: true}, 'ERR_INVALID', /^The name "\.\." is not valid for an endpoint/],
  ['an ifname with a slash', 'a', {ips, netns: 'x', ifname: '../x'}, 'ERR_INVALID', /^Field ifname/],
  ['a relative path', 'a', {ips, netns: 'run/netns/x'}, 'ERR_INVALID', /^Field netns: "run\/netns\/x" is no name nor absolute path/],
  ['no namespace at all', 'a', {ips, netns: ''}, 'ERR_INVALID', /^Field netns/],
];

for (const [title, name, record, code, message] of wrong) {
  test(`what is no endpoint is refused: ${title}`, t => {
    t.throws(() => parseEndpoint(name, record), {code, message});
  });
}

test('a file that is not as it was written is refused, with the place in one line', t => {
  for (const [text, message] of [
    ['', /^it is empty$/],
    [' \n', /^it is empty$/],
    ['{', /^it is not JSON: .*[^.]$/],
    ['{"version": 1,\n\u0000', /^it is not JSON: .*[^.]$/],
    ['[]', /^The file: expected object, received array$/],
    ['{"version": 2, "endpoints": []}', /^Field version: .*1$/],
    [
      '{"version": 1, "endpoints": [{"name": "a", "ips": ["10.1.0.300"], "local": true}]}',
      /^Field endpoints\.0\.ips\.0: expected an IP address$/,
    ],
    ['{"version": 1, "endpoints": [{"name": "a", "ips": ["10.1.0.1"], "colour": "red"}]}', /^Unknown field "colour" in the file$/],
    [
      '{"version": 1, "endpoints": [{"name": "a b", "ips": ["10.1.0.1"], "local": true}]}',
      /^The name "a b" is not valid for an endpoint; .*[^.]$/,
    ],
  ] as const) {
    t.throws(() => parseEndpointFile(text), {code: 'ERR_ENDPOINTS_FILE', message}, text);
  }
});
