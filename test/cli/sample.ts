import {comparePrefixes, firstAddress, parsePrefix, subPrefix} from '../../src/core/prefix.ts';

/** A daemon's answers: a small system, as most are, and a wide one with everything that makes tables too wide. */
export const small = answersOf({
  networks: [
    {name: 'net1', cidr: '10.1.0.0/16', block_mask: 29, tenants: ['*']},
    {name: 'net6', cidr: 'fd00:10:1::/48', block_mask: 122, tenants: ['shop', 'bank']},
  ],
  groups: ['10.1.0.0/17', 'fd00:10:1::/49'],
  racks: [
    ['10.1.0.0/18', 'fd00:10:1::/50'],
    ['10.1.64.0/18', 'fd00:10:1:4000::/50'],
  ],
  hostName: index => `host-${index + 1}`,
  hostCount: 5,
  blackouts: [
    {cidr: '10.1.0.0/29', network: 'net1'},
    {cidr: '10.1.128.0/17', network: 'net1'},
    {cidr: 'fd00:10:1:8000::/49', network: 'net6'},
  ],
});

export const wide = answersOf({
  networks: [
    {
      name: 'production-network-of-the-first-datacenter',
      cidr: '100.96.0.0/11',
      block_mask: 29,
      tenants: ['the-online-shop-of-the-company', '*'],
    },
    {name: 'production-network-of-the-first-datacenter-ipv6', cidr: '2001:db8:1234:5600::/56', block_mask: 122, tenants: ['*']},
  ],
  groups: ['100.96.0.0/12', '2001:db8:1234:5600::/57'],
  racks: [
    ['100.96.0.0/13', '2001:db8:1234:5600::/58'],
    ['100.104.0.0/13', '2001:db8:1234:5640::/58'],
  ],
  hostName: index => `ip-192-168-20-${index + 1}.eu-west-1.compute.internal`,
  hostCount: 9,
  blackouts: [],
});

interface SampleOptions {
  readonly networks: readonly {
    readonly name: string;
    readonly cidr: string;
    readonly block_mask: number;
    readonly tenants: readonly string[];
  }[];
  /** The CIDRs of the zone, and of its two racks, by network. */
  readonly groups: readonly string[];
  readonly racks: readonly (readonly string[])[];
  hostName(index: number): string;
  readonly hostCount: number;
  readonly blackouts: readonly {readonly cidr: string; readonly network: string}[];
}

function answersOf({networks, groups, racks, hostName, hostCount, blackouts}: SampleOptions): Readonly<Record<string, unknown>> {
  const zone = groups[1]?.includes('1234') ? 'availability-zone-1' : 'zone-A';
  const rackOf = (index: number) => racks[index % 2] ?? [];
  const pathOf = (index: number) => `${zone}/rack-${(index % 2) + 1}`;
  const hosts = Array.from({length: hostCount}, (_, index) => ({
    name: hostName(index),
    ip: `192.168.20.${index + 1}`,
    tags: index === 0 ? null : {rack: `rack-${(index % 2) + 1}`, zone},
    drained: index === 1,
    groups: Object.fromEntries(
      networks.map(({name}, net) => [name, {name: `rack-${(index % 2) + 1}`, path: pathOf(index), cidr: rackOf(index)[net]}]),
    ),
  }));
  const tenantOf = (index: number) => (index % 3 === 0 ? 'shop' : 'bank');
  const segmentOf = (index: number) => (hostCount > 5 ? `segment-of-the-frontend-${index}` : `seg-${index % 2}`);
  const blocks = hosts
    .flatMap(({name}, index) =>
      networks.map(({block_mask}, net) => ({
        cidr: subPrefix(parsePrefix(rackOf(index)[net] ?? ''), block_mask, index + 1),
        host: index === 4 ? '' : name,
        tenant: index === 4 ? '' : tenantOf(index),
        segment: index === 4 ? '' : segmentOf(index),
        revision: 10 + index,
        allocated_ip_count: index === 4 ? 0 : 1 + index,
      })),
    )
    .sort((a, b) => comparePrefixes(a.cidr, b.cidr));
  const addresses = blocks
    .filter(({host}) => host !== '')
    .map(({cidr, host, tenant, segment}, index) => ({
      name: hostCount > 5 ? `deployment-frontend-5d59d67564-${index}.default.pod` : `web-${index + 1}`,
      ip: firstAddress(cidr),
      cidr,
      block: cidr,
      host,
      tenant,
      segment,
      network: networks[cidr.includes(':') ? 1 : 0]?.name,
      allocated_at: '2026-11-21T10:00:00.000Z',
    }));
  const hostsIn = (rack: number) => hosts.filter((_, index) => index % 2 === rack).map(({name, ip}) => ({name, ip}));
  const topologies = networks.map(({name}, net) => ({
    networks: [name],
    map: [
      {
        name: zone,
        cidr: groups[net],
        groups: racks.map((cidrs, rack) => ({name: `rack-${rack + 1}`, cidr: cidrs[net], groups: hostsIn(rack)})),
      },
    ],
  }));
  const names = hosts.map(({name}) => name);
  const vips = [
    {name: 'db', ip: '192.168.20.100', hosts: names.slice(0, 2), holder: names[1], since: '2026-11-21T10:00:00.000Z'},
    {name: 'web', ip: 'fd00:20::100', hosts: [], holder: ''},
  ];
  return {
    'GET /hosts': {revision: 20, hosts},
    ...Object.fromEntries(hosts.map(host => [`GET /hosts/${host.name}`, host])),
    'GET /networks': networks.map(({name, cidr}) => ({revision: 20, id: name, cidr})),
    ...Object.fromEntries(networks.map(({name, cidr}) => [`GET /networks/${name}`, {revision: 20, id: name, cidr}])),
    'GET /blocks': {revision: 20, blocks},
    ...Object.fromEntries(
      ['shop', 'bank'].map(tenant => [
        `GET /blocks?tenant=${tenant}`,
        {revision: 20, blocks: blocks.filter(block => block.tenant === tenant)},
      ]),
    ),
    'GET /blocks?tenant=shop&segment=seg-1': {
      revision: 20,
      blocks: blocks.filter(({tenant, segment}) => tenant === 'shop' && segment === 'seg-1'),
    },
    'GET /addresses': addresses,
    'GET /addresses/web-1': addresses.slice(0, 1),
    'GET /blackouts': blackouts,
    'GET /vips': vips,
    ...Object.fromEntries(vips.map(vip => [`GET /vips/${vip.name}`, vip])),
    'GET /topology': {networks, topologies},
    'GET /tenants': [{name: 'bank'}, {name: 'idle'}, {name: 'shop'}],
    'GET /tenants/shop/segments': [{name: 'seg-0'}, {name: 'seg-1'}],
    'GET /tenants/idle/segments': [],
    'GET /blocks?tenant=idle': {revision: 20, blocks: []},
    'GET /explain/10.1.0.9': {
      ip: '10.1.0.9',
      text: [
        '10.1.0.9 is the address web-1 of tenant shop, segment web.',
        'It lies in block 10.1.0.8/29, which belongs to host-1 (192.168.20.1) and in which 1 of 8 addresses is in use, all of them of one tenant and segment.',
        'host-1 announces 10.1.0.8/29.',
      ],
    },
  };
}
