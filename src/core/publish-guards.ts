import {announcedRoutes} from './guards/announced-routes.ts';
import {defaultRouteGuard} from './guards/default-route.ts';
import {emptyGuard} from './guards/empty.ts';
import type {GuardFinding} from './guards/finding.ts';
import {foreignGuard} from './guards/foreign.ts';
import type {GuardInput} from './guards/input.ts';
import {openFilterGuard} from './guards/open-filter.ts';
import {peersGuard} from './guards/peers.ts';
import {findWithdrawn, withdrawGuard} from './guards/withdraw.ts';

export type {GuardFinding, GuardName} from './guards/finding.ts';
export type {GuardInput} from './guards/input.ts';

/** What a syntax check cannot see: looks at a configuration before it goes live, and says what is dangerous about it, the worst first. */
export function checkGuards(input: GuardInput): GuardFinding[] {
  const announcedBefore = input.before && announcedRoutes(input.before);
  const announced = announcedRoutes(input.after);
  const withdrawn = findWithdrawn(input, announcedBefore, announced);
  const guardCase = {...input, announcedBefore, announced, withdrawn};
  return guards.flatMap(guard => guard(guardCase));
}

const guards = [emptyGuard, peersGuard, withdrawGuard, defaultRouteGuard, foreignGuard, openFilterGuard];
