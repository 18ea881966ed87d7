import {type AllocationRequest, planAllocation, planRelease} from '../core/allocation.ts';
import {type Address, familyOf} from '../core/prefix.ts';
import type {AllocatedAddress, Block} from '../core/state.ts';
import {renderRecord} from '../store/records.ts';
import type {Condition, Operation, Transaction} from '../store/store.ts';
import type {Versioned} from '../store/tables.ts';
import {notFound} from './faults.ts';
import type {Ledger} from './ledger.ts';
import {joinTransactions, type Transactor} from './transact.ts';

export interface Addresses {
  /** Gives a name an address on a host. Throws InputError: ERR_NOT_FOUND (host), ERR_EXISTS, ERR_CONFLICT, ERR_NO_ADDRESS. */
  allocate(request: AllocationRequest & {readonly host: string}): Promise<Address>;
  /** Takes back all addresses of a name, or the one with that IP; blocks that are empty then wait to be reused. */
  release(nameOrIp: string): Promise<void>;
}

export interface AddressesOptions {
  readonly ledger: Ledger;
  readonly transact: Transactor;
  readonly clock: {now(): number};
}

export function createAddresses({ledger, transact, clock}: AddressesOptions): Addresses {
  const {keys} = ledger;

  return {
    allocate: request =>
      transact(() => {
        const {tables, index} = ledger;
        const host = tables.hosts.get(request.host);
        const topology = tables.topology;
        if (host === undefined || topology === undefined) throw notFound('host', request.host);
        const {ip, network, block, claim} = planAllocation({
          trees: topology.value.trees,
          index,
          host: host.value,
          blackouts: new Map(),
          request,
        });
        const {name, tenant, segment} = request;
        const record: AllocatedAddress = {
          name,
          ip,
          block: block.cidr,
          network,
          host: request.host,
          tenant,
          segment,
          allocatedAt: new Date(clock.now()).toISOString(),
        };
        const nameKey = keys.name(name, familyOf(ip));
        const conditions: Condition[] = [
          {key: keys.topology, modRevision: topology.modRevision},
          {key: keys.host(request.host), modRevision: host.modRevision},
          {key: keys.block(block.cidr), modRevision: tables.blocks.get(block.cidr)?.modRevision ?? 0},
          {key: nameKey, modRevision: 0},
          claim === 'own' ? {key: keys.address(ip), modRevision: 0} : {...keys.addressesIn(block.cidr), unchangedSince: 0},
        ];
        const operations: Operation[] = [
          {put: keys.address(ip), value: renderRecord(record)},
          {put: nameKey, value: ip},
          ...(claim === 'own' ? [] : [{put: keys.block(block.cidr), value: renderRecord(block)}]),
        ];
        return {transaction: {conditions, operations}, result: ip};
      }),

    release: nameOrIp =>
      transact(() => ({transaction: releasing(ledger, planRelease(ledger.index, nameOrIp).addresses), result: undefined})),
  };
}

/** Takes back these addresses, each of which takes two operations, and frees the blocks that hold no others, one operation each. */
export function releasing(ledger: Ledger, addresses: readonly AllocatedAddress[]): Transaction {
  const {keys, tables, index} = ledger;
  const modRevisionOf = (ip: Address) => tables.addresses.get(ip)?.modRevision ?? 0;
  const going = new Set(addresses.map(({ip}) => ip));
  const removals = addresses.map(({ip, name}) => ({
    conditions: [{key: keys.address(ip), modRevision: modRevisionOf(ip)}],
    operations: [{delete: keys.address(ip)}, {delete: keys.name(name, familyOf(ip))}],
  }));
  const ends = [...new Set(addresses.map(({block}) => block))].map((cidr): Transaction => {
    const staying = index.addressesIn(cidr).findLast(({ip}) => !going.has(ip));
    // Should another daemon release the rest in the same moment, each would think that it is not the last: the block needs a witness.
    if (staying !== undefined)
      return {conditions: [{key: keys.address(staying.ip), modRevision: modRevisionOf(staying.ip)}], operations: []};
    const block = tables.blocks.get(cidr);
    return block === undefined ? {conditions: [], operations: []} : freeing(ledger, block);
  });
  return joinTransactions([...removals, ...ends]);
}

/** Lets a block wait to be reused, on the condition that nobody has given out an address of it since the ledger was read. */
export function freeing({keys, revision}: Ledger, {value: {cidr, network}, modRevision}: Versioned<Block>): Transaction {
  const free: Block = {cidr, network, host: '', tenant: '', segment: ''};
  return {
    conditions: [
      {key: keys.block(cidr), modRevision},
      {...keys.addressesIn(cidr), unchangedSince: revision},
    ],
    operations: [{put: keys.block(cidr), value: renderRecord(free)}],
  };
}
