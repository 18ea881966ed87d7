import test from 'ava';
import {addressCommand} from '../../src/cli/address.ts';
import {blackoutCommand} from '../../src/cli/blackout.ts';
import {blockCommand} from '../../src/cli/block.ts';
import {explainCommand} from '../../src/cli/explain.ts';
import {hostCommand} from '../../src/cli/host.ts';
import {networkCommand} from '../../src/cli/network.ts';
import {pathOf} from '../../src/cli/path.ts';
import {segmentCommand} from '../../src/cli/segment.ts';
import {tenantCommand} from '../../src/cli/tenant.ts';
import {topologyCommand} from '../../src/cli/topology.ts';
import {vipCommand} from '../../src/cli/vip.ts';
import {noChanges} from '../helpers/topology-changes.ts';
import {runNoun} from './in-process.ts';
import {small} from './sample.ts';

const odd = 'a b/c?d#e%f&g=h+i';
const encoded = 'a%20b%2Fc%3Fd%23e%25f%26g%3Dh%2Bi';

test('what changes something says so, each thing by itself, in the form of old and new words', async t => {
  const answers = {
    'POST /blackouts': '',
    'DELETE /blackouts?cidr=10.1.0.0%2F29': '',
    'POST /tenants': {name: 'x'},
    'DELETE /tenants/shop': '',
    'POST /tenants/shop/segments': {name: 'x'},
    'DELETE /tenants/shop/segments/web': '',
    [`DELETE /tenants/${encoded}/segments/${encoded}`]: '',
    'PUT /vips/new': '',
    'GET /vips/db': {name: 'db', ip: '192.168.20.100', hosts: ['host-1', 'host-2'], holder: ''},
    'PUT /vips/db': '',
    'DELETE /vips/db': '',
    'DELETE /vips/prod%2Fweb': '',
  };
  const cases = [
    [
      blackoutCommand,
      ['add', '10.1.0.0/29', 'fd00::/64'],
      'Blackout (10.1.0.0/29) added successfully.\nBlackout (fd00::/64) added successfully.\n',
    ],
    [blackoutCommand, ['remove', '10.1.0.0/29'], 'Blackout (10.1.0.0/29) removed successfully.\n'],
    [tenantCommand, ['create', 'shop', 'bank'], 'Tenant (shop) created successfully.\nTenant (bank) created successfully.\n'],
    [tenantCommand, ['add', 'shop'], 'Tenant (shop) created successfully.\n'],
    [tenantCommand, ['delete', 'shop'], 'Tenant (shop) deleted successfully.\n'],
    [tenantCommand, ['remove', 'shop'], 'Tenant (shop) deleted successfully.\n'],
    [segmentCommand, ['add', 'shop', 'web'], 'Segment (web) of tenant (shop) added successfully.\n'],
    [segmentCommand, ['create', 'shop', 'web'], 'Segment (web) of tenant (shop) added successfully.\n'],
    [segmentCommand, ['remove', 'shop', 'web'], 'Segment (web) of tenant (shop) removed successfully.\n'],
    [vipCommand, ['add', 'new', '192.168.20.101'], 'VIP (new) added successfully.\n'],
    [
      vipCommand,
      ['add', 'db', 'fd00::1', '--host', 'host-1', '--host', 'host-3'],
      'VIP (db) replaced successfully (before: 192.168.20.100, hosts: host-1, host-2).\n',
    ],
    [vipCommand, ['remove', 'db', 'prod/web'], 'VIP (db) removed successfully.\nVIP (prod/web) removed successfully.\n'],
    [segmentCommand, ['delete', odd, odd], `Segment (${odd}) of tenant (${odd}) removed successfully.\n`],
  ] as const;
  const requests = [];
  for (const [noun, args, stdout] of cases) {
    const outcome = await runNoun(noun, args, {answers});
    t.like(outcome, {stdout, stderr: '', error: undefined}, args.join(' '));
    requests.push(...outcome.requests);
  }
  t.deepEqual(requests, [
    'POST /blackouts {"cidr":"10.1.0.0/29"}',
    'POST /blackouts {"cidr":"fd00::/64"}',
    'DELETE /blackouts?cidr=10.1.0.0%2F29',
    'POST /tenants {"name":"shop"}',
    'POST /tenants {"name":"bank"}',
    'POST /tenants {"name":"shop"}',
    'DELETE /tenants/shop',
    'DELETE /tenants/shop',
    'POST /tenants/shop/segments {"name":"web"}',
    'POST /tenants/shop/segments {"name":"web"}',
    'DELETE /tenants/shop/segments/web',
    'GET /vips/new',
    'PUT /vips/new {"ip":"192.168.20.101","hosts":[]}',
    'GET /vips/db',
    'PUT /vips/db {"ip":"fd00::1","hosts":["host-1","host-3"]}',
    'DELETE /vips/db',
    'DELETE /vips/prod%2Fweb',
    `DELETE /tenants/${encoded}/segments/${encoded}`,
  ]);
});

