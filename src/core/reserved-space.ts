import {type Address, type Family, familyOf, hostPrefix, type Prefix} from './prefix.ts';
import {createRangeSet, type RangeSet, rangeOf} from './range-set.ts';
import type {Host} from './state.ts';

/** Addresses that are not handed out: to nobody (blackouts, the IPs of hosts themselves, VIPs), or to no other host (fixed prefixes). */
export interface ReservedSpace {
  /** What this host must not get. */
  excluded(host: Pick<Host, 'fixed'>, family: Family): RangeSet;
}

/** Fixed prefixes do not overlap, so that a host that has one meets those of others nowhere. */
export function createReservedSpace(blackouts: Iterable<Prefix>, fixed: Iterable<Prefix>, ownIps: Iterable<Address> = []): ReservedSpace {
  const forAll = [...blackouts, ...[...ownIps].map(hostPrefix)];
  const black = rangesByFamily(forAll);
  const all = rangesByFamily([...forAll, ...fixed]);
  return {excluded: (host, family) => (host.fixed === undefined ? all : black)[family]};
}

function rangesByFamily(prefixes: Iterable<Prefix>): Record<Family, RangeSet> {
  const sets = {ipv4: createRangeSet(), ipv6: createRangeSet()};
  for (const prefix of prefixes) sets[familyOf(prefix)].add(rangeOf(prefix));
  return sets;
}
