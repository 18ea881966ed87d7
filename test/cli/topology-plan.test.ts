import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {createClient} from '../../src/cli/client.ts';
import {topologyCommand} from '../../src/cli/topology.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {addHost, startSystem} from '../helpers/ipam.ts';
import {type NounOptions, runNoun} from './in-process.ts';
import {romana} from './romana.ts';

const plan = (document: unknown, flags: string, options: Partial<NounOptions> = {}) => {
  const input = typeof document === 'string' ? document : JSON.stringify(document);
  return runNoun(topologyCommand, ['plan', ...flags.split(' ').filter(Boolean)], {answers: {}, input, ...options});
};

test('the example of README.md is what it prints', async t => {
  const [section = ''] = /^## What a topology would cost\n[\s\S]*?(?=^## )/m.exec(readFileSync('README.md', 'utf8')) ?? [];
  const [json = '', output = ''] = [...section.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, text]) => text);
  const [command = '', ...lines] = output.split('\n');
  const flags = command.replace('$ romana topology plan ', '');
  t.not(flags, command);
  const {stdout, error, requests} = await plan(json, flags, {isUnicode: true});
  t.is(error, undefined);
  t.is(stdout, lines.join('\n'));
  t.deepEqual(requests, []);
});

const racks = (count: number, more: object = {}) =>
  Array.from({length: count}, (_, index) => ({name: `rack-${index + 1}`, assignment: {rack: `rack-${index + 1}`}, ...more}));
const twoFamilies = {
  networks: [
    {name: 'pods', cidr: '10.0.0.0/8', tenants: ['shop', 'bank']},
    {name: 'pods6', cidr: '2001:db8:1234::/48'},
    {name: 'spare', cidr: '192.168.0.0/16'},
  ],
  topologies: [
    {
      networks: ['pods', 'pods6'],
      map: ['a', 'b', 'c'].map(zone => ({assignment: {zone: `a-zone-with-a-long-name-${zone}`}, groups: racks(3)})),
    },
  ],
};
const many = {
  networks: [{name: 'pods', cidr: '10.0.0.0/12', block_mask: 28}],
  topologies: [
    {
      networks: ['pods'],
      map: Array.from({length: 12}, (_, zone) => ({assignment: {zone: `zone-${zone}`}, groups: racks(zone === 5 ? 60 : 20)})),
    },
  ],
};
const tooSmall = {networks: [{name: 'net', cidr: '10.0.0.0/24'}], topologies: [{networks: ['net'], map: racks(3)}]};

// UPDATE_GOLDENS=1 writes these files anew.
const goldens: ReadonlyArray<readonly [name: string, document: unknown, flags: string]> = [
  ['two-families', twoFamilies, '--hosts-per-group 40 --endpoints-per-host 60'],
  ['many-groups', many, '--hosts-per-group 100 --endpoints-per-host 110'],
  ['too-small', tooSmall, '--hosts-per-group 40 --endpoints-per-host 60'],
  ['no-flags', tooSmall, ''],
];
for (const [name, document, flags] of goldens) {
  test(`the plan of ${name} is what its golden holds, in 100 columns`, async t => {
    const {stdout, stderr, error} = await plan(document, flags);
    t.is(stderr, '');
    t.is(error === undefined, !stdout.includes('\nProblems\n'));
    t.deepEqual(
      stdout.split('\n').filter(line => line.length > 100),
      [],
    );
    const golden = path.join('test/golden/topology-plan', `${name}.txt`);
    if (process.env['UPDATE_GOLDENS'] === '1') {
      mkdirSync(path.dirname(golden), {recursive: true});
      writeFileSync(golden, stdout);
    }
    t.is(stdout, readFileSync(golden, 'utf8'));
  });
}

