import {vipDevice} from '../../core/desired-vips.ts';
import type {Interface, Self} from '../../core/node-state.ts';
import type {Address} from '../../core/prefix.ts';
import type {State, Vip} from '../../core/state.ts';
import {foreignBearer, vipObstacle} from '../../core/vip-candidates.ts';
import {vitalUse} from '../../core/vital-addresses.ts';

/** A VIP that the store says is held by this host. */
export interface Holding {
  readonly vip: Vip;
  readonly since: number;
  /** From this revision on the store's state shows it as ours. */
  readonly revision: number;
  /**
   * `held`: the address is to be on. `withdrawing`: it still is, until BIRD has stopped announcing it. `removing`: the address is to go, then the
   * key in the store.
   */
  phase: 'held' | 'withdrawing' | 'removing';
  /** Where the address was last seen; undefined while it is not on. */
  dev: string | undefined;
  /** Why it is given up, and until when its address stays at most. */
  leaving?: {readonly reason: string; readonly until: number};
  /** Why its address could not be put on. */
  failure?: string;
}

export interface HostFacts {
  readonly self: Self;
  readonly interfaces: readonly Interface[];
  readonly state: State;
  /** What the host reaches others by; a VIP with such an address would cut it off. */
  readonly gateways: readonly Address[];
}

/** Why this host may not take a VIP, or not keep it; undefined where it may. */
export function obstacleTo(vip: Vip, {self, interfaces, state, gateways}: HostFacts): string | undefined {
  const obstacle = vipObstacle(vip, self.name, state);
  if (obstacle !== undefined) return obstacle;
  const foreign = foreignBearer(vip.ip, interfaces);
  if (foreign !== undefined) return `somebody else has put ${vip.ip} on ${foreign}`;
  const vital = vitalUse(vip.ip, {interfaces, gateways});
  if (vital !== undefined) return vital;
  return vipDevice(vip.ip, {self, interfaces}) === undefined ? 'no device with an address of this host is up' : undefined;
}

/** Why a holding must end; undefined where it need not. `isLost`: at once, the store does not say any more that it is ours. */
export function reasonToLeave(holding: Holding, facts: HostFacts): {readonly reason: string; readonly isLost: boolean} | undefined {
  const {vip, revision, failure} = holding;
  const {state, self} = facts;
  const known = state.vips.get(vip.name);
  if (state.revision >= revision && state.vipHolders.get(vip.name)?.host !== self.name) {
    return {reason: 'the store does not name this host as its holder any more', isLost: true};
  }
  const reason =
    known === undefined ? 'there is no such VIP any more' : known.ip !== vip.ip ? `the VIP is ${known.ip} now` : obstacleTo(known, facts);
  const why = reason ?? failure;
  return why === undefined ? undefined : {reason: why, isLost: false};
}

/** Whether any VIP is vacant that the store would let this host take. */
export function mayTakeAny(state: State, hostName: string): boolean {
  return [...state.vips.values()].some(vip => !state.vipHolders.has(vip.name) && vipObstacle(vip, hostName, state) === undefined);
}

/** Those whose address is to be on this host. */
export function onHost(holdings: Iterable<Holding>): Holding[] {
  return [...holdings].filter(({phase}) => phase !== 'removing');
}

export function isOn(own: readonly {readonly ip: Address}[], ip: Address): boolean {
  return own.some(address => address.ip === ip);
}
