import {cp, mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {execa} from 'execa';
import {temporaryFolder} from '../helpers/folder.ts';
import {noChanges} from '../helpers/topology-changes.ts';
import {romana, startFakeDaemon} from './romana.ts';

const hosts = {
  hosts: [
    {
      ip: '192.168.20.30',
      name: 'host-1',
      tags: {rack: 'rack-1'},
      groups: {net1: {name: 'rack-1', path: 'zone-A/rack-1', cidr: '10.1.0.0/18'}},
    },
    {ip: '192.168.20.31', name: 'host-with-a-name', tags: null, drained: true},
  ],
};
const block = {cidr: '10.1.0.0/29', host: 'host-1', revision: 7, tenant: 't1', segment: 's1', allocated_ip_count: 2};
const address = {
  name: 'a',
  ip: '10.1.0.1',
  block: '10.1.0.0/29',
  cidr: '10.1.0.0/29',
  host: 'host-1',
  tenant: 't1',
  segment: '',
  network: 'net1',
  allocated_at: '',
};
const topology = {
  networks: [{name: 'net1', cidr: '10.1.0.0/16', block_mask: 29, tenants: ['t1']}],
  topologies: [
    {
      networks: ['net1'],
      map: [
        {
          name: 'zone-A',
          cidr: '10.1.0.0/17',
          groups: [{name: 'rack-1', cidr: '10.1.0.0/18', groups: [{name: 'host-1', ip: '192.168.20.30'}]}],
        },
      ],
    },
  ],
};
const answers = {
  'GET /hosts': hosts,
  'GET /hosts/host-1': hosts.hosts[0],
  'POST /hosts': hosts.hosts[0],
  'PATCH /hosts/host-1': '',
  'DELETE /hosts/host-1': '',
  'GET /networks': [{id: 'net1', cidr: '10.1.0.0/16', revision: 3}],
  'GET /networks/net1': {id: 'net1', cidr: '10.1.0.0/16', revision: 3},
  'GET /blackouts': [{cidr: '10.1.64.0/24', network: 'net1'}],
  'GET /blocks?host=host-1': {revision: 7, blocks: []},
  'GET /blocks': {revision: 7, blocks: [block]},
  'GET /addresses': [address],
  'GET /addresses/a': [address],
  'POST /address': '10.1.0.1',
  'DELETE /address?addressName=a': '',
  'GET /topology': topology,
  'POST /topology': '',
  'POST /topology?dry_run=true': {fits: true, problems: [], changes: noChanges},
};

const tables: ReadonlyArray<readonly [args: string, output: string]> = [
  [
    'host list',
    `Host List
Host IP        Host Name         Tags         Groups         Blocks  Addresses  State
192.168.20.30  host-1            rack=rack-1  zone-A/rack-1  1       2          in use
192.168.20.31  host-with-a-name  -            -              0       0          drained
`,
  ],
  [
    'host show host-1',
    `Host host-1
  IP         192.168.20.30
  Tags       rack=rack-1
  Groups     net1:zone-A/rack-1 (10.1.0.0/18)
  State      in use
  Blocks     1
  Addresses  #####...............  25 %  2 used, 6 free in its blocks
`,
  ],
  [
    'network list',
    `Network List
Network Name  Network CIDR  Revision  Blocks used/free  Addresses used/free
net1          10.1.0.0/16   3         #....... 1/8,159  #....... 2/65,278
`,
  ],
  [
    'network show net1',
    `Network net1
  CIDR        10.1.0.0/16
  Tenants     t1
  Block size  /29
  Blocks      #...................  <1 %  1 used, 8,159 free, 32 blacked out
  Addresses   #...................  <1 %  2 used, 65,278 free, 256 blacked out
  Revision    3

Block CIDR   Block Host  Revision  Block Tenant  Block Segment  Block Allocated IP Count
10.1.0.0/29  host-1      7         t1            s1             2
`,
  ],
  ['block list --host host-1', 'Block List\nBlock CIDR  Block Host  Revision  Block Tenant  Block Segment  Block Allocated IP Count\n'],
  [
    'block show 10.1.0.5/29',
    `Block 10.1.0.0/29
  Host       host-1
  Network    net1
  Tenant     t1
  Segment    s1
  Addresses  #####...............  25 %  2 used, 6 free
  Revision   7

IP        Name  Host    Tenant  Segment  Block        Network
10.1.0.1  a     host-1  t1               10.1.0.0/29  net1
`,
  ],
  [
    'address list',
    'Address List\nIP        Name  Host    Tenant  Segment  Block        Network\n10.1.0.1  a     host-1  t1               10.1.0.0/29  net1\n',
  ],
  ['address list --host host-2', 'Address List\nIP  Name  Host  Tenant  Segment  Block  Network\n'],
  ['address allocate a --host host-1 --tenant t1', '10.1.0.1\n'],
  ['address release a', 'Address (a) released successfully.\n'],
  ['host add host-1 192.168.20.30', 'Host (host-1) added successfully.\n'],
  ['host remove 192.168.20.30', 'Host (host-1) removed successfully.\n'],
  ['host drain --no-wait host-1', 'Host (host-1) drained successfully.\n'],
  [
    'topology show',
    `Networks
Name  CIDR         Tenants  Blocks used/free  Addresses used/free
net1  10.1.0.0/16  t1       #....... 1/8,159  #....... 2/65,278

Topology for Network/s: [net1]
Name      CIDR         Nodes  Blocks used/free  Addresses used/free
zone-A    10.1.0.0/17  1      #....... 1/4,063  #....... 2/32,510
  rack-1  10.1.0.0/18  1      #....... 1/2,047  #....... 2/16,382
      host-1(192.168.20.30)
`,
  ],
  ['topology update --dry-run', 'The topology fits. Nothing has been changed.\nNothing would change.\n'],
];

test('the answers are shown as tables', async t => {
  const {url} = await startFakeDaemon(t, answers);
  for (const [args, output] of tables)
    t.deepEqual(await romana(['-r', url, ...args.split(' ')], {input: '{}'}), {status: 0, stdout: output, stderr: ''}, args);
});

test("with -f json the daemon's own body is printed, whether the flag stands before or after the noun", async t => {
  const {url} = await startFakeDaemon(t, answers);
  for (const args of [
    ['-r', url, '-f', 'json', 'host', 'list'],
    ['host', 'list', '--rootURL', url, '--format', 'json'],
  ]) {
    const {status, stdout} = await romana(args);
    t.is(status, 0);
    t.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(hosts)));
  }
});

