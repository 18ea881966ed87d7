import {createIpamIndex, type IpamIndex} from '../core/ipam-index.ts';
import type {Address, Prefix} from '../core/prefix.ts';
import {createReservedSpace, type ReservedSpace} from '../core/reserved-space.ts';
import type {AllocatedAddress, Block} from '../core/state.ts';
import type {Keys} from '../store/keys.ts';
import {createMirror, type Mirror, type MirrorOptions} from '../store/mirror.ts';
import type {Store} from '../store/store.ts';
import {createTables, type RecordChange, type Tables} from '../store/tables.ts';
import {createUnderWay, type Written} from './written.ts';

/** What ipamd knows of the store, kept current by a watch: the records with their revisions, and the same arranged for allocation. */
export interface Ledger extends Pick<Mirror, 'revision' | 'ageMs' | 'lagMs' | 'run' | 'reached' | 'sync' | 'own'> {
  readonly keys: Keys;
  readonly store: Store;
  readonly tables: Tables;
  /** The records, and what is anticipated: for whoever plans. */
  readonly index: IpamIndex;
  /** The records alone: for whoever is told of them. */
  readonly written: Written;
  /** Blackouts, the IPs of hosts and VIPs, and the fixed prefixes of hosts. */
  readonly reserved: ReservedSpace;
  /** Why nothing can be said or decided: nothing has been read yet, or what everything else stands on cannot be. */
  readonly fault: string | undefined;
  /** Lets the index show what is about to be written, so that the next plan does not choose the same. */
  anticipate(effects: Effects): void;
  /** Lets the index show the records again, whether they have become what was anticipated or not. */
  settle(effects: Effects): void;
}

/** What a change does to blocks and addresses. */
export interface Effects {
  readonly blocks: readonly Block[];
  readonly addresses: readonly AllocatedAddress[];
  readonly gone: readonly AllocatedAddress[];
}

export interface LedgerOptions extends Pick<MirrorOptions, 'store' | 'keys' | 'clock' | 'id'> {
  readonly log: MirrorOptions['log'] & {error(fields: object, message: string): void};
}

export function createLedger({store, keys, clock, log, id}: LedgerOptions): Ledger {
  let tables: Tables;
  let index: IpamIndex;
  let reserved: ReservedSpace | undefined;
  let [fixed, ownIps]: [readonly Prefix[], readonly Address[]] = [[], []];
  let areOwnersNew = true;
  const underWay = createUnderWay();
  const reset = () => {
    const newIndex = createIpamIndex();
    index = newIndex;
    reserved = undefined;
    areOwnersNew = true;
    tables = createTables({
      keys,
      onUnreadable: (key, reason) => log.error({key, reason}, 'stored value cannot be read, the last good one stays'),
      onChange(change) {
        if (change.kind === 'blackouts') reserved = undefined;
        else if (isOfOwner(change)) areOwnersNew = true;
        else applyToIndex(newIndex, change);
      },
    });
  };
  reset();
  const mirror = createMirror({
    store,
    keys,
    clock,
    log,
    id,
    listener: {onReset: reset, onEvent: event => tables.apply(event), onRevision: () => undefined},
  });
  return {
    keys,
    store,
    get tables() {
      return tables;
    },
    get index() {
      return index;
    },
    get written() {
      return underWay.written({tables, index});
    },
    get reserved() {
      if (areOwnersNew) {
        // Most changes of hosts change neither, and there may be tens of thousands of blackouts to arrange.
        const present = [...tables.hosts.values(), ...tables.leftovers.unplaced()];
        const now = [...tables.hosts.values()].flatMap(({value}) => value.fixed ?? []);
        const ips = [...present, ...tables.vips.values()].map(({value}) => value.ip);
        if (now.join() !== fixed.join() || ips.join() !== ownIps.join()) reserved = undefined;
        [fixed, ownIps] = [now, ips];
        areOwnersNew = false;
      }
      reserved ??= createReservedSpace(tables.blackouts.value, fixed, ownIps);
      return reserved;
    },
    get fault() {
      if (mirror.revision === 0) return 'the store has not been read yet';
      // Without it there would seem to be no networks, and no hosts.
      const reason = tables.topology === undefined ? tables.unreadable.get(keys.topology) : undefined;
      return reason && `the value of ${keys.topology} in etcd cannot be read, correct it there: ${reason}`;
    },
    get revision() {
      return mirror.revision;
    },
    get lagMs() {
      return mirror.lagMs;
    },
    get ageMs() {
      return mirror.ageMs;
    },
    run: mirror.run,
    reached: mirror.reached,
    sync: mirror.sync,
    own: mirror.own,
    anticipate({blocks, addresses, gone}) {
      underWay.add({blocks, addresses, gone});
      for (const {ip} of gone) index.deleteAddress(ip);
      for (const block of blocks) index.putBlock(block, anticipated);
      for (const address of addresses) index.putAddress(address);
    },
    settle({blocks, addresses, gone}) {
      underWay.delete({blocks, addresses, gone});
      for (const {ip} of [...gone, ...addresses]) {
        const record = tables.addresses.get(ip);
        if (record === undefined) index.deleteAddress(ip);
        else index.putAddress(record.value);
      }
      for (const {cidr} of blocks) {
        const record = tables.blocks.get(cidr);
        index.deleteBlock(cidr);
        if (record !== undefined) index.putBlock(record.value, record.modRevision);
      }
    },
  };
}

/** After all that is there. */
const anticipated = Number.MAX_SAFE_INTEGER;

/** Whoever has an IP for itself, or a prefix. */
function isOfOwner({kind}: RecordChange): boolean {
  return kind === 'host' || kind === 'topology' || kind === 'vip';
}

function applyToIndex(index: IpamIndex, change: RecordChange): void {
  if (change.kind === 'block') {
    if (change.after !== undefined) index.putBlock(change.after, change.modRevision);
    else if (change.before !== undefined) index.deleteBlock(change.before.cidr);
  } else if (change.kind === 'address') {
    if (change.after !== undefined) index.putAddress(change.after);
    else if (change.before !== undefined) index.deleteAddress(change.before.ip);
  }
}
