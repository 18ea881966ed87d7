import {hash32} from './hash.ts';
import type {Host, State, Vip} from './state.ts';
import {holdOffMs} from './vip-lease.ts';

/** Why a host may not hold a VIP, or no longer; undefined where it may. */
export function vipObstacle(vip: Vip, hostName: string, {hosts}: Pick<State, 'hosts'>): string | undefined {
  const host = hosts.get(hostName);
  if (host === undefined) return 'this host is not known to the store';
  if (host.drained) return 'this host is drained';
  return isNamed(vip, hostName) ? undefined : 'the VIP is for other hosts';
}

/**
 * How long a host waits from when it has seen that nobody holds a VIP until it takes it, in milliseconds: the first candidate no longer than
 * it takes for the last holder to be gone for certain, each next one a little longer. Every VIP has its own order of hosts.
 */
export function claimDelayMs(vip: Vip, hostName: string, hosts: Iterable<Host>): number {
  const own = weightOf(vip, hostName);
  let before = 0;
  for (const {name, drained} of hosts) {
    if (drained || name === hostName || !isNamed(vip, name)) continue;
    const weight = weightOf(vip, name);
    if (weight > own || (weight === own && name < hostName)) before += 1;
  }
  return holdOffMs + Math.min(before * turnMs, longestTurnMs);
}

const turnMs = 20;
const longestTurnMs = 500;

function isNamed({hosts}: Vip, hostName: string): boolean {
  return hosts.length === 0 || hosts.includes(hostName);
}

/** Highest random weight: when a host goes, only its own VIPs move. */
function weightOf({name}: Vip, hostName: string): number {
  return hash32(`${name} ${hostName}`);
}
