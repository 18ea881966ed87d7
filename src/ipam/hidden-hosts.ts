import type {Host} from '../core/state.ts';
import {type Condition, StoreError} from '../store/store.ts';
import type {Ledger} from './ledger.ts';
import {removal} from './leftovers.ts';
import {joinTransactions} from './transact.ts';

// Hosts that a topology update has brought that came to nothing. Nobody sees them, and the collector takes them back after a while.

type HostIdentity = Pick<Host, 'name' | 'ip'>;

/** That nobody has a host's name or IP. A hidden host may be written over. */
export function unclaimedHost({keys, tables}: Ledger, {name, ip}: HostIdentity): Condition[] {
  const {hidden, unplaced} = tables.leftovers;
  const withIp = [...unplaced()].find(({value}) => value.ip === ip);
  return [
    {key: keys.host(name), modRevision: hidden(name)?.modRevision ?? 0},
    {key: keys.hostIp(ip), modRevision: withIp?.modRevision ?? 0},
  ];
}

/**
 * Removes a hidden host of that name with another IP, which would be left behind when it is written over: nobody else could have that IP then.
 * Throws StoreError while an update is under way that may be the one which brings it.
 */
export async function removeHidden(ledger: Ledger, {name, ip}: HostIdentity): Promise<void> {
  const {keys, store} = ledger;
  const hidden = ledger.tables.leftovers.hidden(name);
  if (hidden === undefined || hidden.value.ip === ip) return;
  const guard = await store.get(keys.hostIp(hidden.value.ip));
  const {succeeded, revision} = await store.commit(
    joinTransactions([
      {conditions: [{...keys.allStagings, unchangedSince: 0}], operations: []},
      removal(keys.host(name), hidden.modRevision),
      ...(guard?.value === name ? [removal(guard.key, guard.modRevision)] : []),
    ]),
  );
  if (!succeeded) throw new StoreError(`a topology update is under way, or has just come to nothing, that has host ${name} too; try again`);
  await ledger.reached(revision);
}
