import path from 'node:path';
import test from 'ava';
import {parseInterfaceAddress} from '../../src/core/prefix.ts';
import {chooseTemplate, explainChoice} from '../../src/core/template-choice.ts';

const cases: Array<{title: string; addresses: string[]; files: string[]; chosen: string | undefined}> = [
  {
    title: 'the host goes first',
    addresses: ['192.168.20.30/24'],
    files: ['x', 'x.192.168.20.0', 'x.192.168.20.30'],
    chosen: 'x.192.168.20.30',
  },
  {title: 'then its network', addresses: ['192.168.20.30/24'], files: ['x', 'x.192.168.20.0', 'x.192.168.20.31'], chosen: 'x.192.168.20.0'},
  {title: 'then the plain file', addresses: ['192.168.20.30/24'], files: ['x', 'x.192.168.21.0', 'x.192.168.20'], chosen: 'x'},
  {title: 'masks other than /24', addresses: ['10.9.77.5/20'], files: ['x', 'x.10.9.77.0', 'x.10.9.64.0'], chosen: 'x.10.9.64.0'},
  {title: 'a /32 is its own network', addresses: ['10.9.77.5/32'], files: ['x', 'x.10.9.77.5'], chosen: 'x.10.9.77.5'},
  {
    title: 'IPv6 in canonical form',
    addresses: ['2001:DB8:0:0::30/64'],
    files: ['x', 'x.2001:db8::', 'x.2001:db8::30'],
    chosen: 'x.2001:db8::30',
  },
  {title: 'an IPv6 network', addresses: ['2001:db8::30/64'], files: ['x', 'x.2001:db8::'], chosen: 'x.2001:db8::'},
  {title: 'IPv4 before IPv6', addresses: ['2001:db8::30/64', '10.0.0.5/24'], files: ['x.2001:db8::30', 'x.10.0.0.5'], chosen: 'x.10.0.0.5'},
  {
    title: 'any host file before any network file',
    addresses: ['10.0.0.5/24', '2001:db8::30/64'],
    files: ['x.10.0.0.0', 'x.2001:db8::30'],
    chosen: 'x.2001:db8::30',
  },
  {
    title: 'the IPv4 network before the IPv6 one',
    addresses: ['10.0.0.5/24', '2001:db8::30/64'],
    files: ['x.10.0.0.0', 'x.2001:db8::'],
    chosen: 'x.10.0.0.0',
  },
  {title: 'a /26', addresses: ['10.9.77.70/26'], files: ['x', 'x.10.9.77.0', 'x.10.9.77.64'], chosen: 'x.10.9.77.64'},
  {title: 'the upper address of a /31', addresses: ['10.9.77.5/31'], files: ['x', 'x.10.9.77.4', 'x.10.9.77.0'], chosen: 'x.10.9.77.4'},
  {title: 'a /56', addresses: ['2001:db8:0:7f::30/56'], files: ['x', 'x.2001:db8:0:7f::', 'x.2001:db8::'], chosen: 'x.2001:db8::'},
  {title: "a file in long IPv6 form is nobody's", addresses: ['2001:db8::30/64'], files: ['x', 'x.2001:DB8::30'], chosen: 'x'},
  {title: 'nothing', addresses: ['10.0.0.5/24'], files: ['x.10.0.1.0'], chosen: undefined},
];

for (const {title, addresses, files, chosen} of cases) {
  test(`best match: ${title}`, t => {
    const templates = files.map(file => ({file: `/etc/romana/bird/${file.replace('x', 'publisher.conf')}`, text: ''}));
    const {file} = chooseTemplate('publisher.conf', templates, addresses.map(parseInterfaceAddress));
    t.is(file?.file, chosen === undefined ? undefined : `/etc/romana/bird/${chosen.replace('x', 'publisher.conf')}`);
  });
}

test('the candidates are listed best first, each once', t => {
  const {candidates} = chooseTemplate('bird.conf', [], ['10.0.0.5/24', '2001:db8::/128'].map(parseInterfaceAddress));
  t.deepEqual(candidates, ['bird.conf.10.0.0.5', 'bird.conf.2001:db8::', 'bird.conf.10.0.0.0', 'bird.conf']);
});

test('bird.conf files are no candidates for publisher.conf', t => {
  t.is(chooseTemplate('publisher.conf', [{file: '/t/bird.conf', text: ''}], [parseInterfaceAddress('10.0.0.5/24')]).file, undefined);
});

function explained(addresses: readonly string[], names: readonly string[]): Array<readonly [string, boolean, string]> {
  const templates = names.map(name => ({file: `/t/${name}`, text: ''}));
  const {files} = explainChoice('publisher.conf', templates, addresses.map(parseInterfaceAddress));
  return files.map(({file, isChosen, reason}) => [path.basename(file), isChosen, reason]);
}

test('each file is taken or left for a reason, those that this host looks for first', t => {
  const names = [
    'bird.conf',
    'publisher.conf',
    'publisher.conf.192.168.20.0',
    'publisher.conf.192.168.20.30',
    'publisher.conf.192.168.20.31',
    'publisher.conf.192.168.35.0',
    'publisher.conf.192.168.35.7',
    'publisher.conf.192.168.35.64',
    'publisher.conf.2001:db8::',
  ];
  t.deepEqual(explained(['192.168.20.30/24'], names), [
    ['publisher.conf.192.168.20.30', true, 'for this host, 192.168.20.30'],
    ['publisher.conf.192.168.20.0', false, "for this host's subnet 192.168.20.0/24; publisher.conf.192.168.20.30 goes before it"],
    ['publisher.conf', false, 'general; publisher.conf.192.168.20.30 goes before it'],
    ['publisher.conf.192.168.20.31', false, 'for host 192.168.20.31'],
    ['publisher.conf.192.168.35.0', false, 'for subnet 192.168.35.0, this host is in 192.168.20.0/24'],
    ['publisher.conf.192.168.35.64', false, 'for host or subnet 192.168.35.64, this host is in 192.168.20.0/24'],
    ['publisher.conf.192.168.35.7', false, 'for host 192.168.35.7, this host is in 192.168.20.0/24'],
    ['publisher.conf.2001:db8::', false, 'for subnet 2001:db8::, this host has no IPv6 address'],
  ]);
});

