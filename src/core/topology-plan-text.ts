import type {Network} from './state.ts';
import type {GroupPlan} from './topology-plan-model.ts';

/** "65,536"; from 2^20 on "2^64" where it is a power of two, and from 10^9 on "1.84e19" where it is not. */
export function renderAmount(count: number | bigint): string {
  const value = BigInt(count);
  const bits = value.toString(2);
  if (value >= 1n << 20n && !bits.includes('1', 1)) return `2^${bits.length - 1}`;
  const digits = String(value);
  if (digits.length <= 9) return digits.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return `${digits[0]}.${digits.slice(1, 3)}e${digits.length - 1}`;
}

/** "1 host", "40 hosts" */
export function renderNumberOf(count: number | bigint, noun: string): string {
  return `${renderAmount(count)} ${noun}${BigInt(count) === 1n ? '' : 's'}`;
}

/** "group zone-A/rack-1 (10.1.0.0/18) of network net1"; the root is the network itself. */
export function renderGroup(group: GroupPlan, {name}: Network): string {
  return group.depth === 0 ? `network ${name} (${group.cidr})` : `group ${renderPlace(group)} of network ${name}`;
}

/** "zone-A/rack-1 (10.1.0.0/18)", or the CIDR alone where a group has nothing else. */
export function renderPlace({label, cidr}: GroupPlan): string {
  return label === '' || label.endsWith(cidr) ? label || cidr : `${label} (${cidr})`;
}

/** "1 rack", "4 racks"; a level without a name has groups. */
export function renderGroups(count: number, level: string): string {
  return renderNumberOf(count, level === '' ? 'group' : level);
}

export function capitalise(sentence: string): string {
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
}

/** "the own prefix of host a", "the own prefixes of hosts a, b" */
export function renderOwnPrefixes(hosts: readonly string[]): string {
  const isOne = hosts.length === 1;
  return `the own ${isOne ? 'prefix' : 'prefixes'} of ${isOne ? 'host' : 'hosts'} ${renderNames(hosts)}`;
}

/** "a, b, c and 7 more" */
export function renderNames(names: readonly string[]): string {
  const most = 8;
  const rest = names.length - most;
  return rest > 1 ? `${names.slice(0, most).join(', ')} and ${rest} more` : names.join(', ');
}
