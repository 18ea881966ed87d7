import type {Family} from './prefix.ts';
import type {RoutePlan} from './topology-plan-model.ts';
import {renderAmount} from './topology-plan-text.ts';

/** Where route tables would become too small. */
export function routeWarnings(routes: Readonly<Partial<Record<Family, RoutePlan>>>): string[] {
  return (['ipv4', 'ipv6'] as const).flatMap(family => {
    const counts = routes[family]?.topology;
    if (counts === undefined) return [];
    const name = family === 'ipv4' ? 'IPv4' : 'IPv6';
    const most = switchRoutes[family];
    return [
      ...(counts.vpc > 50n
        ? [
            `A VPC route table of AWS would carry ${renderAmount(counts.vpc)} ${name} routes, ${vpcLimit(counts.vpc)}; those of its subnets and gateways come on top.`,
          ]
        : []),
      ...(
        [
          ['A ToR', counts.tor.blocks, ` where hosts announce blocks`],
          ['A spine', counts.spine, ''],
        ] as const
      )
        .filter(([, count]) => count > most)
        .map(
          ([who, count, when]) =>
            `${who} would carry ${renderAmount(count)} ${name} routes${when}: more than the ${renderAmount(most)} that small switches have room for.`,
        ),
    ];
  });
}

/** Forwarding tables of widespread switch chips in their default mode; an IPv6 route takes the room of two. */
const switchRoutes = {ipv4: 16_000n, ipv6: 8_000n} as const;

/** The quota of AWS, which counts each family for itself: 50 until June 2025, then 500; 1,000 is the most that is granted. */
function vpcLimit(count: bigint): string {
  if (count > 1000n) return 'more than the 1,000 that AWS allows at most';
  if (count > 500n) return 'more than 500, the default limit since June 2025 (50 before; 1,000 on request)';
  return 'more than 50, the default limit until June 2025 (500 since then; 1,000 on request)';
}
