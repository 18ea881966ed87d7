import {comparePrefixes, contains, type Prefix} from './prefix.ts';
import {firstIndex} from './range-set.ts';

/**
 * A list with one prefix more, in place of those that lie in it; the same list where one of them covers it. The list is sorted by value, and none of it
 * lies in another.
 */
export function withPrefix(prefixes: readonly Prefix[], added: Prefix): readonly Prefix[] {
  const from = firstIndex(prefixes, prefix => comparePrefixes(prefix, added) >= 0);
  // What covers it comes right before it, or is the same.
  const isCovered = [prefixes[from - 1], prefixes[from]].some(prefix => prefix !== undefined && contains(prefix, added));
  if (isCovered) return prefixes;
  const rest = prefixes.slice(from);
  return [...prefixes.slice(0, from), added, ...rest.slice(firstIndex(rest, prefix => !contains(added, prefix)))];
}
