import {mkdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {parse, stringify} from 'yaml';
import {createKeys} from '../../src/store/keys.ts';
import {connect, createNamespace} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {type AgentHost, createAgentHost} from './agent-host.ts';
import {bootMachine} from './endpoint-host.ts';
import {families, type Model, prefixOf} from './foreign-oracle.ts';
import {configureAgent} from './networked-host.ts';

/** A host with everything of the agent switched on, on two links, and with what others have put there. */
export interface ForeignHost extends AgentHost {
  /** Puts records into etcd, and deletes those without a value. */
  store(records: ReadonlyArray<readonly [key: string, value?: unknown, ...none: unknown[]]>): Promise<void>;
  /** Everything of ours, a line each, sorted. */
  readOurs(): Promise<string[]>;
  /** Everything of others', a line each; without what hangs on the second link while that is not whole. */
  readForeign(isWhole: boolean): Promise<string[]>;
  /** Others put back what has gone with a link, as far as it can be there. */
  restoreForeign(model: Model): Promise<void>;
}

export const keys = createKeys('/romana');

const document = {
  networks: [
    {name: 'net1', cidr: '10.1.0.0/16', block_mask: 29},
    {name: 'net6', cidr: 'fd00:10:1::/48', block_mask: 122},
  ],
  topologies: [
    {networks: ['net1'], map: []},
    {networks: ['net6'], map: []},
  ],
};

const template = ['4', '6']
  .map(
    family => `protocol static romana${family} {\n  ipv${family};\n{{#each Networks${family}}}\n  route {{this}} reject;\n{{/each}}\n}\n`,
  )
  .join('');

/** Routes of others by eth0 and, after those, by eth1. */
const foreignRoutes = [
  'route add default via 192.168.20.1',
  'route add 10.1.0.0/29 via 192.168.20.1 metric 50',
  'route add unreachable 10.1.0.16/29 proto bird metric 51',
  'route add 10.1.0.8/29 via 192.168.20.1 table 10 proto static metric 7',
  'route add 10.1.0.12 via 192.168.20.1 table 10 proto bird',
  'route add 203.0.113.0/24 via 192.168.20.1 table 11',
  '-6 route add default via 2001:db8::1 metric 2000',
  '-6 route add unreachable fd00:10:1::/122 metric 50 proto bird',
  '-6 route add fd00:10:1::40/122 via 2001:db8::1 table 10 proto static metric 7',
  'route add default via 192.168.21.1 dev eth1 metric 500',
  '-6 route add 2001:db8:99::/48 via 2001:db8:21::1 dev eth1',
];

const foreignObjects = [
  'rule add pref 100 from 192.0.2.1 lookup 10',
  'rule add pref 32000 from 192.0.2.2 lookup 10',
  'rule add pref 32001 lookup 11',
  '-6 rule add pref 100 from fd00::1 blackhole',
  'address add 192.168.20.77/24 dev eth0',
  'address add 203.0.113.1/32 dev eth0 label eth0:ops',
  'address add 198.51.100.1/24 dev eth1 metric 9',
  'address add 192.0.2.9/32 dev lo',
  '-6 address add 2001:db8::77/64 dev eth0 nodad',
  '-6 address add fd00:99::1/128 dev lo',
  'link add romforeign0 type bridge',
  'link set romforeign0 alias romana-is-not-this up',
  'address add 10.99.0.1/24 dev romforeign0',
  'link property add dev romforeign0 altname roman',
];

const foreignRules = `*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:FORWARD DROP [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -s 10.1.0.9/32 -m comment --comment "romana is not to send this" -j DROP
-A DOCKER-USER -j RETURN
COMMIT
`;

/** Links, store, BIRD's files, endpoints' addresses and what is foreign; etcd runs, BIRD and the agent do not yet. */
export async function createForeignHost(t: ExecutionContext, label: string, model: Model): Promise<ForeignHost> {
  const host = await createAgentHost(t, label);
  const {namespace, ip} = host;
  await connect(namespace, host.far, {
    device: 'eth1',
    addresses: [
      ['192.168.21.30/24', '2001:db8:21::30/64'],
      ['192.168.21.1/24', '2001:db8:21::1/64'],
    ],
  });
  // Addresses that go with a link would make the walk about them.
  const kept = ['all', 'eth0', 'eth1', 'lo'].map(name => `net.ipv6.conf.${name}.keep_addr_on_down=1`);
  await namespace.run('sysctl', ['-qw', ...kept, 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0']);
  const machine = await createNamespace(t, `${label}-vm`);
  await bootMachine(host, machine, 'tap3', ['10.1.0.3/32', 'fd00:10:1::3/128']);
  await ip('link set tap3 alias vm-3');
  await ip('address add 192.0.2.33/32 dev tap3');

  await configureAgent(host, {
    routes: {uplinks: ['eth1']},
    nat: {enabled: true, exclude: ['192.168.0.0/16']},
    forward: {accept: true},
  });
  const file = path.join(host.folder, 'romana.yaml');
  const config = parse(await readFile(file, 'utf8'));
  await writeFile(file, stringify({...config, host: {...config.host, address: ['192.168.20.30/24', '2001:db8::30/64']}}));
  await host.template('publisher.conf', template);
  await mkdir(path.join(host.folder, 'iproute2/rt_tables.d'));
  await writeFile(path.join(host.folder, 'iproute2/rt_tables.d/others.conf'), '11 others\n');
  await writeFile(path.join(host.paths.confDir, 'others.conf'), '# of the operator\n');

  for (const line of [...foreignObjects, ...foreignRoutes]) await addForeign(host, line);
  for (const program of ['iptables', 'ip6tables']) {
    const rules =
      program === 'iptables'
        ? foreignRules
        : foreignRules.replaceAll('172.17.0.0/16', 'fd17::/64').replace('10.1.0.9/32', 'fd00:10:1::49/128');
    await namespace.run(`${program}-nft-restore`, ['--noflush'], {input: rules});
  }
  await namespace.run('ipset', ['create', 'operators', 'hash:net']);
  await namespace.run('ipset', ['add', 'operators', '10.1.0.0/29']);

  await host.startEtcd();
  const store: ForeignHost['store'] = async records => {
    for (const [key, value] of records) {
      const args = value === undefined ? ['del', key] : ['put', key, JSON.stringify(value)];
      await namespace.run('env', ['ETCDCTL_API=3', 'etcdctl', ...args]);
    }
  };
  await store([
    [keys.topology, {generation: 1, document}],
    ...hostRecords('host-1', ['192.168.20.30']),
    ...[...model.hosts].flatMap(([name, addresses]) => hostRecords(name, addresses)),
    ...[...model.owners].map(([block, owner]) => blockRecord(block, owner)),
    ...['10.1.0.3', '10.1.0.4', 'fd00:10:1::3', 'fd00:10:1::4'].map(addressRecord),
  ]);

  return {
    ...host,
    store,
    async readOurs() {
      const output = await namespace.run('sh', ['-c', ourScript]);
      const [routes4, routes6, rules4, rules6, addresses, tables4, tables6] = output.split('\n---\n');
      const read = (text: string | undefined) => JSON.parse(text?.trim() || '[]') as Item[];
      return [
        ...[...read(routes4), ...read(routes6)].map(showRoute),
        ...[rules4, rules6].flatMap((text = '', index) =>
          lines(text).flatMap(line => (line.includes('proto 144') ? [`rule ${families[index]} ${line}`] : [])),
        ),
        ...read(addresses).flatMap(({ifname, addr_info = []}) =>
          addr_info.flatMap(({local, prefixlen, metric}) =>
            metric === 1144 || metric === 1145 ? [`${ifname} ${local}/${prefixlen} ${metric}`] : [],
          ),
        ),
        ...[tables4, tables6].flatMap((text = '', index) => ownChains(text).map(chain => `iptables ${families[index]} ${chain}`)),
      ].toSorted();
    },
    async readForeign(isWhole) {
      const [routes = '', ...rest] = (await namespace.run('sh', ['-c', foreignScript])).split('\n---\n');
      const files = ['iproute2/rt_tables.d/others.conf', 'conf.d/others.conf'].map(file => readFile(path.join(host.folder, file), 'utf8'));
      return [
        ...lines(routes)
          .filter(
            line =>
              !/proto (144|kernel)|^(local|broadcast|multicast|anycast) |^nexthop /.test(line) && (isWhole || !line.includes('dev eth1')),
          )
          .map(line => line.replaceAll(/ (linkdown|dead)\b/g, ''))
          .toSorted(),
        ...rest
          .flatMap(lines)
          .filter(line => !/proto 144|metric 114[45]|ROMANA-|^#|^\*|inet6 fe80:|^COMMIT|^eth1 inet 192\.168\.21\.30\//.test(line))
          .map(withoutCounters),
        ...(await Promise.all(files)),
      ];
    },
    async restoreForeign({eth1}) {
      const isPossible = (line: string) =>
        !line.includes('dev eth1') || (eth1.isUp && eth1.isFarUp && (eth1.hasIpv4 || line.startsWith('-6')));
      for (const line of foreignRoutes.filter(isPossible)) await addForeign(host, line);
    },
  };
}

export function hostRecords(name: string, [ip = '', ...addresses]: readonly string[]): [string, unknown][] {
  return [
    [keys.hostAddresses(name), {addresses}],
    [keys.host(name), {name, ip, agentPort: 9604, drained: false, tags: {}}],
    [keys.placement(1, name), {host: name, generation: 1, groups: {}}],
  ];
}

/** `block` as in "4 7"; without an owner it waits to be reused. */
export function blockRecord(block: string, host: string): [string, unknown] {
  const cidr = prefixOf(block.startsWith('4') ? '4' : '6', Number(block.slice(2)));
  return [keys.block(cidr as never), {cidr, host, tenant: '', segment: ''}];
}

function addressRecord(ip: string): [string, unknown] {
  const block = prefixOf(ip.includes(':') ? '6' : '4', 0);
  const name = `name-of-${ip.replaceAll(':', '-')}`;
  return [keys.address(ip as never), {name, ip, block, host: 'host-1', tenant: '', segment: '', allocatedAt: new Date(0).toISOString()}];
}

/** A gateway can be told of as soon as its link is there again, which may take the kernel a moment. */
async function addForeign({ip}: AgentHost, line: string): Promise<void> {
  await waitFor(`ip ${line}`, () =>
    ip(line).then(
      () => true,
      (error: unknown) => /File exists/.test(String(error)),
    ),
  );
}

const ourScript = [
  'ip -json -details -4 route show table all proto 144',
  'ip -json -details -6 route show table all proto 144',
  'ip -4 -N rule show',
  'ip -6 -N rule show',
  'ip -json address show',
  'iptables-nft-save',
  'ip6tables-nft-save',
].join(" && printf '\\n---\\n' && ");

const foreignScript = [
  'ip -4 route show table all; ip -6 route show table all',
  'ip -4 rule show; ip -6 rule show',
  // Second names and settings of interfaces, without what comes and goes with their carriers.
  "ip -oneline link show | sed 's/<[^>]*>//; s/ state [A-Z]*//; s/ qdisc [a-z]*//; s/ altname rom[0-9a-f]*\\b//; s/\\\\ *$//'",
  "ip -oneline address show | sed 's/^[0-9]*: //; s/ tentative//' | sort",
  'iptables-nft-save; ip6tables-nft-save',
  'ipset save',
  'sysctl net.ipv4.conf.romforeign0.proxy_arp net.ipv4.conf.romforeign0.rp_filter',
].join("; printf '\\n---\\n'; ");

interface Item {
  readonly table?: string;
  readonly type: string;
  readonly dst: string;
  readonly dev?: string;
  readonly gateway?: string;
  readonly via?: {readonly host: string};
  readonly nexthops?: readonly Item[];
  readonly prefsrc?: string;
  readonly metric?: number;
  readonly ifname?: string;
  readonly addr_info?: readonly {readonly local: string; readonly prefixlen: number; readonly metric?: number}[];
}

function showRoute({table = 'main', type, dst, prefsrc, metric, nexthops, ...hop}: Item): string {
  const isSingle = type === 'unicast' && !dst.includes('/') && dst !== 'default' && table !== 'main';
  const to = isSingle ? `${dst}/${dst.includes(':') ? 128 : 32}` : dst;
  const hops = (nexthops ?? [{type, dst, ...hop}]).map(({gateway, via, dev}) => [gateway ?? via?.host, dev].filter(Boolean).join(' '));
  const words = [table, type, to, ...(type === 'unicast' ? [hops.toSorted().join(', ')] : [])];
  return [...words, ...(prefsrc === undefined ? [] : ['from', prefsrc]), ...(metric === undefined ? [] : ['metric', metric])].join(' ');
}

/** Each chain of ours with all its rules, and each other chain with those that lead to ours, without marks. */
function ownChains(text: string): string[] {
  const chains = new Map<string, string[]>();
  let table = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1);
    const [, chain = '', rule = ''] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    if (!line.includes('ROMANA-') || chain === '') continue;
    const name = `${table} ${chain}`;
    chains.set(name, [...(chains.get(name) ?? []), rule.replace(/-m comment --comment "?romana:[0-9a-f]{12}"? /, '')]);
  }
  return [...chains].map(([name, rules]) => `${name}: ${rules.join('; ')}`);
}

function withoutCounters(line: string): string {
  return line.replace(/ \[\d+:\d+\]$/, '');
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.trim().replaceAll(/\s+/g, ' '))
    .filter(Boolean);
}