test('JSON has every group, and counts that a number cannot hold as digits', async t => {
  const {stdout} = await plan(twoFamilies, '--hosts-per-group 2 --endpoints-per-host 20', {format: 'json'});
  const body = JSON.parse(stdout);
  t.like(body, {fits: true, problems: [], plan: {live: false, hosts: 18, hosts_per_group: 2, endpoints_per_host: 20, owners_per_host: 3}});
  const [pods, pods6, spare] = body.networks;
  t.deepEqual([pods.groups.length, pods6.groups.length, spare.groups.length], [13, 13, 0]);
  t.like(pods, {name: 'pods', cidr: '10.0.0.0/8', block_mask: 29, tenants: ['shop', 'bank']});
  t.deepEqual(pods.groups[2], {
    name: 'rack-1',
    path: '10.0.0.0/10/rack-1',
    cidr: '10.0.0.0/12',
    depth: 2,
    level: 'rack',
    leaf: true,
    groups: 0,
    room: null,
    routes: 8,
    hosts: 2,
    hosts_when_full: 131_072 / 2,
    addresses_per_host_when_full: 2 ** 19,
    blocks_needed: 4,
    blocks: {capacity: 131_072, used: 4, free: 131_068, blacked_out: 0, padding: 0, reserved: 0},
    addresses: {capacity: 2 ** 20, used: 28, free: 2 ** 20 - 28, blacked_out: 0, padding: 0, reserved: 0},
  });
  t.deepEqual(pods6.groups[0].addresses, {
    capacity: String(2n ** 80n),
    used: 18 * 20,
    free: String(2n ** 80n - 360n),
    blacked_out: 0,
    padding: String(2n ** 80n - 9n * 2n ** 76n),
    reserved: 0,
  });
  t.is(pods6.groups[0].room, 1);
  t.deepEqual(body.routes.ipv4.topology, {
    host: {kernel: {blocks: 2, aggregate: {least: 1, most: 2}}, announced: {blocks: 2, aggregate: {least: 1, most: 2}, groups: 1}},
    tor: {blocks: 8, aggregate: {least: 6, most: 8}, groups: 5},
    spine: 5,
    core: 3,
    vpc: 9,
  });
  t.deepEqual(body.routes.ipv6.flat.tor, {blocks: 54, aggregate: {least: 54, most: 54}, groups: null});
});

test('a document that is not valid is a problem: status 1, in JSON, too', async t => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'small.json');
  await writeFile(file, JSON.stringify({...tooSmall, networks: [{name: 'net', cidr: '10.0.0.0/30', block_mask: 30}]}));
  const sentence = 'Group rack-1 (10.0.0.0/32) of network net is smaller than a block (/30)';
  const table = await romana(['topology', 'plan', file]);
  t.deepEqual(table, {status: 1, stdout: '', stderr: `romana: the topology of ${file} is not valid: ${sentence}\n`});
  const json = await romana(['topology', 'plan', '-f', 'json'], {input: '{"networks": [], "topologies": [], "x": 1, "y": 2}'});
  const problems = ['x', 'y'].map(name => `unknown field "${name}" in the topology document`);
  t.like(json, {status: 1, stderr: `romana: the topology of standard input is not valid: ${problems.join('\n')}\n`});
  t.deepEqual(JSON.parse(json.stdout), {fits: false, problems, warnings: [], plan: null, networks: [], routes: {}});
  const broken = await romana(['topology', 'plan', '-f', 'json'], {input: '{'});
  t.is(broken.status, 1);
  t.is(JSON.parse(broken.stdout).problems.length, 1);
});

test('status 0 with warnings, 1 for what does not fit, 2 for wrong usage; no daemon is asked', async t => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'topology.json');
  await writeFile(file, JSON.stringify(tooSmall));
  const cases: ReadonlyArray<readonly [status: number, args: readonly string[], stderr: RegExp]> = [
    [0, [file, '--hosts-per-group', '7'], /^$/],
    [
      1,
      [file, '--hosts-per-group', '9'],
      /^romana: the topology of \S+\/topology\.json does not fit: Group rack-1 \(10\.0\.0\.0\/26\) of network net has 8 blocks .* \(and 2 more problems\)\n$/,
    ],
    [1, [path.join(folder, 'missing')], /^romana: cannot read \S+missing: ENOENT/],
    [1, ['-'], /^romana: cannot read the topology in -: /],
    [1, [], /^romana: cannot read the topology in standard input: /],
    [1, [file, '--live'], /^romana: GET http:\/\/127\.0\.0\.1:1\/hosts: /],
    [2, [file, file], /^romana: too many arguments/],
    [
      2,
      [file, '--hosts-per-group', '-1'],
      /^romana: option '--hosts-per-group <n>' argument '-1' is invalid\. expected 0 to 1000000000\n$/,
    ],
    [2, [file, '--endpoints-per-host', '1e3'], /^romana: option '--endpoints-per-host <n>' argument '1e3' is invalid\./],
    [2, [file, '--owners-per-host', '0'], /^romana: option '--owners-per-host <n>' argument '0' is invalid\. expected 1 to 1000000000\n$/],
    [2, [file, '-f', 'yaml'], /^romana: unknown format "yaml"/],
    [2, [file, '--unknown'], /^romana: unknown option/],
  ];
  for (const [status, args, stderr] of cases) {
    const outcome = await romana(['-r', 'http://127.0.0.1:1', 'topology', 'plan', ...args]);
    t.regex(outcome.stderr, stderr, args.join(' '));
    t.is(outcome.status, status, args.join(' '));
  }
});

