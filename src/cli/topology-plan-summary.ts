import {prefixLength} from '../core/prefix.ts';
import type {Amount, GroupPlan} from '../core/topology-plan-model.ts';
import {renderGroups} from '../core/topology-plan-text.ts';

/** A group, or all groups of a level together. */
export interface SummaryRow extends Pick<GroupPlan, 'addresses' | 'blocks' | 'hosts' | 'hostsWhenFull' | 'room'> {
  readonly label: string;
  readonly cidrs: string;
}

/** The groups of a network as rows: the whole tree where it is small; else each level, one with many groups by its sum and its fullest. */
export function summariseGroups(groups: readonly GroupPlan[]): SummaryRow[] {
  if (groups.length <= mostRows)
    return groups.map(group => ({...group, label: `${'  '.repeat(group.depth)}${titleOf(group)}`, cidrs: group.cidr}));
  return [...Map.groupBy(groups, ({depth}) => depth).values()].flatMap(level => {
    if (level.length <= mostInLevel)
      return level.map(group => ({...group, label: group.depth === 0 ? titleOf(group) : group.label, cidrs: group.cidr}));
    const fullest = level.reduce((best, group) => (isFuller(group, best) ? group : best));
    return [sumOf(level), {...fullest, label: `  most: ${fullest.label}`, cidrs: fullest.cidr}];
  });
}

const mostRows = 24;
const mostInLevel = 8;

/** A CIDR has a column of its own. */
function titleOf({title, cidr, depth}: GroupPlan): string {
  if (title !== '' && title !== cidr) return title;
  return depth === 0 ? '(all)' : '-';
}

function isFuller({blocks: a}: GroupPlan, {blocks: b}: GroupPlan): boolean {
  return a.used * (b.used + b.free) > b.used * (a.used + a.free);
}

function sumOf(level: readonly GroupPlan[]): SummaryRow {
  const lengths = level.map(({cidr}) => prefixLength(cidr)).sort((a, b) => a - b);
  const [shortest, longest] = [lengths[0], lengths.at(-1)];
  const rooms = level.flatMap(({room}) => room ?? []);
  const whenFull = level.flatMap(({hostsWhenFull}) => hostsWhenFull ?? []);
  return {
    label: renderGroups(level.length, level[0]?.level ?? ''),
    cidrs: shortest === longest ? `/${shortest} each` : `/${shortest} to /${longest}`,
    addresses: sumOfAmounts(level.map(({addresses}) => addresses)),
    blocks: sumOfAmounts(level.map(({blocks}) => blocks)),
    hosts: level.reduce((sum, {hosts}) => sum + hosts, 0),
    hostsWhenFull: whenFull.length === 0 ? undefined : whenFull.reduce((sum, count) => sum + count, 0n),
    room: rooms.length === 0 ? undefined : rooms.reduce((least, room) => Math.min(least, room)),
  };
}

function sumOfAmounts(amounts: readonly Amount[]): Amount {
  const sum = (key: keyof Amount) => amounts.reduce((total, amount) => total + amount[key], 0n);
  return {
    capacity: sum('capacity'),
    used: sum('used'),
    free: sum('free'),
    blackedOut: sum('blackedOut'),
    padding: sum('padding'),
    reserved: sum('reserved'),
  };
}
