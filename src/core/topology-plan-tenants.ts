import {familyOf} from './prefix.ts';
import type {NetworkTree} from './state.ts';
import type {TopologyDocument} from './topology-document.ts';
import type {LiveSystem} from './topology-plan-live.ts';
import {renderNames} from './topology-plan-text.ts';

/** Which tenants would get no addresses. */
export function tenantWarnings(document: TopologyDocument, trees: readonly NetworkTree[], live: LiveSystem | undefined): string[] {
  const hasNetwork = (tenant: string) => trees.some(({network: {tenants}}) => tenants.length === 0 || tenants.includes(tenant));
  const known = [
    ...document.networks.flatMap(({tenants}) => tenants),
    ...(live?.tenants ?? []),
    ...(live?.blocks ?? []).map(({tenant}) => tenant),
  ];
  const lacking = [...new Set(known)].filter(tenant => tenant !== '' && !hasNetwork(tenant));
  const closed = (['ipv4', 'ipv6'] as const).flatMap(family => {
    const networks = trees.map(({network}) => network).filter(({cidr}) => familyOf(cidr) === family);
    if (networks.length === 0 || networks.some(({tenants}) => tenants.length === 0)) return [];
    const name = family === 'ipv4' ? 'IPv4' : 'IPv6';
    const tenants = [...new Set(networks.flatMap(network => network.tenants))];
    return [`Only ${renderNames(tenants)} can have ${name} addresses: no ${name} network in a topology is open to all tenants.`];
  });
  return [
    ...(lacking.length === 0
      ? []
      : [
          `No network is there for ${lacking.length === 1 ? 'tenant' : 'tenants'} ${renderNames(lacking)}: no endpoint of ${lacking.length === 1 ? 'it' : 'them'} gets an address.`,
        ]),
    ...closed,
  ];
}