test('what is sent: tags, families, drains, a topology from standard input', async t => {
  const {url, requests} = await startFakeDaemon(t, answers);
  const call = (...args: string[]) => romana(['-r', url, ...args], {input: '{"networks": []}'});
  await call('host', 'add', 'host-1', '192.168.20.30', '--tag', 'rack=rack-1', '--tag', 'note=a=b');
  await call('host', 'add', 'host-1', '192.168.20.30', '10.1.2.0/24');
  await call('host', 'tag', 'host-1', 'rack=rack-2', 'note=');
  await call('host', 'undrain', '--no-wait', 'host-1');
  await call('address', 'allocate', 'a', '--host', 'host-1', '--family', 'ipv6');
  await call('topology', 'update');
  await call('topology', 'update', '--dry-run', '-');
  t.deepEqual(requests, [
    'POST /hosts {"name":"host-1","ip":"192.168.20.30","tags":{"rack":"rack-1","note":"a=b"}}',
    'POST /hosts {"name":"host-1","ip":"192.168.20.30","cidr":"10.1.2.0/24","tags":{}}',
    'PATCH /hosts/host-1 {"tags":{"rack":"rack-2","note":null}}',
    'PATCH /hosts/host-1 {"drained":false}',
    'POST /address {"name":"a","host":"host-1","tenant":"","segment":"","family":"ipv6"}',
    'POST /topology {"networks":[]}',
    'POST /topology?dry_run=true {"networks":[]}',
  ]);
});

test('one item that fails does not stop the others, and makes the status 1', async t => {
  const {url, requests} = await startFakeDaemon(t, answers);
  const {status, stdout, stderr} = await romana(['-r', url, 'host', 'show', 'host-1', 'unknown', 'host-1']);
  t.is(status, 1);
  t.is(stdout.match(/^Host host-1$/gm)?.length, 2);
  t.is(stderr, `romana: GET ${url}/hosts/unknown: unknown /hosts/unknown (404)\nromana: 1 of 3 failed\n`);
  t.is(requests.filter(request => request.startsWith('GET /hosts/')).length, 3);
});