test('fewer owners than tenants are wrong usage', async t => {
  const {error} = await plan(twoFamilies, '--owners-per-host 2');
  t.is(error, '2 owners on a host are fewer than the tenants that the networks tell apart: shop, bank, all others');
});

test('--live shows what a real daemon has, in its topology and in another one, as its own dry run judges it', async t => {
  const map = (count: number) => [{name: 'dc', groups: racks(count)}];
  const topology = (count: number) => ({
    networks: [
      {name: 'net', cidr: '10.1.0.0/20'},
      {name: 'net6', cidr: 'fd00::/64', tenants: ['six']},
    ],
    topologies: [{networks: ['net', 'net6'], map: map(count)}],
  });
  const {daemon} = await startSystem(t, {topology: topology(3)});
  for (const [index, name] of ['h1', 'h2', 'h3'].entries()) {
    await addHost(daemon, name, `192.168.0.${index + 1}`, {tags: {rack: `rack-${index < 2 ? 1 : 3}`}});
  }
  for (let index = 0; index < 10; index++) await daemon.allocate(`a${index}`, 'h1');
  await daemon.allocate('b', 'h2');
  await daemon.allocate('c', 'h3', {tenant: 'six', family: 'ipv6'});
  t.is((await daemon.post('/blackouts', {cidr: '10.1.1.0/24'})).status, 200);
  t.is((await daemon.post('/tenants', {name: 'unused'})).status, 200);
  const answers = createClient(daemon.url, undefined);

  const running = JSON.parse((await plan('', '--live', {answers, format: 'json'})).stdout);
  t.like(running, {fits: true, plan: {live: true, hosts: 3, endpoints_per_host: null}});
  const [net, net6] = running.networks;
  const rows = (network: typeof net) =>
    network.groups.map(({name, hosts, blocks, addresses}: (typeof net.groups)[0]) => [
      name,
      hosts,
      blocks.used,
      addresses.used,
      blocks.blacked_out,
    ]);
  t.deepEqual(rows(net), [
    ['dc', 3, 3, 11, 32],
    ['rack-1', 2, 3, 11, 32],
    ['rack-2', 0, 0, 0, 0],
    ['rack-3', 1, 0, 0, 0],
  ]);
  t.deepEqual(rows(net6)[3], ['rack-3', 1, 1, 1, 0]);
  t.deepEqual(running.routes.ipv4.topology.host, {
    kernel: {blocks: 2, aggregate: {least: 1, most: 1}},
    announced: {blocks: 2, aggregate: {least: 1, most: 1}, groups: 1},
  });

  const filled = JSON.parse((await plan('', '--live --hosts-per-group 4 --endpoints-per-host 10', {answers, format: 'json'})).stdout);
  t.deepEqual(rows(filled.networks[0])[0].slice(0, 2), ['dc', 12]);

  for (const count of [4, 5, 9]) {
    const {stdout, error} = await plan(topology(count), '--live -', {answers, format: 'json'});
    const judged = await daemon.post('/topology?dry_run=true', topology(count));
    t.deepEqual(JSON.parse(stdout).problems, judged.body.problems, String(count));
    t.is(error === undefined, judged.body.fits);
  }
  await daemon.request('PUT', '/vips/web', {ip: '192.168.0.9'});
  const listing = {
    ...topology(3),
    topologies: [{networks: ['net', 'net6'], map: [{name: 'dc', hosts: [{name: 'h9', ip: '192.168.0.9'}]}]}],
  };
  const {problems} = JSON.parse((await plan(listing, '--live -', {answers, format: 'json'})).stdout);
  t.deepEqual(problems, (await daemon.post('/topology?dry_run=true', listing)).body.problems);
  t.true(problems.includes('IP 192.168.0.9 of host h9 is in use: it is that of VIP web.'), problems.join('\n'));
  const {stdout, error} = await plan(topology(9), '--live -', {answers});
  t.regex(error ?? '', /^the topology of - does not fit: Address fd00:\S+ \(c\) of host h3 would not fit/);
  t.regex(stdout, /^Running: 3 hosts\n/);
});

