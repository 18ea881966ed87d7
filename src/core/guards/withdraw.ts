import type {BirdConfig} from '../bird-config/model.ts';
import type {Prefix} from '../prefix.ts';
import {createAddressSpace, itemsOnlyIn} from './address-space.ts';
import type {AnnouncedRoutes} from './announced-routes.ts';
import {counted, firstFew, type GuardFinding} from './finding.ts';
import type {GuardCase, GuardInput, Withdrawn} from './input.ts';

/** More of the announced prefixes would go at once than the settings allow. */
export function withdrawGuard({withdrawn, after, announced, settings, publisher}: GuardCase): GuardFinding[] {
  const {maxWithdrawPercent} = settings;
  const percentOf = ({length}: readonly Prefix[]) => (length === 0 ? 0 : (100 * length) / withdrawn.total);
  if (percentOf(withdrawn.suspects) <= maxWithdrawPercent) return [];
  const prefixes = withdrawn.prefixes();
  const percent = percentOf(prefixes);
  if (percent <= maxWithdrawPercent) return [];
  const allowed = Math.min(100, Math.ceil(percent));
  const reason =
    `${prefixes.length} of ${counted(withdrawn.total, 'announced prefix', 'announced prefixes')} (${allowed} %) would be withdrawn at once, ` +
    `and the store has released none of them: ${firstFew(prefixes)}${cause(prefixes, after, announced)}; ` +
    `at most ${maxWithdrawPercent} % may go: to allow it, set publish.guards.maxWithdrawPercent to ${allowed} in romana.yaml`;
  return [{guard: 'withdraw', level: 'refuse', reason, file: publisher.path}];
}

/** Looks closer only at the prefixes that differ, since a host may have tens of thousands. */
export function findWithdrawn(input: GuardInput, before: AnnouncedRoutes | undefined, after: AnnouncedRoutes): Withdrawn {
  const old = before?.prefixes() ?? [];
  if (old.length === 0) return {total: 0, suspects: [], prefixes: () => []};
  const current = after.prefixes();
  const changed = [...new Set(itemsOnlyIn(old, current))].filter(prefix => !input.released(prefix));
  // A prefix that took the place of others is new itself, in nearly every case.
  const suspects = changed.length === 0 ? [] : uncovered(changed, itemsOnlyIn(current, old), input);
  let prefixes: readonly Prefix[] | undefined;
  return {
    total: suspects.length === 0 ? old.length : new Set(old).size,
    suspects,
    prefixes: () => (prefixes ??= uncovered(suspects, current, input)),
  };
}

/** Those of which an address is neither in the space of the others nor released. A default route covers nothing: all the rest is gone beside it. */
function uncovered(prefixes: readonly Prefix[], others: readonly Prefix[], {released}: GuardInput): Prefix[] {
  if (prefixes.length === 0) return [];
  const space = createAddressSpace(others.filter(prefix => !prefix.endsWith('/0')));
  return prefixes.filter(prefix => space.missingOf(prefix).some(part => !released(part)));
}

/** Says so where the routes are still there and only the way to the neighbours is closed. */
function cause(gone: readonly Prefix[], {protocols}: BirdConfig, {neighbours}: AnnouncedRoutes): string {
  const routes = new Set([...protocols.values()].flatMap(protocol => protocol.routes.map(({prefix}) => prefix)));
  const held = gone.filter(prefix => routes.has(prefix)).length;
  if (held === 0) return '';
  const why = neighbours.length === 0 ? 'there is no neighbour to announce them to' : "no neighbour's export lets them through";
  return ` (${held === gone.length ? 'their routes are' : `the routes of ${held} are`} still there, but ${why})`;
}