test('with -f json the answers are printed: lists and things as the daemon has them', async t => {
  const cases = [
    [networkCommand, ['list'], 'GET /networks'],
    [networkCommand, ['show', 'net6'], 'GET /networks/net6'],
    [hostCommand, ['list'], 'GET /hosts'],
    [hostCommand, ['show', 'host-1'], 'GET /hosts/host-1'],
    [blockCommand, ['list'], 'GET /blocks'],
    [blockCommand, ['list', '--tenant', 'shop', '--segment', 'seg-1'], 'GET /blocks?tenant=shop&segment=seg-1'],
    [addressCommand, ['list'], 'GET /addresses'],
    [addressCommand, ['show', 'web-1'], 'GET /addresses/web-1'],
    [topologyCommand, ['list'], 'GET /topology'],
    [topologyCommand, ['show'], 'GET /topology'],
    [blackoutCommand, ['list'], 'GET /blackouts'],
    [tenantCommand, ['list'], 'GET /tenants'],
    [segmentCommand, ['list', 'shop'], 'GET /tenants/shop/segments'],
    [vipCommand, ['list'], 'GET /vips'],
    [vipCommand, ['show', 'db'], 'GET /vips/db'],
    [explainCommand, ['10.1.0.9'], 'GET /explain/10.1.0.9'],
  ] as const;
  for (const [noun, args, request] of cases) {
    const {stdout, error, requests} = await runNoun(noun, args, {answers: small, format: 'json'});
    t.is(error, undefined, args.join(' '));
    t.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(small[request])), request);
    t.deepEqual(requests, [request]);
  }
});

test('with -f json one thing of a list is printed as it stands in the list', async t => {
  const json = async (noun: typeof blockCommand, ...args: string[]) =>
    JSON.parse((await runNoun(noun, args, {answers: small, format: 'json'})).stdout);
  const blocks = await json(blockCommand, 'list');
  t.deepEqual(await json(blockCommand, 'show', '10.1.0.12/29'), blocks.blocks[0]);
  t.deepEqual(await json(segmentCommand, 'show', 'shop', 'seg-1'), {name: 'seg-1'});
  t.deepEqual(await json(tenantCommand, 'show', 'shop'), {name: 'shop', segments: [{name: 'seg-0'}, {name: 'seg-1'}]});
  const addresses = await json(addressCommand, 'list');
  const ofShop = await json(addressCommand, 'list', '--tenant', 'shop', '--network', 'net1');
  t.is(ofShop.length, 2);
  t.deepEqual(
    ofShop,
    addresses.filter((address: {tenant: string; network: string}) => address.tenant === 'shop' && address.network === 'net1'),
  );
});

