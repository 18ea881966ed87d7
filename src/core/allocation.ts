import {InputError} from './errors.ts';
import {placeIn} from './group-tree.ts';
import type {IpamIndex} from './ipam-index.ts';
import {type Address, contains, type Family, familyOf, isAddress, type Prefix, parseAddress} from './prefix.ts';
import {createRangeSet, type RangeSet, rangeOf} from './range-set.ts';
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
  readonly host: Pick<Host, 'name' | 'groups' | 'drained'>;
  /** By network. A changed list must be a new array. */
  readonly blackouts: ReadonlyMap<string, readonly Prefix[]>;
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
export function planAllocation({trees, index, host, blackouts, request}: AllocationOptions): AllocationPlan {
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
    const owner = {network: network.name, host: host.name, tenant, segment};
    const excluded = rangesOf(blackouts.get(network.name));
    for (const {claim, cidr} of usableBlocks(index, owner, group, network.blockMask, excluded)) {
      const ip = index.firstFreeAddress(cidr, excluded);
      if (ip !== undefined) return {ip, network: network.name, block: {cidr, ...owner}, claim};
    }
  }
  throw new InputError('ERR_NO_ADDRESS', 'No available IP.');
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

function* usableBlocks(
  index: IpamIndex,
  owner: Omit<Block, 'cidr'>,
  group: Prefix,
  blockMask: number,
  excluded: RangeSet,
): Generator<UsableBlock> {
  // After a change of topology an owner may still have blocks in another group; they empty out there.
  for (const {cidr} of index.openBlocks(owner)) if (contains(group, cidr)) yield {claim: 'own', cidr};
  for (const {cidr} of index.reusableBlocks(owner.network, group)) if (index.countIn(cidr) === 0) yield {claim: 'reused', cidr};
  const cidr = index.firstFreeBlock(group, blockMask, excluded);
  if (cidr !== undefined) yield {claim: 'new', cidr};
}

const nothing = createRangeSet();
const rangeSets = new WeakMap<readonly Prefix[], RangeSet>();

/** Blackouts change rarely and are asked for with every address, so each list is converted once. */
function rangesOf(blackouts: readonly Prefix[] | undefined): RangeSet {
  if (blackouts === undefined) return nothing;
  const known = rangeSets.get(blackouts);
  if (known !== undefined) return known;
  const ranges = createRangeSet(blackouts.map(rangeOf));
  rangeSets.set(blackouts, ranges);
  return ranges;
}
