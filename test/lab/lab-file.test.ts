import {readFileSync} from 'node:fs';
import test from 'ava';
import {InputError} from '../../src/core/errors.ts';
import {familiesOf, parseLabFile} from '../../src/lab/lab-file.ts';

const twoRacks = readFileSync('lab/two-racks.yaml', 'utf8');

test('a short file is enough: everything else has a default', t => {
  const file = parseLabFile(
    `{name: tiny, networks: [{name: n, cidr: 10.0.0.5/16}], racks: [{name: r, segment: l2, protocol: bgp, hosts: 1}]}`,
    'tiny.yaml',
  );
  t.is(file.networks[0]?.cidr as string, '10.0.0.0/16');
  t.is(file.networks[0]?.blockMask, 29);
  t.deepEqual(file.spines, {count: 1, daemon: 'bird', as: 65_000});
  t.deepEqual(file.bfd, {intervalMs: 100, multiplier: 3});
  t.is(file.racks[0]?.tor.daemon, 'bird');
});

test('what was parsed parses again to the same, so that a running lab can be read back', t => {
  const file = parseLabFile(twoRacks, 'two-racks.yaml');
  t.deepEqual(parseLabFile(JSON.stringify(file), 'lab.json'), file);
});

test('a name handed in replaces the name in the file', t => {
  t.is(parseLabFile(twoRacks, 'two-racks.yaml', 'other').name, 'other');
});

test('IPv6 is in use when a network has it, IPv4 always', t => {
  t.deepEqual(familiesOf(parseLabFile(twoRacks, 'x')), ['ipv4']);
  t.deepEqual(familiesOf(parseLabFile(readFileSync('lab/every-kind.yaml', 'utf8'), 'x')), ['ipv4', 'ipv6']);
});

test('all problems are told at once, each with its place, value and what was expected', t => {
  const text = `{name: 'A.b', networks: [{name: n, cidr: nonsense}], colour: red, racks: [{name: r, segment: l4, protocol: bgp, hosts: 0}]}`;
  const error = t.throws(() => parseLabFile(text, 'bad.yaml'), {instanceOf: InputError});
  t.is(error.code, 'ERR_LAB_FILE');
  for (const part of [
    'bad.yaml',
    'name: expected',
    '"A.b"',
    'networks.0.cidr',
    'nonsense',
    'colour',
    'racks.0.segment',
    '"l4"',
    'racks.0.hosts',
  ]) {
    t.true(error.message.includes(part), `${part} in ${error.message}`);
  }
});

test('a file that is no YAML is refused with a sentence', t => {
  t.throws(() => parseLabFile('racks: [', 'broken.yaml'), {instanceOf: InputError, message: /^cannot read lab file broken\.yaml: /});
});

const cross = test.macro({
  exec(t, changes: object, problem: RegExp) {
    const merged = {
      name: 'x',
      networks: [{name: 'n', cidr: '10.0.0.0/16'}],
      racks: [{name: 'r', segment: 'l2', protocol: 'bgp', hosts: ['a']}],
    };
    t.throws(() => parseLabFile(JSON.stringify({...merged, ...changes}), 'x.yaml'), {instanceOf: InputError, message: problem});
  },
  title: (name = '') => `refused: ${name}`,
});

const racks = (...names: string[]) => names.map(name => ({name, segment: 'l2', protocol: 'bgp', hosts: ['a']}));
test('two hosts of one name', cross, {racks: racks('r', 's')}, /two nodes are named a/);
test('two racks of one name', cross, {racks: racks('r', 'r')}, /two racks are named r/);
test('a host named as a router', cross, {racks: [{...racks('r')[0], hosts: ['spine-1']}]}, /two nodes are named spine-1/);
test(
  'a node that could be an endpoint',
  cross,
  {racks: [{...racks('r')[0], hosts: ['ep-1']}]},
  /names that begin with "ep-" are for endpoints/,
);
test('a network in the fabric', cross, {networks: [{name: 'n', cidr: '192.168.7.0/24'}]}, /overlaps with fabric\.ipv4/);
test('blocks larger than a rack', cross, {networks: [{name: 'n', cidr: '10.0.0.0/30'}]}, /blocks of \/29 do not fit/);
test('a small fabric', cross, {fabric: {ipv4: '192.168.0.0/24'}}, /fabric\.ipv4: expected an IPv4 \/16/);
