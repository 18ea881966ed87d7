import {messageOf} from '../core/errors.ts';
import type {Transaction} from '../store/store.ts';
import type {Clock} from '../system/clock.ts';
import type {Logger} from '../system/log.ts';
import type {Ledger} from './ledger.ts';
import {type Leftovers, removal} from './leftovers.ts';
import {freeing, releasing} from './release.ts';
import {joinTransactions, type Transactor} from './transact.ts';

/** Takes back what nobody can use any more. */
export interface Collector {
  /** Looks once. What was like that at the last look already, unchanged, is taken back; gives how many things that were. */
  collect(): Promise<number>;
  /** Looks again and again until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface CollectorOptions {
  readonly ledger: Ledger;
  readonly transact: Transactor;
  readonly leftovers: Leftovers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly intervalMs?: number;
}

/** Something that has lost its owner: what it is, the revision that wrote it, and how to take it back. */
interface Orphan {
  readonly what: string;
  readonly modRevision: number;
  /** The revision that it has now, unless it has an owner again. */
  revisionNow(): number | undefined;
  take(): Transaction;
}

export function createCollector({ledger, transact, leftovers, clock, log, intervalMs = 60_000}: CollectorOptions): Collector {
  let seen = new Map<string, number>();

  const collect = async (): Promise<number> => {
    await ledger.sync();
    const orphans = findOrphans(ledger, clock.now());
    const confirmed = orphans.filter(({what, modRevision}) => seen.get(what) === modRevision);
    seen = new Map(orphans.map(({what, modRevision}) => [what, modRevision]));
    for (const {what, modRevision, revisionNow, take} of confirmed) {
      const isTaken = await transact(() => (revisionNow() === modRevision ? {transaction: take(), result: true} : {result: false}));
      if (isTaken) log.warn({what}, 'had no owner any more, taken back');
    }
    await leftovers.tidy();
    return confirmed.length;
  };

  return {
    collect,
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(intervalMs, signal);
        if (signal.aborted) return;
        await collect().catch((error: unknown) => log.debug({reason: messageOf(error)}, 'cannot look for what has no owner'));
      }
    },
  };
}

function findOrphans(ledger: Ledger, now: number): Orphan[] {
  return [...addressesWithoutHost(ledger, now), ...blocksWithoutHost(ledger, now), ...abandonedUpdates(ledger)];
}

function* addressesWithoutHost(ledger: Ledger, now: number): Generator<Orphan> {
  const {tables} = ledger;
  for (const {value, modRevision} of tables.addresses.values()) {
    if (tables.hosts.has(value.host)) continue;
    const take = () => joinTransactions([withoutHost(ledger, value.host), releasing(ledger, [value], now).transaction]);
    const revisionNow = () => (ledger.tables.hosts.has(value.host) ? undefined : ledger.tables.addresses.get(value.ip)?.modRevision);
    yield {what: `address ${value.ip} (${value.name}) of host ${value.host}`, modRevision, revisionNow, take};
  }
}

function* blocksWithoutHost(ledger: Ledger, now: number): Generator<Orphan> {
  const {tables, index} = ledger;
  for (const block of tables.blocks.values()) {
    const {host, cidr} = block.value;
    if (host === '' || tables.hosts.has(host) || index.countIn(cidr) > 0) continue;
    const take = () => joinTransactions([withoutHost(ledger, host), freeing(ledger, block, now).transaction]);
    const isOwned = () => ledger.tables.hosts.has(host) || ledger.index.countIn(cidr) > 0;
    const revisionNow = () => (isOwned() ? undefined : ledger.tables.blocks.get(cidr)?.modRevision);
    yield {what: `block ${cidr} of host ${host}`, modRevision: block.modRevision, revisionNow, take};
  }
}

/** What a topology update has written that never came to its end: its claim, and then its placements and hosts. */
function* abandonedUpdates(ledger: Ledger): Generator<Orphan> {
  const {keys, tables} = ledger;
  const {placements, unplaced, stagings} = tables.leftovers;
  for (const [key, modRevision] of stagings) {
    const revisionNow = () => ledger.tables.leftovers.stagings.get(key);
    yield {what: `preparation of topology ${modRevision}`, modRevision, revisionNow, take: () => removal(key, modRevision)};
  }
  if (stagings.size > 0) return;
  const current = tables.topology?.value.generation ?? 0;
  const hasNoClaim = () => ledger.tables.leftovers.stagings.size === 0;
  for (const {value, modRevision} of placements()) {
    if (value.generation < current) continue;
    const key = keys.placement(value.generation, value.host);
    const isUnused = () => hasNoClaim() && ledger.tables.topology?.value.generation !== value.generation;
    const revisionNow = () => (isUnused() ? modRevision : undefined);
    yield {
      what: `placement of host ${value.host} in topology ${value.generation}`,
      modRevision,
      revisionNow,
      take: () => removal(key, modRevision),
    };
  }
  for (const {value, modRevision} of unplaced()) {
    const find = () => [...ledger.tables.leftovers.unplaced()].find(other => other.value.name === value.name);
    const revisionNow = () => (hasNoClaim() ? find()?.modRevision : undefined);
    const take = () => {
      const isIpTaken = [...ledger.tables.hosts.values()].some(other => other.value.ip === value.ip);
      const parts = [removal(keys.host(value.name), modRevision), ...(isIpTaken ? [] : [removal(keys.hostIp(value.ip), modRevision)])];
      return joinTransactions(parts);
    };
    yield {what: `host ${value.name} of a topology that never came`, modRevision, revisionNow, take};
  }
}

function withoutHost({keys}: Ledger, host: string): Transaction {
  return {conditions: [{key: keys.host(host), modRevision: 0}], operations: []};
}