test('names that no host looks for are named as such', t => {
  const names = ['publisher.conf.bak', 'publisher.conf~', 'publisher.conf.192.168.20', 'publisher.conf.192.168.20.0-24', 'publisher.conf.'];
  const nobody = 'not a name that any host looks for';
  t.deepEqual(explained(['192.168.20.30/24'], names), [
    ['publisher.conf.', false, `${nobody}: "" is no address`],
    ['publisher.conf.192.168.20', false, `${nobody}: "192.168.20" is no address`],
    ['publisher.conf.192.168.20.0-24', false, `${nobody}: "192.168.20.0-24" is no address`],
    ['publisher.conf.bak', false, `${nobody}: "bak" is no address`],
    ['publisher.conf~', false, `${nobody}: expected publisher.conf, or publisher.conf. and an address`],
  ]);
});

test('an IPv6 name that is not canonical is given in the form that is looked for', t => {
  t.deepEqual(explained(['2001:db8::30/64'], ['publisher.conf', 'publisher.conf.2001:DB8:0::30']), [
    ['publisher.conf', true, 'general: no file is for this host or its subnet'],
    ['publisher.conf.2001:DB8:0::30', false, 'not a name that any host looks for: write publisher.conf.2001:db8::30'],
  ]);
});

const subnets: ReadonlyArray<readonly [address: string, file: string, reason: string]> = [
  ['10.9.77.5/20', '10.9.64.0', "for this host's subnet 10.9.64.0/20"],
  ['10.9.77.5/20', '10.9.77.0', "for host 10.9.77.0; that of this host's subnet 10.9.64.0/20 is publisher.conf.10.9.64.0"],
  ['10.9.77.70/26', '10.9.77.64', "for this host's subnet 10.9.77.64/26"],
  ['10.9.77.70/26', '10.9.77.0', 'for subnet 10.9.77.0, this host is in 10.9.77.64/26'],
  ['10.9.77.5/31', '10.9.77.4', "for this host's subnet 10.9.77.4/31"],
  ['10.9.77.4/31', '10.9.77.5', 'for host 10.9.77.5'],
  ['2001:db8:0:7f::30/64', '2001:db8:0:7f::', "for this host's subnet 2001:db8:0:7f::/64"],
  ['2001:db8:0:7f::30/56', '2001:db8::', "for this host's subnet 2001:db8::/56"],
  [
    '2001:db8:0:7f::30/56',
    '2001:db8:0:7f::',
    "for host 2001:db8:0:7f::; that of this host's subnet 2001:db8::/56 is publisher.conf.2001:db8::",
  ],
];

for (const [address, file, reason] of subnets) {
  test(`a host ${address} and publisher.conf.${file}`, t => {
    t.deepEqual(explained([address], [`publisher.conf.${file}`]), [[`publisher.conf.${file}`, !/^for (host|subnet)/.test(reason), reason]]);
  });
}

test('both families: IPv4 goes before IPv6 at each step', t => {
  const names = ['publisher.conf.10.9.64.0', 'publisher.conf.2001:db8::', 'publisher.conf.2001:db8::30'];
  t.deepEqual(explained(['2001:db8::30/64', '10.9.77.5/20'], names), [
    ['publisher.conf.2001:db8::30', true, 'for this host, 2001:db8::30'],
    ['publisher.conf.10.9.64.0', false, "for this host's subnet 10.9.64.0/20; publisher.conf.2001:db8::30 goes before it"],
    ['publisher.conf.2001:db8::', false, "for this host's subnet 2001:db8::/64; publisher.conf.2001:db8::30 goes before it"],
  ]);
});

test('what is no file is chosen like one, and told with its problem', t => {
  const addresses = ['192.168.20.30/24'].map(parseInterfaceAddress);
  const files = [
    {file: '/t/publisher.conf', text: 'x'},
    {file: '/t/publisher.conf.192.168.20.0', text: '', problem: 'is a folder, not a file'},
    {file: '/t/publisher.conf.192.168.20.31', text: '', problem: 'is a pipe, not a file'},
  ];
  t.is(chooseTemplate('publisher.conf', files, addresses).file?.problem, 'is a folder, not a file');
  t.deepEqual(
    explainChoice('publisher.conf', files, addresses).files.map(({file, isChosen, reason}) => [path.basename(file), isChosen, reason]),
    [
      ['publisher.conf.192.168.20.0', true, "for this host's subnet 192.168.20.0/24; is a folder, not a file"],
      ['publisher.conf', false, 'general; publisher.conf.192.168.20.0 goes before it'],
      ['publisher.conf.192.168.20.31', false, 'for host 192.168.20.31; is a pipe, not a file'],
    ],
  );
  const own = {file: '/t/publisher.conf.192.168.20.30', text: 'y'};
  t.is(chooseTemplate('publisher.conf', [...files, own], addresses).file, own);
});
