import type {StaticRoute} from '../bird-config/model.ts';
import {createAddressSpace, itemsOnlyIn} from './address-space.ts';
import {counted, firstFew, type GuardFinding} from './finding.ts';
import type {GuardCase} from './input.ts';

/** publisher.conf would announce addresses that are not this host's to announce. */
export function foreignGuard({announced, publisher, networks, groups, vips, settings}: GuardCase): GuardFinding[] {
  if (settings.allowForeign) return [];
  const others = new Set(itemsOnlyIn(announced.prefixes(), networks).filter(prefix => !prefix.endsWith('/0')));
  if (others.size === 0) return [];
  // An aggregate of several networks may be in none of them alone, nor in the groups: so those are looked at first, and all together only then.
  let foreign = announced.routes().filter(({prefix, file}) => file === publisher.path && others.has(prefix));
  for (const own of [
    [...groups, ...vips],
    [...groups, ...vips, ...networks],
  ]) {
    if (foreign.length === 0) return [];
    const space = createAddressSpace(own);
    foreign = foreign.filter(({prefix}) => space.missingOf(prefix).length > 0);
  }
  const [first] = foreign;
  if (first === undefined) return [];
  const reason =
    `${counted(foreign.length, 'static route', 'static routes')} outside this host's groups, networks and VIPs would be announced: ` +
    `${firstFew(foreign.map(describe))}; the host has ${firstFew([...new Set([...groups, ...networks, ...vips])]) || 'none'}; ` +
    'to allow it, set publish.guards.allowForeign to true in romana.yaml';
  return [{guard: 'foreign', level: 'refuse', reason, file: first.file, line: first.line}];
}

function describe({prefix, line}: StaticRoute): string {
  return `${prefix} (line ${line})`;
}
