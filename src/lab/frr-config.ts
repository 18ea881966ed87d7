import {familyOf} from '../core/prefix.ts';
import {renderBgpd} from './frr-bgp-config.ts';
import {prefixList} from './frr-prefix-list.ts';
import {familiesIn, type OspfArea, ofFamily, type Router, timers} from './router.ts';

/** The configuration of a ToR or spine for FRR: for each of its daemons that is needed, the text of its file. */
export function renderFrr(router: Router): ReadonlyMap<FrrDaemon, string> {
  const files = new Map<FrrDaemon, string>([
    ['zebra', zebra(router)],
    ['staticd', staticd(router)],
    ['bgpd', renderBgpd(router)],
  ]);
  if (router.bfd !== false) files.set('bfdd', '');
  if (router.ospf === undefined) return new Map([...files].map(([daemon, text]) => [daemon, head(router) + text]));
  files.set('ospfd', ospfd(router, router.ospf, 'ospf'));
  if (familiesIn(router.ospf.accept).includes('ipv6')) files.set('ospf6d', ospfd(router, router.ospf, 'ospf6'));
  return new Map([...files].map(([daemon, text]) => [daemon, head(router) + text]));
}

export type FrrDaemon = 'zebra' | 'staticd' | 'bfdd' | 'bgpd' | 'ospfd' | 'ospf6d';

function head({name}: Router): string {
  return `! ${name}, written by "romana lab up".\nhostname ${name}\n`;
}

/** OSPF has no filter for incoming routes, so zebra refuses those that are not the rack's. */
function zebra({ospf}: Router): string {
  if (ospf === undefined) return '';
  const ipv4 = ofFamily(ospf.accept, 'ipv4');
  const ipv6 = ofFamily(ospf.accept, 'ipv6');
  const rules = [
    [
      ...prefixList('ipv4', 'rack', ipv4),
      'route-map rack4 permit 10',
      ' match ip address prefix-list rack',
      'ip protocol ospf route-map rack4',
    ],
    [
      ...prefixList('ipv6', 'rack', ipv6),
      'route-map rack6 permit 10',
      ' match ipv6 address prefix-list rack',
      'ipv6 protocol ospf6 route-map rack6',
    ],
  ];
  return lines(rules.flat());
}

function staticd({origin, underlay}: Router): string {
  const command = {ipv4: 'ip route', ipv6: 'ipv6 route'} as const;
  return lines([
    ...origin.map(prefix => `${command[familyOf(prefix)]} ${prefix} reject`),
    ...underlay.map(({prefix, via}) => `${command[familyOf(prefix)]} ${prefix} ${via}`),
  ]);
}

function ospfd({routerId}: Router, {interfaces}: OspfArea, protocol: 'ospf' | 'ospf6'): string {
  const command = protocol === 'ospf' ? 'ip ospf' : 'ipv6 ospf6';
  return lines([
    ...interfaces.flatMap(({name, isShared}) => [
      `interface ${name}`,
      ` ${command} area 0`,
      ` ${command} network ${isShared ? 'broadcast' : 'point-to-point'}`,
      ...(isShared ? [` ${command} priority 200`] : []),
      ` ${command} retransmit-interval 2`,
      ` ${command} hello-interval ${timers.helloSeconds}`,
      ` ${command} dead-interval ${timers.deadSeconds}`,
    ]),
    `router ${protocol}`,
    ` ${protocol} router-id ${routerId}`,
    ' timers throttle spf 0 50 200',
  ]);
}

function lines(texts: readonly string[]): string {
  return texts.map(text => `${text}\n`).join('');
}
