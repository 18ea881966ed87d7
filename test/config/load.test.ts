import test from 'ava';
import {parse} from 'yaml';
import {environmentName} from '../../src/config/environment.ts';
import {type ConfigSources, parseConfig} from '../../src/config/load.ts';
import {printConfig} from '../../src/config/print.ts';
import type {Config} from '../../src/config/schema.ts';
import {InputError} from '../../src/core/errors.ts';
import {refuseBadHostName} from '../../src/ipam/hosts.ts';

interface Sources {
  readonly file?: string;
  readonly environment?: ConfigSources['environment'];
  readonly flags?: ConfigSources['flags'];
}

function load({file, environment = {}, flags = {}}: Sources): Config {
  return parseConfig({file: file === undefined ? undefined : {path: 'romana.yaml', text: file}, environment, flags});
}

/** The problems of a configuration, without their indentation. */
function problems(sources: Sources): string[] {
  try {
    load(sources);
  } catch (error) {
    if (!(error instanceof InputError && error.code === 'ERR_CONFIG')) throw error;
    const [head = '', ...list] = error.message.split('\n');
    return list.length === 0 ? [head] : list.map(line => line.trim());
  }
  return [];
}

const defaults = `logLevel: info
etcd:
  endpoints:
    - http://127.0.0.1:2379
  prefix: /romana
host: {}
daemon:
  listen: 127.0.0.1:9600
  blockCooldownSeconds: 0
agent:
  metrics: 127.0.0.1:9607
  socket: /run/romana/agent.sock
  stateDir: /var/lib/romana
  cache:
    enabled: true
  routes:
    enabled: true
    table: 10
    multihop: false
    aggregate: true
    uplinks: []
    allowOverlap: false
  endpoints:
    gateway4: 169.254.1.1
    gateway6: fe80::1
  serviceRange: []
  nat:
    enabled: false
    exclude: []
  forward:
    accept: false
  iptables: auto
  provision: true
  policy:
    enabled: true
  vips:
    enabled: true
    leaseSeconds: 3
  publish:
    enabled: true
    templates: /etc/romana/bird
    birdConf: /etc/bird/bird.conf
    confDir: /etc/bird/conf.d
    birdSocket: /run/bird/bird.ctl
    birdPidFile: /run/bird/bird.pid
    birdCommand: bird
    localAs: 65534
    prefixes: blocks
    settleMs: 100
    minIntervalMs: 200
    confirm:
      timeoutSeconds: 30
    guards:
      maxWithdrawPercent: 50
      allowDefaultRoute: false
      allowForeign: false
      allowEmpty: false
      allowNoPeers: false
      allowOpenFilters: false
    drain:
      timeoutSeconds: 60
    vars: {}
`;

test('without any source every key has its default', t => {
  t.is(printConfig(load({})), defaults);
  t.is(printConfig(load({file: ''})), defaults);
  t.is(printConfig(load({file: '# nothing but a comment\n'})), defaults);
});

test('what is printed can be read back', t => {
  t.deepEqual(load({file: defaults}), load({}));
});

test('every key of the contract is known', t => {
  const file = `
etcd: {endpoints: [https://a:2379, https://b:2379], prefix: /lab, tls: {ca: /ca.pem, cert: /c.pem, key: /k.pem}, username: me, passwordFile: /pw}
host: {name: host-1, address: 192.168.20.30/24}
daemon: {listen: "0.0.0.0:9600", tls: {cert: /c.pem, key: /k.pem}, tokenFile: /token, topology: /t.json, blockCooldownSeconds: 60}
agent:
  metrics: "[::1]:9607"
  socket: /tmp/a.sock
  stateDir: /s
  cache: {enabled: false, file: /s/f}
  routes: {enabled: false, table: 21, multihop: true, aggregate: false, uplinks: [eth1], allowOverlap: true}
  endpoints: {gateway4: 169.254.7.1, gateway6: "fe80::7"}
  serviceRange: [10.96.0.0/12, fd00:96::/112]
  nat: {enabled: true, exclude: [192.168.0.0/16]}
  forward: {accept: true}
  iptables: legacy
  provision: false
  policy: {enabled: false}
  vips: {enabled: false, leaseSeconds: 5}
  publish:
    {enabled: false, templates: /t, birdConf: /b, confDir: /c, birdSocket: /s, birdPidFile: /p, birdCommand: /b, localAs: 4200000000, prefixes: groups, settleMs: 5,
     minIntervalMs: 7, confirm: {timeoutSeconds: 0}, drain: {timeoutSeconds: 5}, vars: {x: [1, {y: z}]},
     guards: {maxWithdrawPercent: 100, allowDefaultRoute: true, allowForeign: true, allowEmpty: true, allowNoPeers: true, allowOpenFilters: true}}
logLevel: debug
`;
  t.deepEqual(problems({file}), []);
  const {address, ...rest} = load({file}).host;
  t.deepEqual(address, ['192.168.20.30/24'], 'a single address becomes a list');
  t.deepEqual({...load({file}), host: rest} as unknown, {...parse(file), host: {name: 'host-1'}});
});

