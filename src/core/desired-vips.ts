import {type Interface, type NodeState, uplinksOf} from './node-state.ts';
import {type Address, familyOf} from './prefix.ts';
import type {Vip} from './state.ts';
import type {AddressLifetime} from './vip-lease.ts';

/** A VIP's address on a device of this host. */
export interface VipAddress {
  readonly ip: Address;
  readonly dev: string;
  /** For how long, from now. Without: it stays for as long as it was told before, and is not made anew. What is found on the machine has none. */
  readonly lifetime?: AddressLifetime;
}

type Facts = Pick<NodeState, 'self' | 'interfaces'>;

/** The addresses of the VIPs that this host holds. One that no device can take has none. */
export function desiredVips(held: readonly Pick<Vip, 'ip'>[], facts: Facts, lifetime: AddressLifetime | undefined): VipAddress[] {
  return held.flatMap(({ip}) => {
    const dev = vipDevice(ip, facts);
    return dev === undefined ? [] : [{ip, dev, ...(lifetime && {lifetime})}];
  });
}

/**
 * Where a VIP goes: to the device with the host's own address of that family, which is where its neighbours look for it, or to the first of
 * those with any of its addresses. Undefined where none of them is up.
 */
export function vipDevice(ip: Address, {self, interfaces}: Facts): string | undefined {
  const own = new Set(self.addresses.map(({address}) => address).filter(address => familyOf(address) === familyOf(ip)));
  const uplinks = uplinksOf({self, interfaces}).filter(isUsable);
  return (uplinks.find(({addresses}) => addresses.some(({address}) => own.has(address))) ?? uplinks[0])?.name;
}

function isUsable({name, isUp}: Interface): boolean {
  return isUp || name === 'lo';
}
