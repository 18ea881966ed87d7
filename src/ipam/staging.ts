import type {Host} from '../core/state.ts';
import type {TopologyUpdate} from '../core/topology-update.ts';
import {renderRecord} from '../store/records.ts';
import {type Condition, maxOperations, StoreError, type Transaction} from '../store/store.ts';
import {removalOfHidden} from './hidden-hosts.ts';
import type {Ledger} from './ledger.ts';
import {joinTransactions} from './transact.ts';

/**
 * The placements of a topology that is to come. They are written before it, in as many transactions as they need, where nobody looks at them: below a
 * generation of their own, which no topology has yet. One daemon at a time holds the claim to do so, and each of its transactions compares it. An update
 * that has lost it, because it was so slow that it looked dead, starts again with a new claim, and so with a newer generation.
 */
export interface Staging {
  /** Notes what must have been written, and nothing else. True when that is so. */
  prepare(update: TopologyUpdate): boolean;
  /** Goes on towards that, as far as nobody is in the way. Throws StoreError where another update does not come to its end. */
  write(): Promise<void>;
  held(): {readonly generation: number; readonly claim: Condition};
  /** Clears away what was not put in force. */
  end(): Promise<void>;
}

export interface StagingOptions {
  readonly ledger: Ledger;
  readonly clock: {now(): number; sleep(ms: number): Promise<void>};
  /** Noted in the claim. */
  readonly id: string;
}

/** When the update that holds the claim last wrote something: a revision. Undefined where there is none. */
export function stagingProgress({tables}: Ledger): number | undefined {
  const claimed = tables.leftovers.staging?.modRevision;
  if (claimed === undefined) return undefined;
  const generation = generationOf(tables.topology?.value.generation, claimed);
  let last = claimed;
  for (const {value, modRevision} of tables.leftovers.placements()) {
    if (value.generation === generation) last = Math.max(last, modRevision);
  }
  return last;
}

/**
 * Above the present one, and different from that of any other claim: those made of a later topology have a higher revision, too. The revision alone
 * would do, were it not that keys may be copied into an etcd that counts from 1.
 */
function generationOf(current: number | undefined, claimed: number): number {
  return (current ?? 0) + claimed;
}

// A host of the new topology takes three conditions and three operations, beside the condition of the claim.
const hostsAtOnce = Math.floor((maxOperations - 1) / 3);
// Longer than a transaction may take.
const patienceMs = 4000;
const maxWaitMs = 30_000;
const pollMs = 50;

