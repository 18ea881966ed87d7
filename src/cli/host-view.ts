import {parsePrefix, prefixLength} from '../core/prefix.ts';
import {renderCount} from './bar.ts';
import {holdingCells, holdingColumns} from './holdings.ts';
import {type Column, renderDetails, renderFittedTable} from './table.ts';
import {sumCounts} from './usage.ts';
import {renderUsage, type UsageState} from './usage-view.ts';
import type {BlockView, HostView} from './wire.ts';

/** The table of hosts; `blocks` are all that there are. */
export function renderHosts(hosts: readonly HostView[], blocks: readonly BlockView[]): string {
  const blocksOf = Map.groupBy(blocks, ({host}) => host);
  const rows = hosts.map(host => {
    const {ip, name} = host;
    return [ip, name, tagsOf(host), shortGroupsOf(host), ...holdingCells(blocksOf.get(name)), stateOf(host)];
  });
  return renderFittedTable(columns, rows);
}

/** One host in detail. */
export function renderHost(host: HostView, {blocks, usageOf}: UsageState, isUnicode: boolean): string {
  const own = blocks.filter(block => block.host === host.name).map(({cidr}) => parsePrefix(cidr));
  const addresses = sumCounts(own.map(cidr => usageOf(cidr, prefixLength(cidr)).addresses));
  const fixed = host.cidr === undefined ? undefined : parsePrefix(host.cidr);
  return renderDetails(`Host ${host.name}`, [
    ['IP', host.ip],
    ['Tags', tagsOf(host)],
    ['Groups', groupsOf(host).join('\n') || '-'],
    ...(fixed === undefined
      ? []
      : [['Own prefix', `${fixed}\n${renderUsage(usageOf(fixed, prefixLength(fixed)).addresses, isUnicode)}`] as const]),
    ['State', stateOf(host)],
    ['Blocks', renderCount(own.length)],
    ['Addresses', own.length === 0 ? '0' : `${renderUsage(addresses, isUnicode)} in its blocks`],
  ]);
}

const columns: readonly Column[] = [
  {heading: 'Host IP'},
  {heading: 'Host Name', isCut: true},
  {heading: 'Tags', isSpare: true},
  {heading: 'Groups', isCut: true},
  ...holdingColumns,
  {heading: 'State'},
];

function stateOf({drained}: HostView): string {
  return drained ? 'drained' : 'in use';
}

function tagsOf({tags}: HostView): string {
  const pairs = Object.entries(tags ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.join(',') || '-';
}

function groupsOf({groups}: HostView): string[] {
  return Object.entries(groups ?? {}).map(([network, {path, cidr}]) => `${network}:${path === '' ? cidr : `${path} (${cidr})`}`);
}

/** One path, where the host has the same in every network, and the prefix that is its own; CIDRs are for the host in detail. */
function shortGroupsOf({groups, cidr: fixed}: HostView): string {
  const entries = Object.entries(groups ?? {}).map(([network, {path, cidr}]) => ({network, place: path || cidr}));
  const places = new Set(entries.map(({place}) => place));
  const text = places.size <= 1 ? ([...places][0] ?? '-') : entries.map(({network, place}) => `${network}:${place}`).join(', ');
  return fixed === undefined || places.has(fixed) ? text : `${text} (${fixed})`;
}
