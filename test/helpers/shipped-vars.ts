import type {ShippedTemplate, Vars} from './shipped-templates.ts';

/** Where the goldens have the file with the password; the check by the real BIRD puts a file of its own there. */
export const md5File = '/etc/bird/tor.secret';

export interface VarsCase {
  readonly label: string;
  readonly vars: Vars;
  readonly draining: boolean;
}

/** The least that a template demands, everything that can be on at once, and a host that is drained, with an internal and an external neighbour. */
export function varsCases(template: ShippedTemplate, host: 'v4' | 'v6' | 'dual'): Record<'minimal' | 'full' | 'draining', VarsCase> {
  const isV6 = isBird1(template) ? template.families.includes('ipv6') : host === 'v6';
  const [first, second, source] = isV6 ? ['2001:db8::1', '2001:db8::2', '2001:db8::30'] : ['192.168.20.1', '192.168.20.2', '192.168.20.30'];
  const interfaces = {interface: 'eth0'};
  const isOspf = template.kind === 'ospf';
  const other = host === 'dual' && !isBird1(template) ? '2001:db8::2' : second;
  const two = {
    neighbors: [
      {address: first, as: 65000},
      {address: other, name: 'tor-2'},
    ],
  };
  return {
    minimal: {label: '', vars: isOspf ? interfaces : {neighbor: first, neighborAs: 65000}, draining: false},
    full: {
      label: '-full',
      vars: fullVars(template, {sourceAddress: source, neighbors: [{address: first, as: 65000}, {address: second}]}),
      draining: false,
    },
    draining: {label: '-draining', vars: isOspf ? interfaces : two, draining: true},
  };
}

function isBird1({name}: ShippedTemplate): boolean {
  return name.startsWith('bird1/');
}

/** Every Var of the template's head, but those that another one stands in for: see `replacedVars`. */
function fullVars({kind, text}: ShippedTemplate, addresses: Vars): Vars {
  const all = {...common, ...(kind === 'ospf' ? ospf : {...bgp, ...addresses})};
  return Object.fromEntries(Object.entries(all).filter(([name]) => text.includes(`\n  ${name} `)));
}

/** Vars that say the same as another one, in a simpler way. */
export const replacedVars: Readonly<Record<ShippedTemplate['kind'], readonly string[]>> = {bgp: ['neighbor', 'password'], ospf: []};

const common = {
  routerId: '1.2.3.4',
  gracefulRestart: true,
  gracefulRestartTime: 30,
  bfd: true,
  bfdInterval: 50,
  bfdMultiplier: 5,
  md5File,
  import: 'all',
  importLimit: 1000,
  importLimitAction: 'restart',
  receiveLimit: 2000,
  receiveLimitAction: 'disable',
  exportLimit: 500,
  exportLimitAction: 'warn',
};

const ospf = {interface: 'eth*', area: 3, type: 'ptp', helloInterval: 1, deadCount: 4, dead: 5, cost: 10, metric2: 50};

const bgp = {
  neighborAs: 65001,
  localAs: 65001,
  multihop: true,
  extendedNextHop: true,
  holdTime: 30,
  keepaliveTime: 10,
  connectDelayTime: 2,
  connectRetryTime: 5,
  errorWaitTime: '1, 2',
  communities: ['65000:100', '65000:1:2'],
};
