import type {State} from '../../core/state.ts';
import {type Holding, type HostFacts, obstacleTo} from './holding.ts';

/** A VIP as this host sees it. */
export interface VipStatus {
  readonly name: string;
  readonly ip: string;
  /** The host that holds it, by the store, and since when (milliseconds since 1970); missing where none does. */
  readonly holder?: string;
  readonly since?: number;
  /** Its address is on this host. */
  readonly isHere: boolean;
  readonly dev?: string;
  /** Where this host holds it: for how long the lease certainly lives. */
  readonly provenForSeconds?: number;
  /** Why this host gives it up, cannot put its address on, or may not take it though nobody has it. */
  readonly note?: string;
}

/** Every VIP of the store, and those that this host has not let go of yet, by name. */
export function vipStatuses(
  state: State,
  holdings: ReadonlyMap<string, Holding>,
  {facts, provenSeconds}: {readonly facts: Omit<HostFacts, 'state'>; readonly provenSeconds: number | undefined},
): VipStatus[] {
  const left = [...holdings.values()].filter(({vip}) => !state.vips.has(vip.name)).map(({vip}) => vip);
  return [...state.vips.values(), ...left]
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({name, ip, hosts}) => {
      const holding = holdings.get(name);
      const holder = state.vipHolders.get(name);
      const note =
        holding === undefined
          ? holder === undefined && obstacleTo({name, ip, hosts}, {...facts, state})
          : (holding.leaving?.reason ?? holding.failure);
      return {
        name,
        ip: holding?.vip.ip ?? ip,
        ...(holder && {holder: holder.host, since: holder.since}),
        isHere: holding?.dev !== undefined,
        ...(holding?.dev !== undefined && {dev: holding.dev}),
        ...(holding && provenSeconds !== undefined && {provenForSeconds: provenSeconds}),
        ...(typeof note === 'string' && {note}),
      };
    });
}
