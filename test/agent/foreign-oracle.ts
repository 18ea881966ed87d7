// What should be on the host of foreign-walk.test.ts, worked out as simply as can be: not the way the agent does it.

/** What the walk has put into the store, and done to the second link. */
export interface Model {
  /** Addresses of the other hosts that the store knows, by name. */
  readonly hosts: Map<string, readonly string[]>;
  /** The host that has a block, '' for none; by family and number of the block. */
  readonly owners: Map<string, string>;
  /** VIPs that this host may hold. */
  readonly vips: Set<string>;
  readonly eth1: {isUp: boolean; isFarUp: boolean; hasIpv4: boolean};
}

export const families = ['4', '6'] as const;
export type Family = (typeof families)[number];

/** How many blocks there are of each family; number 0 is always this host's. */
export const blockCounts: Readonly<Record<Family, number>> = {4: 12, 6: 8};

/** So many blocks from one on, as a prefix. */
export function prefixOf(family: Family, first: number, count = 1): string {
  if (family === '4') return `10.1.0.${first * 8}/${29 - Math.log2(count)}`;
  return `fd00:10:1::${first === 0 ? '' : (first * 64).toString(16)}/${122 - Math.log2(count)}`;
}

/** Routes, rules, addresses and chains of ours, as readOurs() of foreign-host.ts shows them. */
export function expectedOurs(model: Model): string[] {
  return [
    ...families.flatMap(family => neighbourRoutes(model, family)),
    ...families.flatMap(family => prefixesOf(model, family, 'host-1').map(to => `main unreachable ${to} metric 4096`)),
    'main unicast 10.1.0.3 tap3 from 192.168.20.30',
    'main unicast fd00:10:1::3 tap3 from 2001:db8::30 metric 1024',
    'main unicast 169.254.1.1 eth0',
    ...families.map(family => `rule ${family} 32000: from all lookup 10 proto 144`),
    ...[...model.vips].map(ip => `eth0 ${single(ip)} 1144`),
    ...['10.1.0.4', 'fd00:10:1::4'].map(ip => `lo ${single(ip)} 1145`),
    'tap3 fe80::1/64 1145',
    ...families.flatMap(family => chains(model, family)),
  ].toSorted();
}

/** What BIRD should announce. */
export function expectedAnnounced({owners}: Model): string[] {
  const own = [...owners].filter(([, owner]) => owner === 'host-1');
  return own.map(([block]) => blockPrefix(block)).toSorted();
}

function neighbourRoutes(model: Model, family: Family): string[] {
  return [...model.hosts].flatMap(([host, addresses]) => {
    const own = waysTo(model, addresses, family);
    const ways = own.length === 0 && family === '4' ? waysTo(model, addresses, '6') : own;
    if (ways.length === 0) return [];
    return prefixesOf(model, family, host).map(to => `10 unicast ${to} ${ways.toSorted().join(', ')} metric 64`);
  });
}

function waysTo({eth1}: Model, addresses: readonly string[], family: Family): string[] {
  const isOnLink = (address: string, subnet: RegExp) => address.includes(':') === (family === '6') && subnet.test(address);
  const hasCarrier = eth1.isUp && eth1.isFarUp;
  return addresses.flatMap(address => {
    if (isOnLink(address, /^(192\.168\.20\.|2001:db8::)/)) return [`${address} eth0`];
    if (!hasCarrier || !isOnLink(address, /^(192\.168\.21\.|2001:db8:21::)/)) return [];
    return family === '4' && !eth1.hasIpv4 ? [] : [`${address} eth1`];
  });
}

/** The blocks of a host, halves of the same joined for as long as there are any. */
function prefixesOf({owners}: Model, family: Family, host: string): string[] {
  let spans = [...owners].flatMap(([block, owner]) =>
    owner === host && block.startsWith(`${family} `) ? [{first: Number(block.slice(2)), count: 1}] : [],
  );
  for (let count = 1; count < 16; count *= 2) {
    const lower = spans.filter(span => span.count === count && span.first % (2 * count) === 0);
    for (const half of lower) {
      const other = spans.find(span => span.count === count && span.first === half.first + count);
      if (other !== undefined) spans = [...spans.filter(span => span !== half && span !== other), {first: half.first, count: 2 * count}];
    }
  }
  return spans.map(({first, count}) => prefixOf(family, first, count));
}

function chains({eth1}: Model, family: Family): string[] {
  const network = family === '4' ? '10.1.0.0/16' : 'fd00:10:1::/48';
  const name = (rest: string) => `iptables ${family} ${rest}`;
  const links = eth1.isUp && eth1.isFarUp ? ['eth0', 'eth1'] : ['eth0'];
  return [
    name(`filter FORWARD: -j ROMANA-ACCEPT`),
    name(`filter ROMANA-ACCEPT: -s ${network} -j ACCEPT; -d ${network} -j ACCEPT`),
    name(`nat POSTROUTING: -j ROMANA-MASQ`),
    name(`nat ROMANA-MASQ: -s ${network} -j ROMANA-MASQ-OUT`),
    name(
      `nat ROMANA-MASQ-OUT: ${[
        `-d ${network} -j RETURN`,
        ...(family === '4' ? ['-d 192.168.0.0/16 -j RETURN'] : []),
        ...links.map(link => `-o ${link} -j MASQUERADE`),
      ].join('; ')}`,
    ),
  ];
}

function blockPrefix(block: string): string {
  return prefixOf(block.startsWith('4') ? '4' : '6', Number(block.slice(2)));
}

function single(ip: string): string {
  return `${ip}/${ip.includes(':') ? 128 : 32}`;
}
