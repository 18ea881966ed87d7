import {type AllocationRequest, planAllocation, planRelease} from '../core/allocation.ts';
import {InputError} from '../core/errors.ts';
import {type Address, type Family, familyOf, isAddress, parseAddress} from '../core/prefix.ts';
import type {AllocatedAddress, Block} from '../core/state.ts';
import {renderRecord} from '../store/records.ts';
import type {Condition, Operation, Transaction} from '../store/store.ts';
import {notFound} from './faults.ts';
import type {Ledger} from './ledger.ts';
import {releasing} from './release.ts';
import {type Change, joinTransactions, type Transactor} from './transact.ts';

export interface Addresses {
  /** Gives a name an address on a host. Throws InputError: ERR_NOT_FOUND (host), ERR_EXISTS, ERR_CONFLICT, ERR_NO_ADDRESS. */
  allocate(request: AllocationRequest & {readonly host: string}): Promise<Address>;
  /**
   * Takes back all addresses of a name, or the one with that IP; blocks that are empty then wait to be reused. Throws InputError: ERR_NOT_FOUND,
   * ERR_CONFLICT (given out again since the request came, so that another one is meant).
   */
  release(nameOrIp: string): Promise<void>;
}

export interface AddressesOptions {
  readonly ledger: Ledger;
  readonly transact: Transactor;
  readonly clock: {now(): number};
  /** How long a block must have been free before another host may have it. */
  readonly cooldownMs: number;
}

const families: readonly Family[] = ['ipv4', 'ipv6'];

export function createAddresses({ledger, transact, clock, cooldownMs}: AddressesOptions): Addresses {
  const isResting = ({freed}: Block) => freed !== undefined && clock.now() - freed.at < cooldownMs;
  /** Of each release that is under way, what was given out here since it was asked for. */
  const underWay = new Set<Set<string>>();
  return {
    allocate: request => transact(() => allocation(request)),
    async release(nameOrIp) {
      const present = addressesOf(ledger, nameOrIp);
      // What is only about to be written was given out to somebody who has yet to hear of it.
      const isWritten = (address: AllocatedAddress) => ledger.tables.addresses.get(address.ip)?.value.allocatedAt === address.allocatedAt;
      const known = new Set(present.filter(isWritten).map(identityOf));
      const givenSince = new Set(present.filter(address => !isWritten(address)).map(identityOf));
      const asked = {at: clock.now(), known, givenSince};
      underWay.add(givenSince);
      try {
        await transact(() => {
          const {addresses} = planRelease(ledger.index, nameOrIp);
          refuseOthers(nameOrIp, addresses, asked);
          const release = releasing(ledger, addresses, clock.now());
          return {...release, transaction: joinTransactions([release.transaction, withoutOthers(nameOrIp, addresses)]), result: undefined};
        });
      } finally {
        underWay.delete(givenSince);
      }
    },
  };

  /** A name goes with all its addresses: it has none of the other family, which this daemon may not have heard of yet. */
  function withoutOthers(nameOrIp: string, addresses: readonly AllocatedAddress[]): Transaction {
    if (isAddress(nameOrIp)) return {conditions: [], operations: []};
    const missing = families.filter(family => addresses.every(({ip}) => familyOf(ip) !== family));
    return {conditions: missing.map(family => ({key: ledger.keys.name(nameOrIp, family), modRevision: 0})), operations: []};
  }

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
    for (const givenSince of underWay) givenSince.add(identityOf(record));
    const nameKey = keys.name(name, familyOf(ip));
    const conditions: Condition[] = [
      {key: keys.topology, modRevision: topology.modRevision},
      {key: keys.blackouts, modRevision: tables.blackouts.modRevision},
      {key: keys.host(request.host), modRevision: host.modRevision},
      {key: keys.block(block.cidr), modRevision: tables.blocks.get(block.cidr)?.modRevision ?? 0},
      {key: nameKey, modRevision: 0},
      {key: keys.hostIp(ip), modRevision: 0},
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

/** What is known of a release in the moment in which it is asked for. */
interface Asked {
  readonly at: number;
  readonly known: ReadonlySet<string>;
  readonly givenSince: ReadonlySet<string>;
}

/**
 * While a request waits, the address may be released by another one and given to somebody else, for whom it was never meant. Of what this daemon
 * did not know of when it was asked, the time decides: it may have been told late. In the same millisecond, nobody has it from another one.
 */
function refuseOthers(nameOrIp: string, addresses: readonly AllocatedAddress[], {at, known, givenSince}: Asked): void {
  const isMeant = (address: AllocatedAddress) => {
    const identity = identityOf(address);
    const given = Date.parse(address.allocatedAt);
    return known.has(identity) || (!givenSince.has(identity) && (known.size > 0 ? given < at : given <= at));
  };
  const other = addresses.find(address => !isMeant(address));
  if (other === undefined) return;
  throw new InputError(
    'ERR_CONFLICT',
    `${nameOrIp} was released and given out again (${other.ip} to ${other.name} on host ${other.host}) while this request was on its way; repeat it if that one is meant.`,
  );
}

function addressesOf({index}: Ledger, nameOrIp: string): readonly AllocatedAddress[] {
  const named = index.addressesNamed(nameOrIp);
  const byIp = isAddress(nameOrIp) ? index.address(parseAddress(nameOrIp)) : undefined;
  return byIp === undefined ? named : [...named, byIp];
}

function identityOf({ip, name, allocatedAt}: AllocatedAddress): string {
  return `${ip} ${name} ${allocatedAt}`;
}