test('where the daemon is comes from the home folder, and flags win; the token is sent', async t => {
  const {port, requests} = await startFakeDaemon(t, answers);
  const home = await temporaryFolder(t);
  await writeFile(path.join(home, 'token'), 's3cret\n');
  await writeFile(
    path.join(home, '.romana.yaml'),
    `RootURL: http://127.0.0.1\nRootPort: ${port}\nFormat: json\nTokenFile: ${home}/token\n`,
  );
  const fromFile = await romana(['network', 'list'], {home});
  t.is(fromFile.status, 0, fromFile.stderr);
  t.is(JSON.parse(fromFile.stdout)[0].id, 'net1');
  t.regex((await romana(['-f', 'table', 'network', 'list'], {home})).stdout, /^Network List/);
  t.deepEqual(
    [...new Set(requests)].toSorted(),
    ['blackouts', 'blocks', 'networks', 'topology'].map(path => `GET /${path} Bearer s3cret`),
  );

  await writeFile(path.join(home, 'other.yaml'), `RootPort: ${port}\n`);
  t.is((await romana(['-c', path.join(home, 'other.yaml'), '-f', 'json', 'network', 'list'])).status, 0);
  t.is(requests.at(-1), 'GET /networks');
});

async function badFiles(t: ExecutionContext): Promise<string> {
  const home = await temporaryFolder(t);
  await writeFile(path.join(home, '.romana.yaml'), 'RootURL: [\n');
  await writeFile(path.join(home, 'unknown.yaml'), 'rootUrl: x\n');
  await writeFile(path.join(home, 'document.json'), '{');
  return home;
}

test('status 2 for wrong usage and configuration, 1 for what failed, with one line that says why', async t => {
  const home = await badFiles(t);
  const refused = 'http://127.0.0.1:1';
  const cases: ReadonlyArray<readonly [status: number, args: readonly string[], stderr: RegExp]> = [
    [2, ['unknown'], /^romana: unknown command 'unknown'/],
    [2, ['host', 'unknown'], /^romana: unknown command 'unknown'/],
    [2, ['host', 'list', '--unknown'], /^romana: unknown option '--unknown'/],
    [2, ['host', 'add', 'x'], /^romana: missing required argument 'ip'/],
    [
      2,
      ['host', 'add', 'x', '1.2.3.4', '--tag', 'rack'],
      /^romana: option '--tag <key=value>' argument 'rack' is invalid. expected key=value/,
    ],
    [2, ['host', 'tag', 'x', 'a=b', '=c'], /^romana: command-argument value '=c' is invalid for argument 'key=value'. expected key=value/],
    [2, ['address', 'allocate', 'x'], /^romana: required option '--host <name>' not specified/],
    [2, ['-f', 'xml', 'host', 'list'], /^romana: unknown format "xml"/],
    [2, ['-p', 'x', 'host', 'list'], /^romana: invalid root port "x"/],
    [2, ['-c', `${home}/missing`, 'host', 'list'], /^romana: cannot read .*missing: there is no such file\n$/],
    [2, ['-c', `${home}/unknown.yaml`, 'host', 'list'], /^romana: cannot use .*unknown\.yaml: .*rootUrl/],
    [2, ['-c', `${home}/.romana.yaml`, 'host', 'list'], /^romana: cannot read .*\.romana\.yaml: .*line 2/],
    [2, ['--token-file', `${home}/missing`, 'host', 'list'], /^romana: TokenFile: got ".*missing": ENOENT/],
    [1, ['-r', refused, 'topology', 'update', `${home}/missing`], /^romana: cannot read .*missing: ENOENT/],
    [1, ['-r', refused, 'topology', 'update', `${home}/document.json`], /^romana: cannot read the topology in .*document\.json: /],
    [1, ['-r', refused, 'host', 'list'], /^romana: GET http:\/\/127\.0\.0\.1:1\/hosts: .*\n$/],
    [
      1,
      ['agent', 'status', '--socket', `${home}/missing`],
      /^romana: cannot ask the agent at .*missing: no agent is running there .*: is the agent running\? .*--socket FILE/,
    ],
    [2, ['agent', 'status', '-f', 'xml'], /^romana: unknown format "xml"/],
    [2, ['-f', 'xml', 'agent', 'status'], /^romana: unknown format "xml"/],
    [2, ['agent', '--config', `${home}/missing`], /^romana: cannot read the configuration file .*missing: there is no such file\n$/],
  ];
  for (const [status, args, stderr] of cases) {
    const outcome = await romana(args);
    t.regex(outcome.stderr, stderr, args.join(' '));
    t.is(outcome.status, status, args.join(' '));
    t.is(outcome.stdout, '', args.join(' '));
  }
});

