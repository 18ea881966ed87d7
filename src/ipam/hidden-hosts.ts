import type {Host} from '../core/state.ts';
import type {HostIdentity} from '../store/records.ts';
import type {Condition, Transaction} from '../store/store.ts';
import type {Versioned} from '../store/table.ts';
import type {Ledger} from './ledger.ts';

// Hosts without a place in the topology that is in force: an update has brought them that is yet to come, or never will. Nobody sees them. Whoever
// wants the name or the IP of one takes it away, with both its keys: an update that still needs it finds it missing, and looks again.

type Wanted = Pick<Host, 'name' | 'ip'>;
type WantedIp = Pick<Host, 'ip'> & Partial<Wanted>;

/** That nobody has a host's name; the IP of a hidden host of that name is given up. Whoever joins this writes the host's key. */
export function unclaimedName({keys, tables}: Ledger, {name, ip}: Wanted): Transaction {
  const hidden = tables.leftovers.hidden(name);
  const isOtherIp = hidden !== undefined && hidden.value.ip !== ip;
  return {
    conditions: [{key: keys.host(name), modRevision: hidden?.modRevision ?? 0}],
    operations: isOtherIp ? [{delete: keys.hostIp(hidden.value.ip)}] : [],
  };
}

/** That no host and no VIP has an IP; a hidden host that has it is removed, unless that is the one that wants it. Whoever joins this writes the key of the IP. */
export function unclaimedIp({keys, tables}: Ledger, {name, ip}: WantedIp): Transaction {
  if (name !== undefined && tables.leftovers.hidden(name)?.value.ip === ip) return {conditions: [], operations: []};
  const owner = [...tables.leftovers.unplaced()].find(({value}) => value.ip === ip);
  if (owner === undefined) return {conditions: [{key: keys.hostIp(ip), modRevision: 0}], operations: []};
  const key = keys.host(owner.value.name);
  // Where no host comes in its place, a range of keys would not tell of it.
  const operations = [{delete: key}, {put: keys.removals, value: owner.value.name}];
  return {conditions: [{key, modRevision: owner.modRevision}], operations};
}

/** Removes a hidden host, if it is still as it was seen. A host's key and that of its IP come and go together. */
export function removalOfHidden({keys}: Ledger, {value: {name, ip}, modRevision}: Versioned<HostIdentity>): Transaction {
  const condition: Condition = {key: keys.host(name), modRevision};
  return {conditions: [condition], operations: [{delete: keys.host(name)}, {delete: keys.hostIp(ip)}]};
}
