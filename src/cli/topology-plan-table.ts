import type {AnnouncedCounts, GroupPlan, NetworkPlan, PlannedLoad, RouteCounts, Span, TopologyPlan} from '../core/topology-plan-model.ts';
import {capitalise, renderAmount, renderNames, renderNumberOf} from '../core/topology-plan-text.ts';
import {fractionOf, renderBar, renderPercent} from './bar.ts';
import {type Column, pageWidth, renderFittedTable, wrap} from './table.ts';
import {summariseGroups} from './topology-plan-summary.ts';

/** A plan as tables: what it is for, each network with its groups, the routes, and what is wrong with it. */
export function renderPlan({load, networks, routes, problems, warnings}: TopologyPlan, isUnicode: boolean): string {
  return [
    renderLoad(load),
    ...networks.map(network => renderNetwork(network, isUnicode)),
    renderRoutes(routes, problems.length === 0),
    renderSentences('Problems', problems),
    renderSentences('Warnings', warnings),
  ]
    .filter(part => part !== '')
    .join('\n');
}

function renderLoad({isLive, hosts, hostsPerGroup, endpointsPerHost, ownersPerHost, tenants}: PlannedLoad): string {
  const filled = hostsPerGroup > 0 ? `, at least ${renderAmount(hostsPerGroup)} in each group` : '';
  const owners = ownersPerHost > 1 ? `, shared by ${renderAmount(ownersPerHost)} owners` : '';
  const kinds = tenants.length > 1 ? ` (tenants ${renderNames(tenants.map(tenant => tenant ?? 'all others'))})` : '';
  const carried = endpointsPerHost === undefined ? '' : `, ${renderNumberOf(endpointsPerHost, 'endpoint')} on each${owners}${kinds}`;
  return `${wrap(`${isLive ? (endpointsPerHost === undefined ? 'Running' : 'Running, filled up') : 'Planned'}: ${renderNumberOf(hosts, 'host')}${filled}${carried}`, pageWidth).join('\n')}\n`;
}

function renderNetwork({network, groups}: NetworkPlan, isUnicode: boolean): string {
  const {name, cidr, blockMask, tenants} = network;
  const users = tenants.length === 0 ? 'open to all tenants' : `for ${renderNames(tenants)}`;
  const title = wrap(`Network ${name}: ${cidr}, blocks of /${blockMask}, ${users}`, pageWidth).join('\n');
  const [root] = groups;
  if (root === undefined) return `${title}\n  in no topology\n`;
  const rows = summariseGroups(groups).map(({label, cidrs, ...row}) => rowOf(label, cidrs, row, isUnicode));
  return `${title}\n${renderNumbers(columns, rows)}${renderAddresses(root)}`;
}

const columns: readonly Column[] = [
  {heading: 'Group', isCut: true},
  {heading: 'CIDR'},
  {heading: 'Addresses', short: 'Addr.', isSpare: true},
  {heading: 'Blocks'},
  {heading: 'Used'},
  {heading: 'Free'},
  {heading: ''},
  {heading: 'Hosts'},
  {heading: 'Full at'},
  {heading: 'Room'},
];

function rowOf(
  label: string,
  cidr: string,
  group: Pick<GroupPlan, 'addresses' | 'blocks' | 'hosts' | 'hostsWhenFull' | 'room'>,
  isUnicode: boolean,
): string[] {
  const {addresses, blocks, hosts, hostsWhenFull, room} = group;
  const fraction = fractionOf(blocks.used, blocks.used + blocks.free);
  return [
    label,
    cidr,
    renderAmount(addresses.capacity),
    renderAmount(blocks.capacity),
    renderAmount(blocks.used),
    renderAmount(blocks.free),
    `${renderBar(fraction, 8, isUnicode)} ${renderPercent(fraction).padStart(5)}`,
    renderAmount(hosts),
    hostsWhenFull === undefined ? '-' : renderAmount(hostsWhenFull),
    room === undefined ? '-' : renderAmount(room),
  ];
}

