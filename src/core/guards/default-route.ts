import {firstFew, type GuardFinding} from './finding.ts';
import type {GuardCase} from './input.ts';

/** Neighbours would send all their traffic to a host that announces a default route. */
export function defaultRouteGuard({announced, settings}: GuardCase): GuardFinding[] {
  if (settings.allowDefaultRoute) return [];
  const found = announced.statics.flatMap(protocol =>
    protocol.routes
      .filter(({prefix}) => prefix.endsWith('/0') && announced.mayAnnounceExactly(protocol, prefix))
      .map(route => ({route, protocol})),
  );
  const [first] = found;
  if (first === undefined) return [];
  const routes = found.map(({route, protocol}) => `${route.prefix} of protocol static ${protocol.name} (${route.file}:${route.line})`);
  const reason =
    `a default route may be announced to neighbours, who would then send this host their traffic: ${firstFew(routes)}; ` +
    "no neighbour's export refuses it; to allow it, set publish.guards.allowDefaultRoute to true in romana.yaml";
  return [{guard: 'default-route', level: 'refuse', reason, file: first.route.file, line: first.route.line}];
}