for (const [title, sources, prefix] of [
  ['file over default', {file: 'etcd: {prefix: /file}'}, '/file'],
  ['environment over file', {file: 'etcd: {prefix: /file}', environment: {ROMANA_ETCD_PREFIX: '/environment'}}, '/environment'],
  [
    'flag over environment',
    {file: 'etcd: {prefix: /file}', environment: {ROMANA_ETCD_PREFIX: '/environment'}, flags: {etcd: {prefix: '/flag'}}},
    '/flag',
  ],
] as const) {
  test(`precedence: ${title}`, t => {
    const {etcd} = load(sources);
    t.is(etcd.prefix, prefix);
    t.deepEqual(etcd.endpoints, ['http://127.0.0.1:2379'], 'the keys beside it stay');
  });
}

test('the environment names every key by its path', t => {
  t.is(environmentName(['agent', 'publish', 'localAs']), 'ROMANA_AGENT_PUBLISH_LOCAL_AS');
  const config = load({
    environment: {
      ROMANA_ETCD_ENDPOINTS: 'http://a:1, http://b:2',
      ROMANA_HOST_NAME: '007',
      ROMANA_HOST_ADDRESS: '192.168.20.30/24,2001:db8::30/64',
      ROMANA_DAEMON_LISTEN: '127.0.0.2:9600',
      ROMANA_AGENT_ROUTES_MULTIHOP: 'true',
      ROMANA_AGENT_PUBLISH_LOCAL_AS: '65001',
      ROMANA_AGENT_PUBLISH_SETTLE_MS: '0',
      ROMANA_AGENT_PUBLISH_BIRD_PID_FILE: '/p',
      ROMANA_AGENT_PUBLISH_GUARDS_MAX_WITHDRAW_PERCENT: '10',
      ROMANA_AGENT_PUBLISH_VARS: '{"neighbor": "192.168.20.1"}',
      ROMANA_LOG_LEVEL: 'warn',
      ROMANA_CONFIG: '/elsewhere',
      HOME: '/root',
    },
  });
  t.like(config, {
    logLevel: 'warn',
    etcd: {endpoints: ['http://a:1', 'http://b:2']},
    host: {name: '007', address: ['192.168.20.30/24', '2001:db8::30/64']},
    daemon: {listen: '127.0.0.2:9600'},
    agent: {
      routes: {multihop: true},
      publish: {localAs: 65001, settleMs: 0, birdPidFile: '/p', guards: {maxWithdrawPercent: 10}, vars: {neighbor: '192.168.20.1'}},
    },
  });
});

test('a value of the environment that cannot be used is named like one of the file', t => {
  t.deepEqual(problems({environment: {ROMANA_AGENT_ROUTES_TABLE: 'ten', ROMANA_AGENT_ROUTES_ENABLED: 'yes'}}), [
    'agent.routes.enabled: got "yes": expected boolean',
    'agent.routes.table: got "ten": expected number',
  ]);
});

