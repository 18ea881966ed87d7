import {comparePrefixes, joinPrefixes, overlaps, type Prefix, parsePrefix} from './prefix.ts';
import {bgpNeighbors, communityStatement} from './template-bgp.ts';
import {isRecord} from './template-values.ts';

/** A template helper: a pure function of its arguments, which throws an Error with the reason when it cannot take them. */
export interface TemplateHelper {
  /** How it is written, for errors. */
  readonly usage: string;
  readonly minimum: number;
  readonly maximum: number;
  call(args: readonly unknown[]): unknown;
}

/** The helpers that give a value: `{{default Vars "holdTime" 9}}`, `{{#if (has Vars "md5File")}}`. */
export const templateHelpers: ReadonlyMap<string, TemplateHelper> = new Map<string, TemplateHelper>([
  ['has', {usage: '(has Vars "name")', minimum: 2, maximum: 2, call: ([map, key]) => ownValue(map, key) !== undefined}],
  ['default', {usage: '(default Vars "name" value)', minimum: 3, maximum: 3, call: ([map, key, value]) => ownValue(map, key) ?? value}],
  ['lookup', {usage: '(lookup map "name")', minimum: 2, maximum: 2, call: ([map, key]) => requiredValue(map, key)}],
  ['eq', {usage: '(eq a b)', minimum: 2, maximum: 2, call: ([a, b]) => a === b}],
  ['ne', {usage: '(ne a b)', minimum: 2, maximum: 2, call: ([a, b]) => a !== b}],
  ['not', {usage: '(not a)', minimum: 1, maximum: 1, call: ([a]) => !isTrue(a)}],
  ['and', {usage: '(and a b …)', minimum: 2, maximum: Infinity, call: args => args.every(value => isTrue(value))}],
  ['or', {usage: '(or a b …)', minimum: 2, maximum: Infinity, call: args => args.some(value => isTrue(value))}],
  ['routerId', {usage: '(routerId NodeIP)', minimum: 1, maximum: 1, call: ([address]) => routerId(address)}],
  ['aggregate', {usage: '(aggregate Networks4)', minimum: 1, maximum: 1, call: ([list]) => joinPrefixes(prefixesOf(list))}],
  ['groupsOf', {usage: '(groupsOf HostGroups Networks4)', minimum: 2, maximum: 2, call: ([groups, list]) => groupsOf(groups, list)}],
  ['neighbors', {usage: '(neighbors Vars LocalAS)', minimum: 2, maximum: 2, call: ([vars, localAs]) => bgpNeighbors(vars, localAs)}],
  ['addCommunity', {usage: '{{addCommunity "65000:100"}}', minimum: 1, maximum: 1, call: ([text]) => communityStatement(text)}],
]);

/** What counts as true in #if: not false, 0, '', null, nor an empty list or map. With `isZeroTrue`, 0 is true. */
export function isTrue(value: unknown, isZeroTrue = false): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isRecord(value)) return Object.keys(value).length > 0;
  return Boolean(value) || (isZeroTrue && value === 0);
}

function ownValue(map: unknown, key: unknown): unknown {
  if (!isRecord(map) && !Array.isArray(map)) throw new Error('the first argument must be a map, such as Vars');
  if (typeof key !== 'string' && typeof key !== 'number') throw new Error('the second argument must be a name in quotes');
  const value: unknown = Object.hasOwn(map, key) ? Reflect.get(map, key) : undefined;
  return value ?? undefined;
}

function requiredValue(map: unknown, key: unknown): unknown {
  const value = ownValue(map, key);
  if (value === undefined) throw new Error(`"${String(key)}" is not defined`);
  return value;
}

/** A router id is 32 bits: an IPv4 address as it is, for IPv6 a number made from the address (FNV-1a), so that it stays the same. */
function routerId(address: unknown): string {
  if (typeof address !== 'string' || address === '') throw new Error('the argument must be an address, such as NodeIP');
  if (!address.includes(':')) return address;
  let hash = 0x811c9dc5;
  for (const character of address) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  // Router ids 0.x.x.x mean "this network", and those from 224 up are no unicast addresses: the first byte stays within 1 to 223.
  return [((hash >>> 24) % 223) + 1, (hash >>> 16) & 255, (hash >>> 8) & 255, hash & 255].join('.');
}

function prefixesOf(list: unknown): Prefix[] {
  if (!Array.isArray(list) || !list.every(item => typeof item === 'string'))
    throw new Error('a list of CIDRs is expected, such as Networks4');
  return list.map(text => parsePrefix(text));
}

/** The CIDRs of those groups in which one of the networks lies, sorted, each once: a host does not announce a group that it has no part in. */
function groupsOf(groups: unknown, list: unknown): Prefix[] {
  if (!isRecord(groups)) throw new Error('the first argument must be a map of groups, such as HostGroups');
  const networks = prefixesOf(list);
  const cidrs = prefixesOf(Object.values(groups).map(group => requiredValue(group, 'CIDR')));
  const used = cidrs.filter(cidr => networks.some(network => overlaps(cidr, network)));
  return [...new Set(used)].toSorted(comparePrefixes);
}
