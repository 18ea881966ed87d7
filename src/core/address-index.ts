import {type Address, compareAddresses, familyOf, fromNumber, type Prefix, toNumber} from './prefix.ts';
import {createRangeSet, type RangeSet, rangeOf} from './range-set.ts';
import type {AllocatedAddress} from './state.ts';

/** The addresses that exist: by IP, by name, by block. */
export interface AddressIndex {
  /** A record with the same IP is replaced. */
  put(address: AllocatedAddress): void;
  delete(ip: Address): void;
  address(ip: Address): AllocatedAddress | undefined;
  /** At most one of each family, IPv4 first. */
  addressesNamed(name: string): readonly AllocatedAddress[];
  /** By value. */
  addressesIn(block: Prefix): AllocatedAddress[];
  countIn(block: Prefix): number;
  /** The lowest address of a block that is neither used nor in `excluded`. */
  firstFreeAddress(block: Prefix, excluded: RangeSet): Address | undefined;
}

export function createAddressIndex(): AddressIndex {
  const byIp = new Map<Address, AllocatedAddress>();
  const byName = new Map<string, readonly AllocatedAddress[]>();
  const usage = new Map<Prefix, {readonly ips: Set<Address>; readonly used: RangeSet}>();

  function setNamed(name: string, addresses: readonly AllocatedAddress[]): void {
    if (addresses.length === 0) byName.delete(name);
    else
      byName.set(
        name,
        addresses.toSorted((a, b) => compareAddresses(a.ip, b.ip)),
      );
  }

  function remove(ip: Address): void {
    const known = byIp.get(ip);
    if (known === undefined) return;
    byIp.delete(ip);
    setNamed(
      known.name,
      (byName.get(known.name) ?? []).filter(address => address.ip !== ip),
    );
    const block = usage.get(known.block);
    block?.ips.delete(ip);
    block?.used.remove(single(ip));
    if (block?.ips.size === 0) usage.delete(known.block);
  }

  return {
    put(address) {
      // What was anticipated comes again as the record itself, and once more with the watch.
      if (isSame(byIp.get(address.ip), address)) return;
      remove(address.ip);
      byIp.set(address.ip, address);
      setNamed(address.name, [...(byName.get(address.name) ?? []), address]);
      const block = usage.get(address.block) ?? {ips: new Set(), used: createRangeSet()};
      usage.set(address.block, block);
      block.ips.add(address.ip);
      block.used.add(single(address.ip));
    },
    delete: remove,
    address: ip => byIp.get(ip),
    addressesNamed: name => byName.get(name) ?? [],
    addressesIn(block) {
      const ips = [...(usage.get(block)?.ips ?? [])].sort(compareAddresses);
      return ips.flatMap(ip => byIp.get(ip) ?? []);
    },
    countIn: block => usage.get(block)?.ips.size ?? 0,
    firstFreeAddress(block, excluded) {
      const {start, end} = rangeOf(block);
      const used = usage.get(block)?.used;
      const runAt = (value: bigint) => used?.runAt(value) ?? excluded.runAt(value);
      let value = start;
      for (let run = runAt(value); run !== undefined; run = runAt(value)) value = run.end;
      return value < end ? fromNumber(value, familyOf(block)) : undefined;
    },
  };
}

function isSame(a: AllocatedAddress | undefined, b: AllocatedAddress): boolean {
  return (
    a?.allocatedAt === b.allocatedAt &&
    a.name === b.name &&
    a.block === b.block &&
    a.host === b.host &&
    a.tenant === b.tenant &&
    a.segment === b.segment
  );
}

function single(ip: Address): {start: bigint; end: bigint} {
  const start = toNumber(ip);
  return {start, end: start + 1n};
}