export function createStaging({ledger, clock, id}: StagingOptions): Staging {
  const {keys, store} = ledger;
  /** What was written under the claim: placements by host, and by which revision a host itself. */
  const placed = new Map<string, string>();
  const brought = new Map<string, number>();
  let wanted: ReadonlyMap<string, Host> = new Map();
  let added: ReadonlySet<string> = new Set();
  let claimed = 0;
  let generation = 0;

  return {
    prepare(update) {
      wanted = new Map(update.hosts.map(host => [host.name, host]));
      added = update.added;
      if (claimed !== claimNow()) claimed = 0;
      return claimed > 0 && missing().length === 0 && surplus().length === 0;
    },
    async write() {
      if (claimed === 0) await claim();
      if (claimed === 0) return;
      const isDone = (await clear(inTheWay())) && (await place(missing())) && (await drop());
      if (!isDone) await ledger.sync();
    },
    held: () => ({generation, claim: {key: keys.staging, modRevision: claimed}}),
    async end() {
      if (claimed === 0 || claimed !== claimNow()) return;
      wanted = new Map();
      try {
        if (await drop()) await commit([{conditions: [], operations: [{delete: keys.staging}]}]);
      } catch {
        // The collector does it.
      }
    },
  };

  function claimNow(): number | undefined {
    return ledger.tables.leftovers.staging?.modRevision;
  }

  async function claim(): Promise<void> {
    await otherUpdates();
    const {topology, leftovers} = ledger.tables;
    const conditions = [
      {key: keys.topology, modRevision: topology?.modRevision ?? 0},
      {key: keys.staging, modRevision: leftovers.staging?.modRevision ?? 0},
    ];
    const {succeeded, revision} = await store.commit({conditions, operations: [{put: keys.staging, value: id}]});
    if (!succeeded) return ledger.sync();
    placed.clear();
    brought.clear();
    claimed = revision;
    generation = generationOf(topology?.value.generation, revision);
    await ledger.reached(revision);
  }

  /**
   * Waits until no other update is under way. One that does nothing for long is taken for dead, and so is an earlier one of this daemon, whose updates take
   * turns: their claims may be taken over.
   */
  async function otherUpdates(): Promise<void> {
    const start = clock.now();
    let since = start;
    let last = stagingProgress(ledger);
    while (last !== undefined && ledger.tables.leftovers.staging?.value !== id && clock.now() - since < patienceMs) {
      if (clock.now() - start > maxWaitMs) throw new StoreError('other topology updates are under way; try again');
      await clock.sleep(pollMs);
      const progress = stagingProgress(ledger);
      if (progress !== last) since = clock.now();
      last = progress;
    }
  }

  /** Does these on the condition that the claim still stands, and says whether it was done. */
  async function commit(parts: readonly Transaction[]): Promise<number | undefined> {
    const transaction = joinTransactions([{conditions: [{key: keys.staging, modRevision: claimed}], operations: []}, ...parts]);
    const {succeeded, revision} = await store.commit(transaction);
    return succeeded ? revision : undefined;
  }

  /** The hosts whose placement is not written yet, or has to change, and those that are new and not there. */
  function missing(): Host[] {
    return [...wanted.values()].filter(
      host => placed.get(host.name) !== renderRecord(host.groups) || (added.has(host.name) && !isBrought(host.name)),
    );
  }

  /** Who adds hosts by hand may have taken it away. */
  function isBrought(name: string): boolean {
    const revision = brought.get(name);
    return revision !== undefined && ledger.tables.leftovers.hidden(name)?.modRevision === revision;
  }

  async function place(hosts: readonly Host[]): Promise<boolean> {
    let last = 0;
    for (let rest = hosts; rest.length > 0; rest = rest.slice(hostsAtOnce)) {
      const part = rest.slice(0, hostsAtOnce);
      const fresh = new Set(part.filter(({name}) => added.has(name) && !isBrought(name)));
      const revision = await commit(part.map(host => placement(host, fresh.has(host))));
      if (revision === undefined) return false;
      for (const {name, groups} of part) placed.set(name, renderRecord(groups));
      for (const {name} of fresh) brought.set(name, revision);
      last = revision;
    }
    await ledger.reached(last);
    return true;
  }

  function placement({groups, ...identity}: Host, isFresh: boolean): Transaction {
    const {name, ip} = identity;
    const put = {put: keys.placement(generation, name), value: renderRecord({host: name, generation, groups})};
    if (!isFresh) return {conditions: [], operations: [put]};
    const conditions = [keys.host(name), keys.hostIp(ip), keys.address(ip)].map(key => ({key, modRevision: 0}));
    return {conditions, operations: [put, {put: keys.host(name), value: renderRecord(identity)}, {put: keys.hostIp(ip), value: name}]};
  }

  /** Hosts that other updates left behind, which have the name or the IP of one that this one brings. */
  function inTheWay(): Transaction[] {
    const fresh = missing().filter(({name}) => added.has(name) && !isBrought(name));
    const names = new Set(fresh.map(({name}) => name));
    const ips = new Set(fresh.map(({ip}) => ip));
    const others = [...ledger.tables.leftovers.unplaced()].filter(({value}) => names.has(value.name) || ips.has(value.ip));
    return others.map(hidden => removalOfHidden(ledger, hidden));
  }

  /** What an earlier look at the hosts wanted, and this one does not: a host may have been removed, or added by hand. */
  function surplus(): Transaction[] {
    const placements = [...placed.keys()].filter(name => !wanted.has(name));
    const hosts = [...brought.keys()].filter(name => isBrought(name) && !(wanted.has(name) && added.has(name)));
    return [
      ...placements.map((name): Transaction => ({conditions: [], operations: [{delete: keys.placement(generation, name)}]})),
      ...hosts.flatMap(name => ledger.tables.leftovers.hidden(name) ?? []).map(hidden => removalOfHidden(ledger, hidden)),
    ];
  }

  async function drop(): Promise<boolean> {
    const isDone = await clear(surplus());
    if (isDone) for (const name of placed.keys()) if (!wanted.has(name)) placed.delete(name);
    return isDone;
  }

  /** Each takes up to one condition and two operations. */
  async function clear(removals: readonly Transaction[]): Promise<boolean> {
    let last = 0;
    for (let rest = removals; rest.length > 0; rest = rest.slice(hostsAtOnce)) {
      const revision = await commit(rest.slice(0, hostsAtOnce));
      if (revision === undefined) return false;
      last = revision;
    }
    await ledger.reached(last);
    return true;
  }
}
