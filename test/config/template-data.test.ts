import test from 'ava';
import {templateSource} from '../../src/agent/template-source.ts';
import {parseTemplateData} from '../../src/config/template-data.ts';
import {InputError} from '../../src/core/errors.ts';
import {templateData, templateVariables} from '../../src/core/publish.ts';
import {nodeState} from '../helpers/node-state.ts';

const parse = (document: unknown) => parseTemplateData(JSON.stringify(document), '/t/data.json');

test('all but the host may be left out', t => {
  const source = parse({host: {name: 'host-1', address: '192.168.20.30/24'}});
  t.like(source, {networks: [], groups: {}, vips: [], vars: {}, tags: {}, localAs: 65534});
  t.like(templateVariables(source), {Hostname: 'host-1', NodeIP: '192.168.20.30', NodeNetwork: '192.168.20.0/24', NodePrefixLength: 24});
});

test('addresses and prefixes come out canonical, IPv4 first', t => {
  const source = parse({
    host: {name: 'host-1', address: ['2001:DB8:0::30/64', '192.168.20.30/24'], tags: {rack: 'rack-1'}},
    localAS: 65010,
    networks: ['10.1.0.13/29', '2001:DB8:1:0::/122'],
    groups: {net1: {cidr: '10.1.5.0/18', name: 'rack-1', path: 'zone-A/rack-1', hosts: ['host-1']}},
    vips: ['192.168.99.101', '2001:DB8::99/128'],
    vars: {neighbor: '192.168.20.1', deep: {list: [1]}},
  });
  const data = templateVariables(source);
  t.deepEqual(
    source.self.addresses.map(({address}) => address as string),
    ['192.168.20.30', '2001:db8::30'],
  );
  t.deepEqual(data.Networks as readonly string[], ['10.1.0.8/29', '2001:db8:1::/122']);
  t.deepEqual(data.Vips as readonly string[], ['192.168.99.101/32', '2001:db8::99/128']);
  t.like(data.HostGroups, {net1: {CIDR: '10.1.0.0/18', Name: 'rack-1', Path: 'zone-A/rack-1', Hosts: ['host-1']}});
  t.like(data, {LocalAS: 65010, Tags: {rack: 'rack-1'}, Vars: {neighbor: '192.168.20.1', deep: {list: [1]}}});
});

test('without blocks there is one for each network', t => {
  const {Blocks} = templateVariables(parse({host: {name: 'h', address: '10.0.0.1/24'}, networks: ['10.1.0.8/29', '10.1.0.0/29']}));
  t.deepEqual(
    Blocks.map(({CIDR}) => CIDR as string),
    ['10.1.0.0/29', '10.1.0.8/29'],
  );
});

test('every problem is listed, with path, value and what was expected', t => {
  const document = {
    host: {name: 'h', address: ['10.0.0.1/24', '10.0.0.2/24'], ip: 'x'},
    networks: ['10.1.0.0/29', '10.1.0.8'],
    groups: {net1: {cidr: '10.1.0.0/40'}},
    vips: ['10.9.0.0/24'],
    localAS: 'x',
    network: [],
  };
  const error = t.throws(() => parse(document), {instanceOf: InputError, code: 'ERR_CONFIG'});
  t.deepEqual(error.message.split('\n  '), [
    'cannot use the data in /t/data.json:',
    'host.address: got ["10.0.0.1/24","10.0.0.2/24"]: expected address/length, such as 192.168.20.30/24, or a list of one IPv4 and one IPv6',
    'host.ip: unknown key',
    'localAS: got "x": expected number',
    'networks.1: got "10.1.0.8": expected address/length, such as 10.1.0.0/29',
    'groups.net1.cidr: got "10.1.0.0/40": expected address/length, such as 10.1.0.0/29',
    'vips.0: got "10.9.0.0/24": expected an address, such as 192.168.99.101',
    'network: unknown key',
  ]);
  t.throws(() => parse({}), {message: /\n {2}host: got nothing: expected object$/});
  t.throws(() => parse([]), {message: /\n {2}the whole: got \[\]: expected object$/});
});

test('what is no JSON is said to be none', t => {
  t.throws(() => parseTemplateData('{"host": ', 'standard input'), {
    message: /^cannot read the data in standard input: /,
    code: 'ERR_CONFIG',
  });
});

test("the agent's document gives back the variables that the agent itself renders with", t => {
  const node = nodeState({
    addresses: ['192.168.20.30/24', '2001:db8::30/64'],
    blocks: ['10.1.0.8/29', '2001:db8:1::/122'],
    publish: {localAs: 65010, vars: {neighbor: '192.168.20.1', holdTime: 9}},
  });
  const source = parseTemplateData(JSON.stringify(templateSource(node)), 'the agent');
  t.deepEqual(templateVariables(source), templateData(node));
});
