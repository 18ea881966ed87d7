import type {Random} from '../helpers/random.ts';
import type {AgentHost} from './agent-host.ts';
import type {ForeignHost} from './foreign-host.ts';
import {expectedOurs, type Model} from './foreign-oracle.ts';

/** What somebody does on the machine. What is not there to be deleted is no failure. */
export type Meddling = (host: ForeignHost, model: Model, random: Random) => Promise<void>;

/** Of these the kernel tells, and they are put right at once. */
export const told: Readonly<Record<string, Meddling>> = {
  'flush table 10': lineOf('route flush table 10 proto 144'),
  'flush table 10 of IPv6': lineOf('-6 route flush table 10 proto 144'),
  'flush the main table': lineOf('route flush table main proto 144'),
  'delete a route': withRoute(({family, to}) => `${family} route del ${to} table 10 proto 144`),
  'replace a next hop': withRoute(({family, to, via}) => `${family} route replace ${to} via ${via} table 10 proto 144 metric 64`),
  // Of IPv6 it becomes another next hop, of IPv4 another route.
  'append a next hop': withRoute(({family, to, via}) => `${family} route append ${to} via ${via} table 10 proto 144 metric 64`),
  'prepend a next hop': withRoute(({family, to, via}) => `${family} route prepend ${to} via ${via} table 10 proto 144 metric 64`),
  'a blackhole beside a route': withRoute(({family, to}) => `${family} route append blackhole ${to} table 10 proto 144 metric 64`),
  'a route beside what is unreachable': lineOf(
    'route append 10.1.0.0/29 via 192.168.20.1 proto 144 metric 4096',
    'route prepend blackhole 10.1.0.0/29 proto 144 metric 4096',
  ),
  'append a route of another metric': withRoute(
    ({family, to, via}) => `${family} route append ${to} via ${via} table 10 proto 144 metric 65`,
  ),
  'take the place of a route, and give it back': async ({ip}, model, random) => {
    const route = pickRoute(model, random);
    if (route === undefined) return;
    const {family, to, via} = route;
    await ip(`${family} route replace ${to} via ${via} table 10 proto static metric 64`);
    await ip(`${family} route del ${to} via ${via} table 10 proto static metric 64`);
  },
  'delete what is unreachable': lineOf(
    'route del unreachable 10.1.0.0/29 proto 144',
    '-6 route flush table main proto 144 type unreachable',
  ),
  'make a blackhole of it': lineOf('route replace blackhole 10.1.0.0/29 proto 144 metric 4096'),
  'routes that nobody wants': lineOf(
    'route add 10.1.7.0/24 via 192.168.20.1 table 10 proto 144',
    'route add unreachable 10.1.8.0/24 proto 144',
    '-6 route add unreachable fd00:10:1::800/122 proto 144',
    '-6 route add fd00:10:1::840/122 via 2001:db8::1 table 10 proto 144',
  ),
  'another MTU for a route': withRoute(
    ({family, to, via}) => `${family} route replace ${to} via ${via} mtu 700 table 10 proto 144 metric 64`,
  ),
  'a subnet that would be ours': lineOf(
    'route add 10.1.9.0/28 dev eth0 proto 144 metric 64',
    '-6 route add fd00:10:1::900/122 dev eth0 proto 144 metric 64',
  ),
  'delete the rules': lineOf('rule del pref 32000 lookup 10 proto 144', '-6 rule del pref 32000 lookup 10 proto 144'),
  'move a rule': lineOf('rule add pref 9 lookup 10 proto 144', 'rule del pref 32000 lookup 10 proto 144'),
  'add rules': lineOf('rule add pref 32000 lookup 12 proto 144', '-6 rule add pref 9 lookup 10 proto 144'),
  'delete routes to endpoints': lineOf(
    'route del 10.1.0.3 proto 144',
    '-6 route del fd00:10:1::3 proto 144',
    'route del 169.254.1.1 proto 144',
  ),
  'a route to an endpoint leads elsewhere': lineOf('route replace 10.1.0.3 dev eth0 proto 144'),
  'delete addresses of endpoints': lineOf('address del 10.1.0.4/32 dev lo', '-6 address del fd00:10:1::4/128 dev lo'),
  'delete the gateway': lineOf('-6 address del fe80::1/64 dev tap3'),
  "switch an endpoint's interface off": lineOf('link set tap3 down'),
  'delete addresses of VIPs': async ({ip}, {vips}) => {
    for (const vip of vips) await ip(`address del ${vip}/${vip.includes(':') ? 128 : 32} dev eth0`).catch(ignore);
  },
};

/** Of these nobody tells: they are found at the next look. */
export const untold: Readonly<Record<string, Meddling>> = {
  'flush a chain': commandOf('iptables-nft -t nat -F ROMANA-MASQ-OUT', 'ip6tables-nft -F ROMANA-ACCEPT'),
  'delete a jump': commandOf('iptables-nft -D FORWARD 3', 'ip6tables-nft -t nat -D POSTROUTING 2'),
  'delete a chain': commandOf('iptables-nft -D FORWARD 3', 'iptables-nft -F ROMANA-ACCEPT', 'iptables-nft -X ROMANA-ACCEPT'),
  'a rule in a chain of ours': commandOf(
    'iptables-nft -I ROMANA-ACCEPT -s 10.1.0.0/16 -j DROP',
    'ip6tables-nft -t nat -A ROMANA-MASQ -j RETURN',
  ),
  'switch forwarding off': commandOf('sysctl -qw net.ipv4.ip_forward=0', 'sysctl -qw net.ipv6.conf.all.forwarding=0'),
  'other settings': commandOf('sysctl -qw net.ipv4.conf.eth0.rp_filter=1 net.ipv4.conf.eth0.arp_announce=0 net.ipv4.conf.tap3.proxy_arp=0'),
  'delete names': commandOf('rm -f FOLDER/iproute2/rt_tables.d/romana.conf'),
};

const ignore = () => undefined;

function lineOf(...lines: readonly string[]): Meddling {
  return async ({ip}) => {
    for (const line of lines) await ip(line).catch(ignore);
  };
}

function commandOf(...commands: readonly string[]): Meddling {
  return async ({namespace, folder}) => {
    for (const command of commands) await namespace.run('sh', ['-c', command.replace('FOLDER', folder)]).catch(ignore);
  };
}

interface Victim {
  readonly family: string;
  readonly to: string;
  readonly via: string;
}

/** Something with a route to blocks of another host, if there is one. */
function withRoute(line: (route: Victim) => string): Meddling {
  return async ({ip}: Pick<AgentHost, 'ip'>, model, random) => {
    const route = pickRoute(model, random);
    if (route !== undefined) await ip(line(route)).catch(ignore);
  };
}

function pickRoute(model: Model, random: Random): Victim | undefined {
  const [first, ...others] = expectedOurs(model).flatMap(line => /^10 unicast (\S+) /.exec(line)?.[1] ?? []);
  if (first === undefined) return undefined;
  const to = random.pick([first, ...others]);
  return to.includes(':') ? {family: '-6', to, via: '2001:db8::1'} : {family: '-4', to, via: '192.168.20.1'};
}
