import type {Transaction} from '../store/store.ts';
import {removalOfHidden} from './hidden-hosts.ts';
import type {Ledger} from './ledger.ts';
import {removal} from './leftovers.ts';
import {freeing, releasing} from './release.ts';
import {stagingProgress} from './staging.ts';
import {joinTransactions} from './transact.ts';

/** Something that has lost its owner: what it is, the revision that wrote it, and how to take it back. */
export interface Orphan {
  readonly what: string;
  readonly modRevision: number;
  /** The revision that it has now, unless it has an owner again. */
  revisionNow(): number | undefined;
  /** Keys that there would be if it had an owner. */
  readonly missing: readonly string[];
  removal(): Transaction;
}

/** Addresses and blocks of hosts that are not there, and what topology updates have left that came to nothing. `now` in milliseconds. */
export function* findOrphans(ledger: Ledger, now: number): Generator<Orphan> {
  // Without a topology no host has a place, and everything would look like that.
  if (ledger.tables.topology === undefined) return;
  yield* addressesWithoutHost(ledger, now);
  yield* blocksWithoutHost(ledger, now);
  const {staging} = ledger.tables.leftovers;
  // In this order: what was written under a claim can be taken once that is gone.
  if (staging !== undefined) yield abandonedClaim(ledger, staging.modRevision);
  yield* abandonedPlacements(ledger);
  yield* abandonedHosts(ledger);
}

function* addressesWithoutHost(ledger: Ledger, now: number): Generator<Orphan> {
  const {keys, tables} = ledger;
  for (const {value, modRevision} of tables.addresses.values()) {
    const {ip, name, host} = value;
    if (tables.hosts.has(host)) continue;
    yield {
      what: `address ${ip} (${name}) of host ${host}`,
      modRevision,
      revisionNow: () => (ledger.tables.hosts.has(host) ? undefined : ledger.tables.addresses.get(ip)?.modRevision),
      missing: [keys.host(host)],
      removal: () => releasing(ledger, [value], now).transaction,
    };
  }
}

function* blocksWithoutHost(ledger: Ledger, now: number): Generator<Orphan> {
  const {keys, tables, index} = ledger;
  for (const block of tables.blocks.values()) {
    const {host, cidr} = block.value;
    if (host === '' || tables.hosts.has(host) || index.countIn(cidr) > 0) continue;
    const isOwned = () => ledger.tables.hosts.has(host) || ledger.index.countIn(cidr) > 0;
    yield {
      what: `block ${cidr} of host ${host}`,
      modRevision: block.modRevision,
      revisionNow: () => (isOwned() ? undefined : ledger.tables.blocks.get(cidr)?.modRevision),
      missing: [keys.host(host)],
      removal: () => freeing(ledger, block, now).transaction,
    };
  }
}

/** Whoever holds a claim and has written nothing between two looks has died. */
function abandonedClaim(ledger: Ledger, claimed: number): Orphan {
  const isHeld = () => ledger.tables.leftovers.staging?.modRevision === claimed;
  return {
    what: `preparation ${claimed} of a topology`,
    modRevision: stagingProgress(ledger) ?? claimed,
    revisionNow: () => (isHeld() ? stagingProgress(ledger) : undefined),
    missing: [],
    removal: () => removal(ledger.keys.staging, claimed),
  };
}

function* abandonedPlacements(ledger: Ledger): Generator<Orphan> {
  const {keys, tables} = ledger;
  const generationNow = () => ledger.tables.topology?.value.generation ?? 0;
  for (const {value, modRevision} of tables.leftovers.placements()) {
    const {generation, host} = value;
    if (generation < generationNow()) continue;
    const isInForce = () => ledger.tables.leftovers.staging !== undefined || generationNow() === generation;
    yield {
      what: `placement of host ${host} in topology ${generation}`,
      modRevision,
      revisionNow: () => (isInForce() ? undefined : ledger.tables.leftovers.placement(generation, host)?.modRevision),
      missing: [],
      removal: () => removal(keys.placement(generation, host), modRevision),
    };
  }
}

/** A host without a place that has blocks was not brought by such an update: somebody has lost its placement. */
function* abandonedHosts(ledger: Ledger): Generator<Orphan> {
  const {keys, tables} = ledger;
  const generation = tables.topology?.value.generation;
  const hasBlocks = (name: string) => ledger.index.blocksOfHost(name).length > 0;
  const isOther = () => ledger.tables.topology?.value.generation !== generation || ledger.tables.leftovers.staging !== undefined;
  for (const hidden of tables.leftovers.unplaced()) {
    const {name} = hidden.value;
    const {modRevision} = hidden;
    if (hasBlocks(name)) continue;
    yield {
      what: `host ${name} of a topology that never came`,
      modRevision,
      revisionNow: () => (isOther() || hasBlocks(name) ? undefined : ledger.tables.leftovers.hidden(name)?.modRevision),
      missing: [keys.placement(generation ?? 0, name)],
      removal: () => {
        const unchanged = {conditions: [{key: keys.topology, modRevision: ledger.tables.topology?.modRevision ?? 0}], operations: []};
        return joinTransactions([unchanged, removalOfHidden(ledger, hidden)]);
      },
    };
  }
}