test('--live foresees what hosts with own prefixes leave to the others, as a real daemon then gives it', async t => {
  const groups = racks(2);
  const topology = {networks: [{name: 'net', cidr: '10.5.0.0/24'}], topologies: [{networks: ['net'], map: [{name: 'all'}]}]};
  const {daemon} = await startSystem(t, {topology});
  await addHost(daemon, 'f', '192.168.0.1', {cidr: '10.5.0.0/25', tags: {rack: 'rack-1'}});
  for (const [index, name] of ['g', 'h', 'i'].entries()) {
    await addHost(daemon, name, `192.168.0.${index + 2}`, {tags: {rack: 'rack-2'}});
  }
  const answers = createClient(daemon.url, undefined);
  const foreseen = await plan(topology, '--live - --endpoints-per-host 64', {answers});
  const problem =
    'Network net (10.5.0.0/24) has 16 blocks of /29 beside the own prefix of host f, its 3 other hosts with 64 endpoints each need 24: 64 endpoints get no address.';
  t.is(foreseen.error, `the topology of - does not fit: ${problem}`);
  t.regex(foreseen.stdout, / 64 free \(64 of them only\s+for hosts with own prefixes\)/);
  t.regex(
    (await plan('', '--live --endpoints-per-host 129', {answers})).error ?? '',
    /^the topology of the daemon does not fit: Network net .* \(and 1 more problem\)$/,
  );
  const file = path.join(await temporaryFolder(t), 'topology.json');
  await writeFile(file, JSON.stringify(topology));
  const url = new URL(daemon.url);
  const asked = ['-r', url.origin, 'topology', 'plan', file, '--live', '--endpoints-per-host'];
  t.like(await romana([...asked, '64']), {status: 1, stderr: `romana: the topology of ${file} does not fit: ${problem}\n`});
  t.like(await romana([...asked, '40']), {status: 0, stderr: ''});

  const tagged = {...topology, topologies: [{networks: ['net'], map: groups}]};
  const two = await plan(tagged, '--live - --hosts-per-group 2', {answers});
  const refusal =
    'Network net has no place for 1 more host with rack=rack-1: the own prefix of host f takes up all of rack-1 (10.5.0.0/25).';
  t.is(two.error, `the topology of - does not fit: ${refusal}`);
  t.is((await plan(tagged, '--live - --hosts-per-group 1', {answers})).error, undefined);

  const given = new Map<string, number>();
  for (const name of ['f', 'g', 'h', 'i']) {
    const statuses = [];
    for (let index = 0; index < 64; index++)
      statuses.push((await daemon.post('/address', {name: `${name}${index}`, host: name, tenant: 't1'})).status);
    given.set(name, statuses.filter(status => status === 200).length);
    t.true(statuses.every(status => status === 200 || status === 507));
  }
  t.deepEqual([...given.values()], [64, 64, 64, 0]);
  t.is((await plan('', '--live', {answers})).error, undefined, 'nobody asks for more');
  t.is((await daemon.post('/topology', tagged)).status, 200);
  const late = await daemon.post('/hosts', {name: 'late', ip: '192.168.0.9', tags: {rack: 'rack-1'}});
  t.is(late.status, 409);
  t.regex(String(late.body.details), /^No suitable groups/);
});
