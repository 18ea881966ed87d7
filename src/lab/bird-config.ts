import {type Family, familyOf} from '../core/prefix.ts';
import {type BgpSession, familiesIn, type OspfArea, ofFamily, type PrefixRange, type Router, timers} from './router.ts';

/** The bird.conf (BIRD 2) of a ToR or spine. */
export function renderBird(router: Router): string {
  return `${[
    `# ${router.name}, written by "romana lab up".`,
    `log stderr all;\nrouter id ${router.routerId};`,
    'protocol device { scan time 5; }\nprotocol direct { ipv4; ipv6; }',
    ...(['ipv4', 'ipv6'] as const).flatMap(family => [kernelProtocol(family), staticProtocol(router, family)]),
    ...(router.bfd === false
      ? []
      : [`protocol bfd {\n  interface "*" { interval ${router.bfd.intervalMs} ms; multiplier ${router.bfd.multiplier}; };\n}`]),
    ...router.sessions.map(session => bgpProtocol(router, session)),
    ...(router.ospf === undefined ? [] : ospfProtocols(router.ospf)),
  ].join('\n\n')}\n`;
}

/** The name of a BGP session as a BIRD symbol. */
export function birdSymbol(name: string): string {
  return `to_${name.replaceAll('-', '_')}`;
}

function kernelProtocol(family: Family): string {
  return `protocol kernel kernel_${family} {\n  merge paths yes;\n  ${family} { import none; export where source != RTS_DEVICE; };\n}`;
}

function staticProtocol({origin, underlay}: Router, family: Family): string {
  const routes = [
    ...origin.filter(prefix => familyOf(prefix) === family).map(prefix => `  route ${prefix} unreachable;`),
    ...underlay.filter(({prefix}) => familyOf(prefix) === family).map(({prefix, via}) => `  route ${prefix} via ${via};`),
  ];
  return [`protocol static static_${family} {`, `  ${family};`, ...routes, '}'].join('\n');
}

function bgpProtocol({as, bfd}: Router, {name, local, neighbor, neighborAs, accept, announce}: BgpSession): string {
  const families = familiesIn([...accept, ...announce]);
  const channels = families.map(
    family => `  ${family} { import ${filter(ofFamily(accept, family))}; export ${filter(ofFamily(announce, family))}; };`,
  );
  return `protocol bgp ${birdSymbol(name)} {
  local ${local} as ${as};
  neighbor ${neighbor} as ${neighborAs};
  direct;
  hold time ${timers.holdSeconds}; keepalive time ${timers.keepaliveSeconds};
  connect delay time 1; connect retry time ${timers.connectRetrySeconds}; error wait time 1, 2;${bfd === false ? '' : '\n  bfd graceful;'}
${channels.join('\n')}
}`;
}

/**
 * OSPFv2 always, OSPFv3 where the rack has IPv6 prefixes. The short wait and high priority make the ToR the segment's
 * designated router at once; its router id is above the hosts', so that its retransmissions count when a packet is lost.
 */
function ospfProtocols({interfaces, accept}: OspfArea): string[] {
  const families = familiesIn(accept);
  const lines = interfaces.map(({name, isShared}) => {
    const type = isShared ? 'type broadcast; priority 200; wait 2;' : 'type ptp;';
    return `    interface "${name}" { ${type} hello ${timers.helloSeconds}; dead ${timers.deadSeconds}; retransmit 2; };`;
  });
  return families.map(family => {
    const version = family === 'ipv4' ? 'v2' : 'v3';
    return [
      `protocol ospf ${version} hosts_${family} {`,
      `  ${family} { import ${filter(ofFamily(accept, family))}; export none; };`,
      '  area 0 {',
      ...lines,
      '  };',
      '}',
    ].join('\n');
  });
}

function filter(ranges: readonly PrefixRange[]): string {
  if (ranges.length === 0) return 'none';
  return `where net ~ [ ${ranges.map(({prefix, longer}) => `${prefix}${longer ? '+' : ''}`).join(', ')} ]`;
}