test('all problems are listed at once, each with its path, the value, and what was expected', t => {
  const file = `
logLevel: loud
colour: red
etcd: {endpoints: [ftp://x, http://ok:1], prefix: 5, surplus: 1, username: me}
host: {address: 5, name: ''}
daemon: {listen: "0.0.0.0:9600", blockCooldownSeconds: -1, tls: {cert: /c.pem}}
agent:
  metrics: nowhere
  routes: {table: 300, enabled: maybe, tabel: 1}
  policy: 7
  publish: {localAs: 0, prefixes: some, settleMs: 1.5, guards: {maxWithdrawPercent: 101}, vars: []}
`;
  t.deepEqual(problems({file}), [
    'logLevel: got "loud": expected one of "fatal"|"error"|"warn"|"info"|"debug"|"trace"',
    'etcd.endpoints.0: got "ftp://x": expected a URL such as http://127.0.0.1:2379',
    'etcd.prefix: got 5: expected string',
    'etcd.surplus: unknown key',
    'etcd.username: got "me": username and passwordFile go together',
    'host.name: got "": expected a name: 1 to 253 characters, none of them a control, no IP, and not . or ..',
    'host.address: got 5: expected address/length, such as 192.168.20.30/24, or a list of one IPv4 and one IPv6',
    'daemon.tls.key: got nothing: expected string',
    'daemon.blockCooldownSeconds: got -1: expected number to be >=0',
    'daemon.listen: got "0.0.0.0:9600": listens beyond loopback, which needs daemon.tls and daemon.tokenFile',
    'agent.metrics: got "nowhere": expected address:port, such as 127.0.0.1:9600',
    'agent.routes.enabled: got "maybe": expected boolean',
    'agent.routes.table: got 300: expected number to be <=252',
    'agent.routes.tabel: unknown key',
    'agent.policy: got 7: expected object',
    'agent.publish.localAs: got 0: expected number to be >=1',
    'agent.publish.prefixes: got "some": expected one of "blocks"|"aggregate"|"groups"',
    'agent.publish.settleMs: got 1.5: expected int',
    'agent.publish.guards.maxWithdrawPercent: got 101: expected number to be <=100',
    'agent.publish.vars: got []: expected record',
    'colour: unknown key',
  ]);
});

for (const [etcd, problem] of [
  ['{endpoints: [https://a:1, https://b:2], tls: {ca: /ca}}', undefined],
  ['{endpoints: [https://a:1]}', undefined],
  [
    '{tls: {ca: /ca}}',
    'etcd.endpoints: got nothing: expected https:// everywhere, as etcd.tls is set, or http:// everywhere without etcd.tls',
  ],
  [
    '{endpoints: [http://a:1], tls: {ca: /ca}}',
    'etcd.endpoints: got ["http://a:1"]: expected https:// everywhere, as etcd.tls is set, or http:// everywhere without etcd.tls',
  ],
  [
    '{endpoints: [https://a:1, http://b:2]}',
    'etcd.endpoints: got ["https://a:1","http://b:2"]: expected https:// everywhere, as etcd.tls is set, or http:// everywhere without etcd.tls',
  ],
  ['{endpoints: [https://a:1], tls: {ca: /ca, cert: /c}}', 'etcd.tls.cert: got "/c": cert and key go together'],
  ['{endpoints: [https://a:1], tls: {ca: /ca, key: /k}}', 'etcd.tls.cert: got nothing: cert and key go together'],
] as const) {
  test(`etcd: ${etcd} is ${problem === undefined ? 'taken' : 'refused'}`, t => {
    t.deepEqual(
      problem === undefined ? load({file: `etcd: ${etcd}`}).etcd.prefix : problems({file: `etcd: ${etcd}`}),
      problem === undefined ? '/romana' : [problem],
    );
  });
}

for (const [file, expected] of [
  ['a: 1\nb: [1\nc: 2\n', /^cannot read romana\.yaml: line 3, column 1: Flow sequence .*[^:]$/],
  ['a: 1\na: 2\n', /^cannot read romana\.yaml: line 2, column 1: Map keys must be unique$/],
  ['- x\n', /^cannot read romana\.yaml: expected keys and values/],
  ['just text\n', /^cannot read romana\.yaml: expected keys and values/],
] as const) {
  test(`a file that cannot be read is named, with the line: ${JSON.stringify(file)}`, t => {
    const [problem = '', ...others] = problems({file});
    t.regex(problem, expected);
    t.deepEqual(others, []);
  });
}

test('a section that is no section is refused, also when flags set a key in it', t => {
  t.deepEqual(problems({file: 'etcd: http://127.0.0.1:2379'}), ['etcd: got "http://127.0.0.1:2379": expected object']);
  t.deepEqual(problems({file: 'agent:\n'}), ['agent: got null: expected object']);
});

