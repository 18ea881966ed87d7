import type {BlockOwner} from './block-index.ts';
import {InputError} from './errors.ts';
import {placeIn} from './group-tree.ts';
import type {IpamIndex} from './ipam-index.ts';
import {noAddress} from './no-address.ts';
import {type Address, contains, type Family, familyOf, isAddress, type Prefix, parseAddress} from './prefix.ts';
import type {RangeSet} from './range-set.ts';
import type {ReservedSpace} from './reserved-space.ts';
import type {AllocatedAddress, Block, Host, NetworkTree} from './state.ts';

export interface AllocationRequest {
  readonly name: string;
  readonly tenant: string;
  readonly segment: string;
  readonly family?: Family | undefined;
}

export interface AllocationOptions {
  readonly trees: readonly NetworkTree[];
  readonly index: IpamIndex;
  /** The host that the address is for. */
  readonly host: Pick<Host, 'name' | 'groups' | 'drained' | 'fixed'>;
  readonly reserved: ReservedSpace;
  /** True of a free block that must not go to another host yet. None that became free later may be had before it. */
  isResting(block: Block): boolean;
  readonly request: AllocationRequest;
}

/** The address to hand out, and its block as it must be then: own already, free before, or new. */
export interface AllocationPlan {
  readonly ip: Address;
  readonly network: string;
  readonly block: Block;
  readonly claim: 'own' | 'reused' | 'new';
}

/** The addresses to remove, and the blocks that hold nothing after that and wait to be reused. */
export interface ReleasePlan {
  readonly addresses: readonly AllocatedAddress[];
  readonly emptied: readonly Prefix[];
}

/**
 * Finds an address: network by network (the tenant's own, then those open to everyone), the lowest free address of a block that the owner
 * has on this host, else of a block that waits to be reused, else of a new block; always inside the host's group.
 * Throws InputError: ERR_EXISTS (the name has an address of that family), ERR_CONFLICT (the host is drained, no network for the tenant), ERR_NO_ADDRESS.
 */
export function planAllocation({trees, index, host, reserved, isResting, request}: AllocationOptions): AllocationPlan {
  const {name, tenant, segment} = request;
  const candidates = [
    ...trees.filter(tree => tree.network.tenants.includes(tenant)),
    ...trees.filter(tree => tree.network.tenants.length === 0),
  ];
  const family = request.family ?? defaultFamily(candidates);
  const known = index.addressesNamed(name).find(({ip}) => candidates.length === 0 || familyOf(ip) === family);
  if (known !== undefined) throw new InputError('ERR_EXISTS', `Address with name ${name} already allocated: ${known.ip}`);
  if (host.drained) throw new InputError('ERR_CONFLICT', `Host ${host.name} is drained.`);
  if (candidates.length === 0) throw new InputError('ERR_CONFLICT', `No networks found for tenant ${tenant}.`);
  const networks = candidates.map(tree => tree.network).filter(({cidr}) => familyOf(cidr) === family);
  if (networks.length === 0) throw new InputError('ERR_CONFLICT', `No ${family} networks found for tenant ${tenant}.`);
  for (const network of networks) {
    const group = placeIn(host.groups, network.name);
    if (group === undefined || !contains(network.cidr, group)) continue;
    const owner = {host: host.name, tenant, segment};
    const excluded = reserved.excluded(host, family);
    for (const {claim, cidr} of usableBlocks(index, owner, {group, blockMask: network.blockMask, excluded, isResting})) {
      const ip = index.firstFreeAddress(cidr, excluded);
      if (ip !== undefined) return {ip, network: network.name, block: {cidr, ...owner}, claim};
    }
  }
  throw noAddress(networks, {host, index, isResting});
}

/**
 * What releasing an address means, given its name (both families, or the one asked for) or its IP.
 * Throws InputError ERR_NOT_FOUND.
 */
export function planRelease(index: IpamIndex, nameOrIp: string, family?: Family): ReleasePlan {
  const named = index.addressesNamed(nameOrIp);
  const byIp = named.length === 0 && isAddress(nameOrIp) ? index.address(parseAddress(nameOrIp)) : undefined;
  const addresses = [...named, ...(byIp === undefined ? [] : [byIp])].filter(({ip}) => family === undefined || familyOf(ip) === family);
  if (addresses.length === 0) {
    throw new InputError('ERR_NOT_FOUND', `An address object with attributes map[name:${nameOrIp}] not found`);
  }
  // Two addresses of a name differ in family, so they never share a block.
  return {addresses, emptied: addresses.map(({block}) => block).filter(block => index.countIn(block) === 1)};
}

function defaultFamily(candidates: readonly NetworkTree[]): Family {
  return candidates.some(({network}) => familyOf(network.cidr) === 'ipv4') ? 'ipv4' : 'ipv6';
}

interface UsableBlock {
  readonly claim: AllocationPlan['claim'];
  readonly cidr: Prefix;
}

interface Place {
  readonly group: Prefix;
  readonly blockMask: number;
  readonly excluded: RangeSet;
  isResting(block: Block): boolean;
}

function* usableBlocks(index: IpamIndex, owner: BlockOwner, {group, blockMask, excluded, isResting}: Place): Generator<UsableBlock> {
  // After a change of topology an owner may still have blocks in another group; they empty out there.
  for (const {cidr} of index.openBlocks(owner)) if (contains(group, cidr)) yield {claim: 'own', cidr};
  for (const {cidr} of claimableBlocks(index, owner.host, group, isResting)) if (index.countIn(cidr) === 0) yield {claim: 'reused', cidr};
  const cidr = index.firstFreeBlock(group, blockMask, excluded);
  if (cidr !== undefined) yield {claim: 'new', cidr};
}

function* claimableBlocks(index: IpamIndex, host: string, group: Prefix, isResting: Place['isResting']): Generator<Block> {
  // In the order in which they became free: behind the first that rests there are no others to be had.
  for (const block of index.reusableBlocks(group)) {
    if (isResting(block)) break;
    yield block;
  }
  for (const block of index.blocksLeftBy(host, group)) if (isResting(block)) yield block;
}