test('a reader that goes away harms nothing, a full disk is told', async t => {
  const many = Array.from({length: 20_000}, (_, index) => ({...address, name: `a-${index}`}));
  const {url, requests} = await startFakeDaemon(t, {...answers, 'GET /addresses': many, 'DELETE /address?addressName=b': ''});
  const program = path.resolve('bin/romana');
  const shell = (script: string) => execa('bash', ['-c', script, program, '-r', url], {reject: false, env: {HOME: '/nonexistent'}});

  const head = await shell('set -o pipefail; "$0" "$@" address list | head -n 1');
  t.like(head, {exitCode: 0, stdout: 'Address List', stderr: ''});
  const released = await shell('set -o pipefail; "$0" "$@" address release a b | true');
  t.like(released, {exitCode: 0, stderr: ''});
  t.deepEqual(requests.slice(-2), ['DELETE /address?addressName=a', 'DELETE /address?addressName=b']);
  const full = await shell('"$0" "$@" address list > /dev/full');
  t.is(full.exitCode, 1);
  t.regex(full.stderr, /^romana: cannot write to standard output: ENOSPC: .*$/);
});

test('bars are finer on a terminal that shows UTF-8', async t => {
  const {url} = await startFakeDaemon(t, answers);
  const onTerminal = (environment: Record<string, string>) =>
    execa('script', ['-qec', `'${path.resolve('bin/romana')}' -r ${url} network list`, '/dev/null'], {
      env: {HOME: '/nonexistent', LC_ALL: '', LC_CTYPE: '', LANG: '', TERM: 'xterm', ...environment},
    });
  t.regex((await onTerminal({LANG: 'C.UTF-8'})).stdout, / ▏░░░░░░░ 1\/8,159 /);
  for (const environment of [{LANG: 'C'}, {LANG: 'C.UTF-8', LC_ALL: 'C'}, {LANG: 'C.UTF-8', TERM: 'linux'}]) {
    t.regex((await onTerminal(environment)).stdout, / #\.{7} 1\/8,159 /);
  }
});

test('the help of a verb says how it is used, and where -f goes', async t => {
  const {stdout} = await romana(['block', 'list', '--help']);
  for (const option of [
    '--host <name>',
    '--network <name>',
    '--tenant <name>',
    '--segment <name>',
    '-f, --format <format>',
    '-r, --rootURL <url>',
  ])
    t.true(stdout.includes(option), option);
  for (const noun of ['host', 'network', 'block', 'address', 'blackout', 'tenant', 'segment', 'vip', 'explain']) {
    const help = (await romana([noun, '--help'])).stdout;
    t.regex(help, new RegExp(`\\nExamples:\\n {2}romana .*\\b${noun} `), noun);
  }
});

test('--help and --version are answered with status 0', async t => {
  for (const args of [['--help'], ['host', '--help'], ['agent', '--help'], ['agent', 'status', '--help'], ['--version']]) {
    const {status, stdout, stderr} = await romana(args);
    t.is(status, 0, args.join(' '));
    t.is(stderr, '');
    t.regex(stdout, args[0] === '--version' ? /^\d+\.\d+\.\d+\n$/ : /^Usage: romana/);
  }
});

test('the help of a noun loads neither etcd nor the servers', async t => {
  const watch = `import {registerHooks} from 'node:module'; registerHooks({resolve(specifier, context, next) { console.error('loads ' + specifier); return next(specifier, context); }});`;
  const environment = {NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(watch)}`};
  const {stderr, stdout} = await romana(['host', '--help'], {environment});
  t.regex(stdout, /^Usage: romana host/);
  t.regex(stderr, /loads commander/);
  t.notRegex(stderr, /loads (etcd3|fastify|prom-client|chokidar|pino)$/m);
});

test('a clone without node_modules says in one line what to run', async t => {
  const folder = await temporaryFolder(t);
  await mkdir(path.join(folder, 'clone'));
  await cp('bin', path.join(folder, 'clone/bin'), {recursive: true});
  const {status, stdout, stderr} = await romana(['host', 'list'], {program: path.join(folder, 'clone/bin/romana')});
  t.is(status, 1);
  t.is(stdout, '');
  t.regex(stderr, /^romana: .*\/clone has no node_modules yet: run '.+' first\n$/);
});
