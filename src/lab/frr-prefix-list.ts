import {addressBits, type Family, familyOf} from '../core/prefix.ts';
import type {PrefixRange} from './router.ts';

/** The lines of an FRR prefix list that permits these ranges and nothing else. */
export function prefixList(family: Family, name: string, ranges: readonly PrefixRange[]): string[] {
  const command = family === 'ipv4' ? 'ip prefix-list' : 'ipv6 prefix-list';
  if (ranges.length === 0) return [`${command} ${name} seq 5 deny any`];
  return ranges.map(({prefix, longer}, index) => {
    const bits = addressBits[familyOf(prefix)];
    const hasLonger = longer && !prefix.endsWith(`/${bits}`);
    return `${command} ${name} seq ${5 * (index + 1)} permit ${prefix}${hasLonger ? ` le ${bits}` : ''}`;
  });
}
