import type {Amount, AnnouncedCounts, GroupPlan, RouteCounts, Span, TopologyPlan} from '../core/topology-plan-model.ts';

/** A plan as JSON. Numbers that JSON readers would round, from 2^53 on, are strings of digits. */
export function planDocument({fits, problems, warnings, load, networks, routes}: TopologyPlan): object {
  return {
    fits,
    problems,
    warnings,
    plan: {
      live: load.isLive,
      hosts: load.hosts,
      hosts_per_group: load.hostsPerGroup,
      endpoints_per_host: load.endpointsPerHost ?? null,
      owners_per_host: load.ownersPerHost,
    },
    networks: networks.map(({network: {name, cidr, blockMask, tenants}, groups}) => {
      return {name, cidr, block_mask: blockMask, tenants: tenants.length === 0 ? ['*'] : tenants, groups: groups.map(groupOf)};
    }),
    routes: Object.fromEntries(
      Object.entries(routes).map(([family, {topology, flat}]) => [family, {topology: routesOf(topology), flat: routesOf(flat)}]),
    ),
  };
}

/** The same for a document that cannot be planned at all. */
export function refusedDocument(problems: readonly string[]): object {
  return {fits: false, problems, warnings: [], plan: null, networks: [], routes: {}};
}

function groupOf(group: GroupPlan) {
  const {name, path, cidr, depth, level, isLeaf, children, room, hosts} = group;
  return {
    name,
    path,
    cidr,
    depth,
    level,
    leaf: isLeaf,
    groups: children,
    room: room ?? null,
    routes: numberOf(group.routes),
    hosts,
    hosts_when_full: numberOf(group.hostsWhenFull),
    addresses_per_host_when_full: numberOf(group.addressesPerHostWhenFull),
    blocks_needed: numberOf(group.neededBlocks),
    blocks: amountOf(group.blocks),
    addresses: amountOf(group.addresses),
  };
}

function amountOf({capacity, used, free, blackedOut, padding, reserved}: Amount) {
  return {
    capacity: numberOf(capacity),
    used: numberOf(used),
    free: numberOf(free),
    blacked_out: numberOf(blackedOut),
    padding: numberOf(padding),
    reserved: numberOf(reserved),
  };
}

function routesOf({host, tor, spine, core, vpc}: RouteCounts) {
  return {
    host: {
      kernel: {blocks: numberOf(host.kernel.blocks), aggregate: spanOf(host.kernel.aggregate)},
      announced: announcedOf(host.announced),
    },
    tor: announcedOf(tor),
    spine: numberOf(spine),
    core: numberOf(core),
    vpc: numberOf(vpc),
  };
}

function announcedOf({blocks, aggregate, groups}: AnnouncedCounts) {
  return {blocks: numberOf(blocks), aggregate: spanOf(aggregate), groups: numberOf(groups)};
}

function spanOf({least, most}: Span) {
  return {least: numberOf(least), most: numberOf(most)};
}

function numberOf(value: bigint | undefined): number | string | null {
  if (value === undefined) return null;
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
}