for (const [listen, isRefused] of [
  ['127.0.0.1:9600', false],
  ['127.9.9.9:0', false],
  ['localhost:9600', false],
  ['"[::1]:9600"', false],
  ['0.0.0.0:9600', true],
  ['"[::]:9600"', true],
  ['192.168.20.30:9600', true],
  ['host-1:9600', true],
  ['127.example.com:9600', true],
] as const) {
  test(`to listen on ${listen} ${isRefused ? 'needs TLS and a token' : 'needs nothing more'}`, t => {
    t.is(problems({file: `daemon: {listen: ${listen}}`}).length, isRefused ? 1 : 0);
    t.is(problems({file: `daemon: {listen: ${listen}, tls: {cert: c, key: k}}`}).length, isRefused ? 1 : 0);
    t.is(problems({file: `daemon: {listen: ${listen}, tokenFile: t}`}).length, isRefused ? 1 : 0);
    t.is(problems({file: `daemon: {listen: ${listen}, tls: {cert: c, key: k}, tokenFile: t}`}).length, 0);
  });
}

for (const listen of ['9600', ':9600', '::1:9600', '127.0.0.1', '127.0.0.1:65536', '127.0.0.1:x', 'http://127.0.0.1:9600']) {
  test(`"${listen}" is no place to listen`, t => {
    t.true(
      problems({file: `daemon: {listen: "${listen}"}`}).includes(
        `daemon.listen: got "${listen}": expected address:port, such as 127.0.0.1:9600`,
      ),
    );
  });
}

for (const [address, isGood] of [
  ['192.168.20.30/24', true],
  ['"2001:db8::30/64"', true],
  ['[192.168.20.30/24, "2001:db8::30/64"]', true],
  ['["2001:db8::30/64"]', true],
  ['192.168.20.30', false],
  ['192.168.20.30/33', false],
  ['999.1.1.1/24', false],
  ['[999.1.1.1/24]', false],
  ['[]', false],
  ['[192.168.20.30/24, 192.168.20.31/24]', false],
  ['[192.168.20.30/24, "2001:db8::30/64", "2001:db8::31/64"]', false],
] as const) {
  test(`host.address ${address} is ${isGood ? 'taken' : 'refused'}`, t => {
    const found = problems({file: `host: {address: ${address}}`});
    t.is(found.length, isGood ? 0 : 1);
    if (!isGood) t.regex(found[0] ?? '', /^host\.address(\.0)?: got .*: expected address\/length/);
  });
}

for (const [address, reason] of [
  ['192.168.20.0/24', 'the network address of 192.168.20.0/24'],
  ['192.168.20.255/24', 'the broadcast address of 192.168.20.0/24'],
  ['192.168.20.3/30', 'the broadcast address of 192.168.20.0/30'],
  ['2001:db8::/64', 'the network address of 2001:db8::/64'],
  ['0.0.0.0/24', 'an address of nobody'],
  ['::/64', 'an address of nobody'],
  ['127.0.0.1/8', 'a loopback address'],
  ['::1/128', 'a loopback address'],
  ['224.0.0.5/24', 'a multicast address'],
  ['ff02::5/64', 'a multicast address'],
  ['255.255.255.255/32', 'the broadcast address'],
  ['169.254.7.7/16', 'a link-local address'],
  ['fe80::30/64', 'a link-local address'],
  ['febf::30/64', 'a link-local address'],
  ['::ffff:192.168.20.30/120', 'an IPv4 address in the form of IPv6'],
  ['192.168.20.30/0', 'an address whose subnet is everything'],
] as const) {
  test(`host.address ${address} is refused, since it is ${reason}`, t => {
    const sentence = (path: string) =>
      `${path}: got "${address}": expected the address of this host, such as 192.168.20.30/24, and not ${reason}`;
    t.deepEqual(problems({file: `host: {address: "${address}"}`}), [sentence('host.address')]);
    t.deepEqual(problems({file: `host: {address: ["${address}"]}`}), [sentence('host.address.0')]);
    t.deepEqual(problems({environment: {ROMANA_HOST_ADDRESS: address}}), [sentence('host.address.0')]);
  });
}

test('of a list of addresses each is judged', t => {
  t.deepEqual(
    problems({file: 'host: {address: [127.0.0.1/8, "ff02::1/64"]}'}).map(text => text.replace(/:.* and not/, '')),
    ['host.address.0 a loopback address', 'host.address.1 a multicast address'],
  );
});

