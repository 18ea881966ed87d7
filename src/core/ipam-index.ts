import {type AddressIndex, createAddressIndex} from './address-index.ts';
import {type BlockIndex, createBlockIndex} from './block-index.ts';
import {type Address, type Prefix, sizeOf} from './prefix.ts';
import type {RangeSet} from './range-set.ts';
import type {AllocatedAddress, Block} from './state.ts';

/** What exists, arranged for allocation. No operation walks over the addresses of a network. */
export interface IpamIndex extends Omit<AddressIndex, 'put' | 'delete'>, Omit<BlockIndex, 'put' | 'delete' | 'setFull' | 'firstFreeBlock'> {
  /** As of blocks; a block is in use where the store holds addresses of it without itself, too. */
  firstFreeBlock(group: Prefix, length: number, excluded: RangeSet): Prefix | undefined;
  /** `revision` grows with every change of the store: it orders the blocks of an owner, and those that wait to be reused. */
  putBlock(block: Block, revision: number): void;
  deleteBlock(cidr: Prefix): void;
  putAddress(address: AllocatedAddress): void;
  deleteAddress(ip: Address): void;
}

/** Builds an empty index. Records may arrive in any order, an address before its block too. */
export function createIpamIndex(): IpamIndex {
  const {put: putAddress, delete: deleteAddress, ...addresses} = createAddressIndex();
  const {put: putBlock, delete: deleteBlock, setFull, ...blocks} = createBlockIndex();
  const isFull = (block: Prefix) => BigInt(addresses.countIn(block)) >= sizeOf(block);
  return {
    ...addresses,
    ...blocks,
    firstFreeBlock: (group, length, excluded) => blocks.firstFreeBlock(group, length, excluded, cidr => addresses.countIn(cidr) > 0),
    putBlock: (block, revision) => putBlock(block, revision, isFull(block.cidr)),
    deleteBlock,
    putAddress(address) {
      const before = addresses.address(address.ip)?.block;
      putAddress(address);
      if (before !== undefined) setFull(before, isFull(before));
      setFull(address.block, isFull(address.block));
    },
    deleteAddress(ip) {
      const block = addresses.address(ip)?.block;
      deleteAddress(ip);
      if (block !== undefined) setFull(block, isFull(block));
    },
  };
}
