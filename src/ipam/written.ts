import type {IpamIndex} from '../core/ipam-index.ts';
import {type Address, compareAddresses, type Prefix} from '../core/prefix.ts';
import type {AllocatedAddress} from '../core/state.ts';
import type {Tables} from '../store/tables.ts';
import type {Effects} from './ledger.ts';

/** What may be told to whoever asks: the addresses that are in the store, without those that are only about to come or to go. */
export interface Written {
  /** At most one of each family, IPv4 first. */
  addressesNamed(name: string): readonly AllocatedAddress[];
  countIn(block: Prefix): number;
}

export interface WrittenOptions {
  readonly tables: Tables;
  /** Shows what is anticipated, too. */
  readonly index: IpamIndex;
}

/** Notes what is anticipated, which is little: one transaction. */
export interface UnderWay {
  add(effects: Effects): void;
  delete(effects: Effects): void;
  written(options: WrittenOptions): Written;
}

export function createUnderWay(): UnderWay {
  /** By block: the addresses of which index and tables may say different things. */
  const underWay = new Map<Prefix, Set<Address>>();

  return {
    add({addresses, gone}) {
      for (const {block, ip} of [...addresses, ...gone]) underWay.set(block, (underWay.get(block) ?? new Set()).add(ip));
    },
    delete({addresses, gone}) {
      for (const {block} of [...addresses, ...gone]) underWay.delete(block);
    },
    written: ({tables, index}) => ({
      addressesNamed(name) {
        const planned = index.addressesNamed(name).map(({ip}) => ip);
        if (underWay.size === 0 && planned.length === 0) return [];
        const ips = new Set([...planned, ...[...underWay.values()].flatMap(some => [...some])]);
        const records = [...ips].flatMap(ip => tables.addresses.get(ip)?.value ?? []).filter(address => address.name === name);
        return records.sort((a, b) => compareAddresses(a.ip, b.ip));
      },
      countIn(block) {
        let count = index.countIn(block);
        for (const ip of underWay.get(block) ?? []) {
          if (tables.addresses.get(ip)?.value.block === block) count += 1;
          if (index.address(ip)?.block === block) count -= 1;
        }
        return count;
      },
    }),
  };
}