test('with -f json a change prints what the daemon answers, and never nothing', async t => {
  const answers = {
    'POST /tenants': {name: 'shop'},
    'DELETE /tenants/shop': '',
    'DELETE /address?addressName=a': null,
    'PUT /vips/db': null,
    'DELETE /vips/db': null,
  };
  const json = async (noun: typeof blockCommand, ...args: string[]) =>
    JSON.parse((await runNoun(noun, args, {answers, format: 'json'})).stdout);
  t.deepEqual(await json(tenantCommand, 'create', 'shop'), {name: 'shop'});
  t.deepEqual(await json(tenantCommand, 'delete', 'shop'), {status_code: 200, details: '200 OK', see_also: ''});
  t.deepEqual(await json(addressCommand, 'release', 'a'), {status_code: 200, details: '200 OK', see_also: ''});
  t.deepEqual(await json(vipCommand, 'add', 'db', '192.168.20.100'), {status_code: 200, details: '200 OK', see_also: ''});
  t.deepEqual(await json(vipCommand, 'remove', 'db'), {status_code: 200, details: '200 OK', see_also: ''});
});

test('of several names each is tried, what failed is told, and the whole fails', async t => {
  const cases = [
    [hostCommand, ['show', 'x', 'host-1', 'y'], /^Host host-1$/m],
    [networkCommand, ['show', 'x', 'net1', 'y'], /^Network net1$/m],
    [blockCommand, ['show', '10.9.0.0/29', '10.1.0.8/29', 'y'], /^Block 10\.1\.0\.8\/29$/m],
    [addressCommand, ['show', 'x', 'web-1', 'y'], /^Address 10\.1\.0\.8$/m],
    [tenantCommand, ['show', 'x', 'shop', 'y'], /^Tenant shop$/m],
    [segmentCommand, ['show', 'shop', 'x', 'seg-1', 'y'], /^Segment seg-1$/m],
    [vipCommand, ['show', 'x', 'web', 'y'], /^VIP web$/m],
    [explainCommand, ['10.9.0.1', '10.1.0.9', 'y'], /^10\.1\.0\.9 is the address/m],
  ] as const;
  for (const [noun, args, shown] of cases) {
    const {stdout, stderr, error} = await runNoun(noun, args, {answers: small});
    t.regex(stdout, shown);
    t.is(error, '2 of 3 failed', args.join(' '));
    t.is(stderr.match(/^romana: .+\n/gm)?.length, 2, stderr);
  }
});

test('a filter asks the daemon for blocks, and passes on even an empty name', async t => {
  const {requests} = await runNoun(blockCommand, ['list', '--host', odd, '--network', 'net1', '--tenant', ''], {answers: {}});
  t.is(requests.length, 1);
  const {pathname, searchParams} = new URL(`http://daemon${requests[0]?.slice(4)}`);
  t.is(pathname, '/blocks');
  t.deepEqual(
    [...searchParams],
    [
      ['host', odd],
      ['network', 'net1'],
      ['tenant', ''],
    ],
  );
});

test('names are encoded, and one that a URL takes for a step is refused before anything is asked', async t => {
  t.is(pathOf('tenants', odd, 'segments', 'ä'), `/tenants/${encoded}/segments/%C3%A4`);
  for (const name of ['', '.', '..']) {
    const {error, requests} = await runNoun(segmentCommand, ['remove', 'shop', name], {answers: small});
    t.is(error, `cannot ask the daemon for the name ${JSON.stringify(name)}: no URL can hold it`);
    t.deepEqual(requests, []);
  }
  t.is(new URL(`http://daemon${pathOf('addresses', 'a/../b')}`).pathname, '/addresses/a%2F..%2Fb');
});

test('hosts are removed by name or IP, several at once', async t => {
  const answers = {...small, 'DELETE /hosts/host-1': '', 'DELETE /hosts/host-2': ''};
  const {stdout, requests} = await runNoun(hostCommand, ['remove', 'host-1', '192.168.20.2'], {answers});
  t.is(stdout, 'Host (host-1) removed successfully.\nHost (host-2) removed successfully.\n');
  t.deepEqual(requests, ['GET /hosts', 'DELETE /hosts/host-1', 'DELETE /hosts/host-2']);
});

