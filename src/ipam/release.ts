import {type Address, familyOf} from '../core/prefix.ts';
import type {AllocatedAddress, Block} from '../core/state.ts';
import {renderRecord} from '../store/records.ts';
import type {Transaction} from '../store/store.ts';
import type {Versioned} from '../store/table.ts';
import type {Effects, Ledger} from './ledger.ts';
import {joinTransactions} from './transact.ts';

export interface Release {
  readonly transaction: Transaction;
  readonly effects: Effects;
}

/** Takes back these addresses, each of which takes two operations, and frees the blocks that hold no others, one operation each. `now` in milliseconds. */
export function releasing(ledger: Ledger, addresses: readonly AllocatedAddress[], now: number): Release {
  const {keys, tables, index} = ledger;
  const modRevisionOf = (ip: Address) => tables.addresses.get(ip)?.modRevision ?? 0;
  const going = new Set(addresses.map(({ip}) => ip));
  const removals = addresses.map(({ip, name}) => ({
    conditions: [{key: keys.address(ip), modRevision: modRevisionOf(ip)}],
    operations: [{delete: keys.address(ip)}, {delete: keys.name(name, familyOf(ip))}],
  }));
  const ends = [...new Set(addresses.map(({block}) => block))].map((cidr): Release => {
    const staying = index.addressesIn(cidr).findLast(({ip}) => !going.has(ip));
    // Should another daemon release the rest in the same moment, each would think that it is not the last: the block needs a witness.
    if (staying !== undefined) {
      const conditions = [{key: keys.address(staying.ip), modRevision: modRevisionOf(staying.ip)}];
      return {transaction: {conditions, operations: []}, effects: nothing};
    }
    const block = tables.blocks.get(cidr);
    return block === undefined ? {transaction: {conditions: [], operations: []}, effects: nothing} : freeing(ledger, block, now);
  });
  const gone: Effects = {blocks: [], addresses: [], gone: addresses};
  return {
    transaction: joinTransactions([...removals, ...ends.map(({transaction}) => transaction)]),
    effects: joinEffects([gone, ...ends.map(({effects}) => effects)]),
  };
}

/** Lets a block wait to be reused, on the condition that nobody has given out an address of it since the ledger was read. */
export function freeing({keys, revision}: Ledger, {value: {cidr, host}, modRevision}: Versioned<Block>, now: number): Release {
  const free: Block = {cidr, host: '', tenant: '', segment: '', freed: {at: now, from: host}};
  const conditions = [
    {key: keys.block(cidr), modRevision},
    {...keys.addressesIn(cidr), unchangedSince: revision},
  ];
  const operations = [{put: keys.block(cidr), value: renderRecord(free)}];
  return {transaction: {conditions, operations}, effects: {blocks: [free], addresses: [], gone: []}};
}

export function joinReleases(releases: readonly Release[]): Release {
  return {
    transaction: joinTransactions(releases.map(({transaction}) => transaction)),
    effects: joinEffects(releases.map(({effects}) => effects)),
  };
}

const nothing: Effects = {blocks: [], addresses: [], gone: []};

function joinEffects(parts: readonly Effects[]): Effects {
  return {
    blocks: parts.flatMap(({blocks}) => blocks),
    addresses: parts.flatMap(({addresses}) => addresses),
    gone: parts.flatMap(({gone}) => gone),
  };
}
