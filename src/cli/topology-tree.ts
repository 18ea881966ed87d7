import {parsePrefix} from '../core/prefix.ts';
import {renderCount} from './bar.ts';
import {type Column, pageWidth, renderFirst, renderFittedTable, wrap} from './table.ts';
import type {UsageOf} from './usage.ts';
import {usageCells, usageColumns} from './usage-view.ts';
import type {TopologyEntry, TopologyView} from './wire.ts';

export interface TreeOptions {
  readonly isUnicode: boolean;
  /** Names every host below its group, and not only the first ones. */
  readonly isWhole: boolean;
}

/** The networks, and the groups of each as a tree: CIDR, hosts, and how much of it is in use. */
export function renderTopologyTree({networks, topologies}: TopologyView, usageOf: UsageOf, {isUnicode, isWhole}: TreeOptions): string {
  const cellsOf = (cidr: string, blockLength: number | undefined) =>
    usageCells(cidr === '' || blockLength === undefined ? undefined : usageOf(parsePrefix(cidr), blockLength), isUnicode);
  const overview = networks.map(({name, cidr, block_mask, tenants = []}) => [name, cidr, tenants.join(', '), ...cellsOf(cidr, block_mask)]);
  const trees = topologies.map(({networks: names, map}) => {
    const blockLength = networks.find(({name}) => name === names[0])?.block_mask;
    const groups = map.flatMap(entry => groupsOf(entry, 0));
    const rows = groups.map(({name, cidr, hostCount}) => [name, cidr, renderCount(hostCount), ...cellsOf(cidr, blockLength)]);
    const [head = '', ...lines] = renderFittedTable(groupColumns, rows).trimEnd().split('\n');
    const text = [head, ...lines.flatMap((line, index) => [line, ...hostLines(groups[index], isWhole)])].join('\n');
    return `\nTopology for Network/s: [${names.join(' ')}]\n${text}\n`;
  });
  return `Networks\n${renderFittedTable(networkColumns, overview)}${trees.join('')}`;
}

const networkColumns: readonly Column[] = [
  {heading: 'Name', isCut: true},
  {heading: 'CIDR'},
  {heading: 'Tenants', isCut: true},
  ...usageColumns,
];
const groupColumns: readonly Column[] = [{heading: 'Name', isCut: true}, {heading: 'CIDR'}, {heading: 'Nodes'}, ...usageColumns];
const firstHosts = 3;

interface GroupRow {
  /** Indented by its depth in the tree. */
  readonly name: string;
  readonly cidr: string;
  readonly depth: number;
  /** In the group itself. */
  readonly hosts: readonly string[];
  /** With those of the groups inside. */
  readonly hostCount: number;
}

/** A group, followed by all groups inside. */
function groupsOf({name, cidr = '', groups: entries = []}: TopologyEntry, depth: number): GroupRow[] {
  const hosts = entries.filter(({ip}) => ip !== undefined).map(host => `${host.name}(${host.ip})`);
  const inner = entries.filter(({ip}) => ip === undefined).flatMap(entry => groupsOf(entry, depth + 1));
  const hostCount = inner.reduce((sum, group) => sum + group.hosts.length, hosts.length);
  return [{name: '  '.repeat(depth) + (name ?? '-'), cidr, depth, hosts, hostCount}, ...inner];
}

function hostLines(group: GroupRow | undefined, isWhole: boolean): string[] {
  if (group === undefined || group.hosts.length === 0) return [];
  const indent = '  '.repeat(group.depth + 2);
  const text = isWhole ? group.hosts.join(', ') : renderFirst(group.hosts, firstHosts);
  return wrap(text, pageWidth - indent.length).map(line => indent + line);
}