test('several hosts are drained one after the other', async t => {
  const answers = {'PATCH /hosts/a': '', 'PATCH /hosts/c': ''};
  const {stdout, stderr, error} = await runNoun(hostCommand, ['drain', '--no-wait', 'a', 'b', 'c'], {answers});
  t.is(stdout, 'Host (a) drained successfully.\nHost (c) drained successfully.\n');
  t.is(stderr, 'romana: PATCH /hosts/b: there is no such thing (404)\n');
  t.is(error, '1 of 3 failed');
});

test('a topology that does not fit is told with what is wrong, and fails', async t => {
  const body = {
    fits: false,
    problems: ['Address 10.1.0.1 (a) does not fit.', 'No suitable groups.\nFor host h.'],
    changes: {...noChanges, hosts_added: ['h7'], hosts_moved: ['h1', 'h2']},
  };
  const answers = {'POST /topology?dry_run=true': body};
  const {stdout, error} = await runNoun(topologyCommand, ['update', '--dry-run'], {answers});
  t.is(
    stdout,
    `The topology does not fit:
  Address 10.1.0.1 (a) does not fit.
  No suitable groups.
  For host h.
Hosts added: h7
Hosts moved: h1, h2
`,
  );
  t.is(error, 'the topology in standard input does not fit');
  const json = await runNoun(topologyCommand, ['update', '--dry-run', 'topology.json'], {answers, format: 'json'});
  t.deepEqual(JSON.parse(json.stdout), body);
  t.is(json.error, 'the topology in topology.json does not fit');
});

