import {contains, parsePrefix} from '../core/prefix.ts';
import {renderNumberOf} from '../core/topology-plan-text.ts';
import {pageWidth, wrap} from './table.ts';
import type {DryRun, PropertiesView, TopologyChangesView} from './wire.ts';

/** What a topology would change, and why it would not fit, a sentence a paragraph. */
export function renderDryRun({fits, problems, changes}: DryRun): string {
  const changed = changeLines(changes);
  const lines = [
    fits ? 'The topology fits. Nothing has been changed.' : 'The topology does not fit:',
    ...problems.flatMap(problem => problem.split('\n')).map(problem => `  ${problem}`),
    ...(fits && changed.length === 0 ? ['Nothing would change.'] : changed),
  ];
  return `${lines.flatMap(wrapIndented).join('\n')}\n`;
}

function changeLines(changes: TopologyChangesView): string[] {
  return [
    ...list(
      'Networks renamed',
      changes.networks_renamed.map(({cidr, from, to}) => `${from} → ${to} (${cidr})`),
    ),
    ...list(
      'Networks changed',
      changes.networks_changed.map(({name, cidr, from, to}) => `${place(name, cidr, to)}: ${differences(from, to)}`),
    ),
    ...list(
      'Networks added',
      changes.networks_added.map(network => `${describeNetwork(network)}; ${countGroups(network, changes.groups_added)}`),
    ),
    ...list('Networks removed', changes.networks_removed.map(describeNetwork)),
    ...names('Networks in another order', changes.networks_reordered),
    ...list('Groups renamed', changes.groups_renamed.map(renderRename)),
    ...list(
      'Groups changed',
      changes.groups_changed.map(({network, path, cidr, from, to}) => {
        return `${place(path, cidr, to)}, network ${network}: ${differences(from, to)}`;
      }),
    ),
    // A network that comes or goes has told of its groups.
    ...list('Groups added', without(changes.groups_added, changes.networks_added).map(describeGroup)),
    ...list('Groups removed', without(changes.groups_removed, changes.networks_removed).map(describeGroup)),
    ...names('Hosts added', changes.hosts_added),
    ...names('Hosts moved', changes.hosts_moved),
    ...names('Hosts not listed any more, which stay until they are removed', changes.hosts_unlisted),
  ];
}

function list(heading: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${heading}:`, ...items.map(item => `  ${item}`)];
}

function names(heading: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${heading}: ${items.join(', ')}`];
}

function describeNetwork({name, cidr, block_mask, tenants}: TopologyChangesView['networks_added'][number]): string {
  return `${name} (${cidr}): blocks of /${block_mask}; ${tenants.includes('*') ? 'any tenant' : `tenants ${tenants.join(', ')}`}`;
}

function countGroups({cidr}: InPlace, groups: readonly InPlace[]): string {
  const count = groups.filter(isIn(cidr)).length;
  return count === 0 ? 'no groups, so no addresses' : renderNumberOf(count, 'group');
}

interface InPlace {
  readonly cidr: string;
}

/** By CIDR: a network that goes may have the name of one that stays. */
function isIn(network: string): (group: InPlace) => boolean {
  const outer = parsePrefix(network);
  return ({cidr}) => contains(outer, parsePrefix(cidr));
}

function without<Item extends InPlace>(groups: readonly Item[], networks: readonly InPlace[]): Item[] {
  const tests = networks.map(({cidr}) => isIn(cidr));
  return groups.filter(group => tests.every(isInside => !isInside(group)));
}

function renderRename({network, path, cidr, from, to}: TopologyChangesView['groups_renamed'][number]): string {
  const parent = path.slice(0, path.length - (to || cidr).length);
  const names = `${parent}${from || cidr} → ${path}`;
  return `${names.includes(cidr) ? names : `${names} (${cidr})`}, network ${network}`;
}

function describeGroup({network, path, cidr, assignment, routing}: TopologyChangesView['groups_added'][number]): string {
  const labels = renderLabels(assignment);
  const properties = [...(labels ? [`labels ${labels}`] : []), ...(routing === '' ? [] : [`routing ${routing}`])];
  return `${place(path, cidr, {})}, network ${network}${properties.length === 0 ? '' : `: ${properties.join('; ')}`}`;
}

/** A CIDR that changes stands with what it was. A group without a name is called by its CIDR. */
function place(name: string, cidr: string, changed: PropertiesView): string {
  return changed.cidr !== undefined || name.endsWith(cidr) ? name : `${name} (${cidr})`;
}

function differences(from: PropertiesView, to: PropertiesView): string {
  const parts: [what: string, was: string | undefined, is: string | undefined][] = [
    ['CIDR', from.cidr, to.cidr],
    ['blocks', renderMask(from.block_mask), renderMask(to.block_mask)],
    ['tenants', renderTenants(from.tenants), renderTenants(to.tenants)],
    ['labels', renderLabels(from.assignment), renderLabels(to.assignment)],
    ['routing', from.routing, to.routing],
  ];
  return parts
    .filter(([, was, is]) => was !== undefined && is !== undefined)
    .map(([what, was, is]) => `${what} ${was || 'none'} → ${is || 'none'}`)
    .join('; ');
}

function renderMask(length: number | undefined): string | undefined {
  return length === undefined ? undefined : `/${length}`;
}

function renderTenants(tenants: readonly string[] | undefined): string | undefined {
  return tenants?.map(tenant => (tenant === '*' ? 'any' : tenant)).join(', ');
}

function renderLabels(labels: Readonly<Record<string, string>> | undefined): string | undefined {
  return (
    labels &&
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(', ')
  );
}

/** What goes on below stands further in than what it belongs to. */
function wrapIndented(line: string): string[] {
  const indent = line.startsWith('  ') ? 2 : 0;
  const [first = '', ...rest] = wrap(line.slice(indent), pageWidth - indent - 2);
  return [`${' '.repeat(indent)}${first}`, ...rest.map(more => `${' '.repeat(indent + 2)}${more}`)];
}
