import {type AllocationRequest, planAllocation, planRelease} from '../core/allocation.ts';
import {InputError} from '../core/errors.ts';
import {type Address, familyOf} from '../core/prefix.ts';
import type {AllocatedAddress, Block} from '../core/state.ts';
import {renderRecord} from '../store/records.ts';
import type {Condition, Operation, Transaction} from '../store/store.ts';
import {notFound} from './faults.ts';
import type {Ledger} from './ledger.ts';
import {releasing} from './release.ts';
import type {Change, Transactor} from './transact.ts';

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
  /** How long a block must have been free before another host may have it. */
  readonly cooldownMs: number;
}

export function createAddresses({ledger, transact, clock, cooldownMs}: AddressesOptions): Addresses {
  const isResting = ({freed}: Block) => freed !== undefined && clock.now() - freed.at < cooldownMs;
  return {
    allocate: request => transact(() => allocation(request)),
    release(nameOrIp) {
      let meant: readonly AllocatedAddress[] | undefined;
      return transact(() => {
        const {addresses} = planRelease(ledger.index, nameOrIp);
        meant ??= addresses;
        refuseOthers(nameOrIp, addresses, meant);
        return {...releasing(ledger, addresses, clock.now()), result: undefined};
      });
    },
  };

  function allocation(request: AllocationRequest & {readonly host: string}): Change<Address> {
    const {keys, tables, index, reserved} = ledger;
    const {name, tenant, segment} = request;
    const host = tables.hosts.get(request.host);
    const topology = tables.topology;
    if (host === undefined || topology === undefined) throw notFound('host', request.host);
    const {trees} = topology.value;
    const {ip, block, claim} = planAllocation({trees, index, host: host.value, reserved, isResting, request});
    const allocatedAt = new Date(clock.now()).toISOString();
    const record: AllocatedAddress = {name, ip, block: block.cidr, host: request.host, tenant, segment, allocatedAt};
    const nameKey = keys.name(name, familyOf(ip));
    const conditions: Condition[] = [
      {key: keys.topology, modRevision: topology.modRevision},
      {key: keys.blackouts, modRevision: tables.blackouts.modRevision},
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
    const transaction: Transaction = {conditions, operations};
    return {transaction, effects: {blocks: claim === 'own' ? [] : [block], addresses: [record], gone: []}, result: ip};
  }
}

/** Between two looks the address may have been released, and given to somebody else, for whom this request was never meant. */
function refuseOthers(nameOrIp: string, addresses: readonly AllocatedAddress[], meant: readonly AllocatedAddress[]): void {
  const isMeant = ({name, ip, allocatedAt}: AllocatedAddress) =>
    meant.some(other => other.ip === ip && other.name === name && other.allocatedAt === allocatedAt);
  const other = addresses.find(address => !isMeant(address));
  if (other === undefined) return;
  throw new InputError(
    'ERR_CONFLICT',
    `${nameOrIp} was released and given out again (${other.ip} to ${other.name} on host ${other.host}) while this request was on its way; repeat it if that one is meant.`,
  );
}
