import {type Address, type Prefix, prefixAt, prefixLength} from './prefix.ts';
import type {Block, State} from './state.ts';

/** What stands against a workload of this host having an address. */
export interface AllocationFault {
  /** It is not this host's; else it is, and only nobody has asked for it, so that it may be given to another workload. */
  readonly isForeign: boolean;
  /** The reason, as the rest of a sentence that begins with the address. */
  readonly reason: string;
}

/** Gives a function that says what the store has against an address being in use on that host; undefined for nothing. */
export function createAllocationCheck(
  host: string,
  {blocks, addresses}: Pick<State, 'blocks' | 'addresses'>,
): (ip: Address) => AllocationFault | undefined {
  let lengths: ReadonlySet<number> | undefined;
  return ip => {
    const record = addresses.get(ip);
    if (record !== undefined && record.host !== host) return {isForeign: true, reason: `is given to ${record.host}, as ${record.name}`};
    lengths ??= new Set([...blocks.keys()].map(prefixLength));
    const block = findBlock(blocks, lengths, ip);
    if (block === undefined) return {isForeign: true, reason: `lies in no block of ${host}`};
    if (block.host === '') return {isForeign: true, reason: `lies in ${block.cidr}, a block that no host has`};
    if (block.host !== host) return {isForeign: true, reason: `lies in ${block.cidr}, a block of ${block.host}`};
    return record === undefined ? {isForeign: false, reason: 'is not allocated: another workload may be given it'} : undefined;
  };
}

function findBlock(blocks: ReadonlyMap<Prefix, Block>, lengths: ReadonlySet<number>, ip: Address): Block | undefined {
  const bits = ip.includes(':') ? 128 : 32;
  for (const length of lengths) {
    const block = length <= bits ? blocks.get(prefixAt(ip, length)) : undefined;
    if (block !== undefined) return block;
  }
  return undefined;
}
