import {type Family, familyOf} from '../core/prefix.ts';
import {prefixList} from './frr-prefix-list.ts';
import {type BgpSession, familiesIn, ofFamily, type Router, timers} from './router.ts';

/** The bgpd.conf of a ToR or spine. */
export function renderBgpd(router: Router): string {
  const {as, routerId, sessions} = router;
  return [
    `router bgp ${as}`,
    ` bgp router-id ${routerId}`,
    ' no bgp ebgp-requires-policy',
    ' no bgp network import-check',
    ' no bgp default ipv4-unicast',
    ' bgp bestpath as-path multipath-relax',
    ` timers bgp ${timers.keepaliveSeconds} ${timers.holdSeconds}`,
    ...sessions.flatMap(session => neighbor(router, session)),
    ...addressFamily(router, 'ipv4'),
    ...addressFamily(router, 'ipv6'),
    'exit',
    ...sessions.flatMap(filters),
    '',
  ].join('\n');
}

/**
 * When a session with BFD is established for the first time, FRR 8.4 begins its BFD session anew, and a neighbour whose BFD was
 * up by then ends BGP once because of it: hosts should not wait long after an error (Vars.errorWaitTime of their template).
 */
function neighbor({bfd}: Router, {name, neighbor, neighborAs}: BgpSession): string[] {
  return [
    ` neighbor ${neighbor} remote-as ${neighborAs}`,
    ` neighbor ${neighbor} description ${name}`,
    ` neighbor ${neighbor} timers connect ${timers.connectRetrySeconds}`,
    ` neighbor ${neighbor} advertisement-interval 0`,
    ...(bfd === false
      ? []
      : [
          ` neighbor ${neighbor} bfd ${bfd.multiplier} ${bfd.intervalMs} ${bfd.intervalMs}`,
          ` neighbor ${neighbor} bfd check-control-plane-failure`,
        ]),
  ];
}

function addressFamily({origin, sessions}: Router, family: Family): string[] {
  const ofThis = sessions.filter(session => familiesOf(session).includes(family));
  if (ofThis.length === 0) return [];
  return [
    ` address-family ${family} unicast`,
    ...origin.filter(prefix => familyOf(prefix) === family).map(prefix => `  network ${prefix}`),
    ...ofThis.flatMap(({name, neighbor}) => [
      `  neighbor ${neighbor} activate`,
      `  neighbor ${neighbor} prefix-list from-${name} in`,
      `  neighbor ${neighbor} prefix-list to-${name} out`,
    ]),
    ' exit-address-family',
  ];
}

function filters(session: BgpSession): string[] {
  return familiesOf(session).flatMap(family => [
    ...prefixList(family, `from-${session.name}`, ofFamily(session.accept, family)),
    ...prefixList(family, `to-${session.name}`, ofFamily(session.announce, family)),
  ]);
}

function familiesOf({accept, announce}: BgpSession): Family[] {
  return familiesIn([...accept, ...announce]);
}
