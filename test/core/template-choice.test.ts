import test from 'ava';
import {parseInterfaceAddress} from '../../src/core/prefix.ts';
import {chooseTemplate} from '../../src/core/template-choice.ts';

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