for (const address of [
  '192.168.20.30/31',
  '192.168.20.31/31',
  '192.168.20.30/32',
  '2001:db8::/127',
  '2001:db8::/128',
  '2001:db8::ffff/112',
]) {
  test(`host.address ${address} is taken`, t => {
    t.deepEqual(problems({file: `host: {address: "${address}"}`}), []);
  });
}

for (const name of ['', '.', '..', '10.1.0.1', 'fd00::1', 'a\tb', 'a\nb', '\u0085', 'x'.repeat(254)]) {
  test(`host.name ${JSON.stringify(name.slice(0, 20))} is refused, as the daemon would do`, t => {
    t.deepEqual(problems({flags: {host: {name}}}), [
      `host.name: got ${JSON.stringify(name)}: expected a name: 1 to 253 characters, none of them a control, no IP, and not . or ..`,
    ]);
    t.throws(() => refuseBadHostName(name), {code: 'ERR_INVALID'});
  });
}

test('a file of the agent is named by an absolute path', t => {
  const keys = [
    'socket',
    'stateDir',
    'cache.file',
    ...['templates', 'birdConf', 'confDir', 'birdSocket', 'birdPidFile'].map(key => `publish.${key}`),
  ];
  for (const key of keys) {
    const environment = {[environmentName(['agent', ...key.split('.')])]: 'run/x'};
    t.deepEqual(problems({environment}), [`agent.${key}: got "run/x": expected an absolute path`]);
  }
  t.deepEqual(problems({file: 'agent: {publish: {birdCommand: bird2}}'}), [], 'a program may be looked for');
});

test('the gateway of endpoints is nobody else: neither this host nor what is no machine', t => {
  const same = ['agent.endpoints.gateway4: got "192.168.20.30": host.address is the same, expected an address that nobody has'];
  for (const address of ['192.168.20.30/24', '[192.168.20.30/24, "2001:db8::30/64"]']) {
    t.deepEqual(problems({file: `host: {address: ${address}}\nagent: {endpoints: {gateway4: 192.168.20.30}}`}), same);
    t.deepEqual(problems({file: `host: {address: ${address}}\nagent: {endpoints: {gateway4: 192.168.20.3}}`}), []);
  }
  t.deepEqual(
    problems({file: 'host: {address: 192.168.20.30/24, name: ".."}\nagent: {endpoints: {gateway4: 192.168.20.30}, policy: 7}'}).length,
    3,
    'beside all other problems',
  );
  for (const gateway of ['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255', 'fe80::1', 'x']) {
    t.deepEqual(problems({file: `agent: {endpoints: {gateway4: "${gateway}"}}`}), [
      `agent.endpoints.gateway4: got "${gateway}": expected an IPv4 address that a machine can have`,
    ]);
  }
});

test('secrets are not printed, the files that hold them are named', t => {
  const file = `
etcd: {endpoints: ["https://me:pw1@etcd:2379"], tls: {ca: /ca.pem, cert: /c.pem, key: /k.pem}, username: me, passwordFile: /pw}
daemon: {tokenFile: /token}
agent: {publish: {vars: {neighbor: 192.168.20.1, md5Password: pw2, pin: {secret: 77177}, peers: [{key: pw5, md5File: /md5}], passwords: {tor-1: pw6}}}}
`;
  const text = printConfig(load({file}));
  t.notRegex(text, /pw\d|77177/);
  for (const shown of [
    'https://(hidden)@etcd:2379',
    '/k.pem',
    'passwordFile: /pw',
    'tokenFile: /token',
    'md5File: /md5',
    'neighbor: 192.168.20.1',
    'md5Password: (hidden)',
    'passwords: (hidden)',
  ]) {
    t.true(text.includes(shown), `${shown}\n${text}`);
  }
});

test('nor is the password of a URL that is refused', t => {
  t.deepEqual(problems({file: 'etcd: {endpoints: "https://me:pw1@etcd:2379"}'}), [
    'etcd.endpoints: got "https://(hidden)@etcd:2379": expected array',
  ]);
});

test('the configuration cannot be changed once it is made', t => {
  const config = load({file: 'agent: {publish: {vars: {a: {b: [1]}}}}'});
  t.true(Object.isFrozen(config) && Object.isFrozen(config.agent.publish.guards) && Object.isFrozen(config.etcd.endpoints));
  t.true(Object.isFrozen((config.agent.publish.vars as {a: {b: unknown}}).a.b));
});