/** Addresses of a block that one owner has are free for nobody else. */
function renderAddresses({addresses, blocks, addressesPerHostWhenFull, cidr}: GroupPlan): string {
  const size = addresses.capacity / blocks.capacity;
  const held = blocks.used * size - addresses.used;
  const ofThem = [
    ...(addresses.padding > 0n ? [`${renderAmount(addresses.padding)} of them in no group yet`] : []),
    ...(addresses.reserved > 0n ? [`${renderAmount(addresses.reserved)} of them only for hosts with own prefixes`] : []),
  ];
  const parts = [
    `${renderAmount(addresses.used)} used`,
    `${renderAmount(held)} held by the owners of used blocks`,
    `${renderAmount(addresses.free - held)} free${ofThem.length === 0 ? '' : ` (${ofThem.join(', ')})`}`,
    ...(addresses.blackedOut > 0n ? [`${renderAmount(addresses.blackedOut)} blacked out`] : []),
    ...(addressesPerHostWhenFull === undefined ? [] : [`at most ${renderAmount(addressesPerHostWhenFull)} for each of these hosts`]),
  ];
  return `${wrap(`Addresses of ${cidr}: ${parts.join(', ')}`, pageWidth).join('\n')}\n`;
}

function renderRoutes(routes: TopologyPlan['routes'], isFit: boolean): string {
  const families = Object.entries(routes);
  if (families.length === 0) return '';
  const columnsOf = families.flatMap(([family, {topology, flat}]) => {
    const name = families.length === 1 ? '' : family === 'ipv4' ? 'IPv4 ' : 'IPv6 ';
    return [
      {heading: capitalise(`${name}here`), counts: topology},
      {heading: capitalise(`${name}flat`), counts: flat},
    ];
  });
  const isNested = columnsOf.some(({counts}) => counts.core !== undefined);
  const lines: [string, (counts: RouteCounts) => string][] = [
    ['Host, kernel: one for each block of its neighbours', ({host}) => renderAmount(host.kernel.blocks)],
    ['Host, kernel: joined (routes.aggregate)', ({host}) => renderSpan(host.kernel.aggregate)],
    ...announcedLines('Host announces', ({host}) => host.announced),
    ...announcedLines('ToR, hosts announce', ({tor}) => tor),
    ['Spine', ({spine}) => renderAmount(spine)],
    ...(isNested
      ? [['Core', ({core}: RouteCounts) => (core === undefined ? '-' : renderAmount(core))] as [string, (counts: RouteCounts) => string]]
      : []),
    ['AWS VPC route table', ({vpc}) => renderAmount(vpc)],
  ];
  const headings: Column[] = [
    {heading: `Routes${isFit ? '' : ' of what fits'}, the most that one carries`, isCut: true},
    ...columnsOf.map(({heading}) => ({heading})),
  ];
  return renderNumbers(
    headings,
    lines.map(([label, cellOf]) => [label, ...columnsOf.map(({counts}) => cellOf(counts))]),
  );
}

function announcedLines(who: string, countsOf: (counts: RouteCounts) => AnnouncedCounts): [string, (counts: RouteCounts) => string][] {
  return [
    [`${who} blocks`, counts => renderAmount(countsOf(counts).blocks)],
    [`${who} aggregates`, counts => renderSpan(countsOf(counts).aggregate)],
    [
      `${who} groups`,
      counts => {
        const {groups} = countsOf(counts);
        return groups === undefined ? '-' : renderAmount(groups);
      },
    ],
  ];
}

function renderSpan({least, most}: Span): string {
  return least === most ? renderAmount(most) : `${renderAmount(least)} to ${renderAmount(most)}`;
}

/** Numbers are easier to compare when they end below each other. */
function renderNumbers(headings: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map(({heading, short = heading}, column) => Math.max(short.length, ...rows.map(row => row[column]?.length ?? 0)));
  const isNumber = (cell: string) => /^(\d[\d,.e]*|2\^\d+|-|\d\S* to \d\S*)$/.test(cell);
  return renderFittedTable(
    headings,
    rows.map(row => row.map((cell, column) => (isNumber(cell) ? cell.padStart(widths[column] ?? 0) : cell))),
  );
}

function renderSentences(title: string, sentences: readonly string[]): string {
  if (sentences.length === 0) return '';
  const lines = sentences.flatMap(sentence =>
    wrap(sentence, pageWidth - 4).map((line, index) => `${index === 0 ? '  - ' : '    '}${line}`),
  );
  return `${[title, ...lines].join('\n')}\n`;
}
