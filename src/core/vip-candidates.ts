import {hash32} from './hash.ts';
import type {Interface, NodeState} from './node-state.ts';
import {type Address, hostPrefix, type Prefix} from './prefix.ts';
import {vipMetric} from './route-protocol.ts';
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
 * The VIPs that a host may come to hold, or holds, as /32 and /128: BIRD announces those of them whose address is on. Without those that it gives up,
 * and those whose address somebody else has put there.
 */
export function vipPool({self, state, interfaces, vips}: Pick<NodeState, 'self' | 'state' | 'interfaces' | 'vips'>): Prefix[] {
  if (vips === undefined) return [];
  return [...state.vips.values()]
    .filter(vip => vipObstacle(vip, self.name, state) === undefined && foreignBearer(vip.ip, interfaces) === undefined)
    .map(({ip}) => hostPrefix(ip))
    .filter(prefix => !vips.leaving.includes(prefix));
}

/** The device on which somebody else has put an address. */
export function foreignBearer(ip: Address, interfaces: readonly Interface[]): string | undefined {
  return interfaces.find(({addresses}) => addresses.some(({address, metric}) => address === ip && metric !== vipMetric))?.name;
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