test('all that a topology would change is told, a network, a group and a kind of hosts a line', async t => {
  const group = (path: string, cidr: string, more: object = {}) => ({
    network: 'front',
    path,
    cidr,
    name: '',
    assignment: {},
    routing: '',
    ...more,
  });
  const place = (path: string, cidr: string) => ({network: 'front', path, cidr});
  const changes = {
    networks_added: [
      {name: 'net3', cidr: '10.3.0.0/16', block_mask: 29, tenants: ['*']},
      {name: 'net6', cidr: '2001:db8::/48', block_mask: 122, tenants: ['shop', 'bank']},
    ],
    networks_removed: [{name: 'front', cidr: '10.9.0.0/16', block_mask: 28, tenants: ['*']}],
    networks_renamed: [{cidr: '10.1.0.0/16', from: 'net1', to: 'front'}],
    networks_changed: [
      {name: 'front', cidr: '10.1.0.0/16', from: {block_mask: 29, tenants: ['*']}, to: {block_mask: 26, tenants: ['web', 'db']}},
      {name: 'net2', cidr: '10.2.0.0/16', from: {cidr: '10.2.0.0/17'}, to: {cidr: '10.2.0.0/16'}},
    ],
    networks_reordered: ['net3', 'front', 'net2', 'net6'],
    groups_added: [
      group('zone-A/r4', '10.1.48.0/20', {assignment: {rack: 'r4', disk: 'ssd'}, routing: 'bgp'}),
      {...group('10.3.0.0/16', '10.3.0.0/16'), network: 'net3'},
    ],
    groups_removed: [group('10.1.128.0/17', '10.1.128.0/17'), group('x', '10.9.0.0/16')],
    groups_renamed: [
      {...place('zone-A/rack-1', '10.1.0.0/20'), from: 'r1', to: 'rack-1'},
      {...place('zone-A/rack-2', '10.1.16.0/20'), from: '', to: 'rack-2'},
      {...place('zone-A/10.1.32.0/20', '10.1.32.0/20'), from: 'r3', to: ''},
    ],
    groups_changed: [
      {...place('zone-A/rack-1', '10.1.0.0/20'), from: {assignment: {rack: 'r1'}, routing: 'bgp'}, to: {assignment: {}, routing: ''}},
      {...place('zone-B', '10.1.64.0/18'), from: {cidr: '10.1.128.0/17'}, to: {cidr: '10.1.64.0/18'}},
    ],
    hosts_added: ['h7'],
    hosts_moved: Array.from({length: 30}, (_, index) => `host-${index}`),
    hosts_unlisted: ['h1', 'h2'],
  };
  const answers = {'POST /topology?dry_run=true': {fits: true, problems: [], changes}};
  const {stdout, error} = await runNoun(topologyCommand, ['update', '--dry-run'], {answers});
  t.is(error, undefined);
  t.is(
    stdout,
    `The topology fits. Nothing has been changed.
Networks renamed:
  net1 → front (10.1.0.0/16)
Networks changed:
  front (10.1.0.0/16): blocks /29 → /26; tenants any → web, db
  net2: CIDR 10.2.0.0/17 → 10.2.0.0/16
Networks added:
  net3 (10.3.0.0/16): blocks of /29; any tenant; 1 group
  net6 (2001:db8::/48): blocks of /122; tenants shop, bank; no groups, so no addresses
Networks removed:
  front (10.9.0.0/16): blocks of /28; any tenant
Networks in another order: net3, front, net2, net6
Groups renamed:
  zone-A/r1 → zone-A/rack-1 (10.1.0.0/20), network front
  zone-A/10.1.16.0/20 → zone-A/rack-2, network front
  zone-A/r3 → zone-A/10.1.32.0/20, network front
Groups changed:
  zone-A/rack-1 (10.1.0.0/20), network front: labels rack=r1 → none; routing bgp → none
  zone-B, network front: CIDR 10.1.128.0/17 → 10.1.64.0/18
Groups added:
  zone-A/r4 (10.1.48.0/20), network front: labels rack=r4, disk=ssd; routing bgp
Groups removed:
  10.1.128.0/17, network front
Hosts added: h7
Hosts moved: host-0, host-1, host-2, host-3, host-4, host-5, host-6, host-7, host-8, host-9,
  host-10, host-11, host-12, host-13, host-14, host-15, host-16, host-17, host-18, host-19, host-20,
  host-21, host-22, host-23, host-24, host-25, host-26, host-27, host-28, host-29
Hosts not listed any more, which stay until they are removed: h1, h2
`,
  );
});

test('an answer that is none of a daemon is named', async t => {
  t.is(
    (await runNoun(addressCommand, ['list'], {answers: {'GET /addresses': '<html></html>'}})).error,
    "cannot read the daemon's list of addresses: Invalid input: expected array, received string; is it a daemon of this version?",
  );
  t.is(
    (await runNoun(blackoutCommand, ['list'], {answers: {'GET /blackouts': [{cidr: '10.1.0.0/29', network: 'net1'}, {cidr: 1}]}})).error,
    "cannot read the daemon's list of blackouts: 1.cidr: Invalid input: expected string, received number; is it a daemon of this version?",
  );
});

test('an empty system is shown as empty tables', async t => {
  const answers = {
    'GET /hosts': {revision: 0, hosts: []},
    'GET /networks': [],
    'GET /blocks': {revision: 0, blocks: []},
    'GET /addresses': [],
    'GET /blackouts': [],
    'GET /topology': {networks: [], topologies: []},
    'GET /tenants': [],
    'GET /vips': [],
  };
  const nouns = [hostCommand, networkCommand, blockCommand, addressCommand, blackoutCommand, topologyCommand, tenantCommand, vipCommand];
  for (const noun of nouns) {
    const {stdout, error} = await runNoun(noun, ['list'], {answers});
    t.is(error, undefined);
    t.is(stdout.trimEnd().split('\n').length, 2, stdout);
  }
});
