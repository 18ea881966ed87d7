import {createIpamIndex, type IpamIndex} from '../core/ipam-index.ts';
import type {Keys} from '../store/keys.ts';
import {createMirror, type Mirror, type MirrorOptions} from '../store/mirror.ts';
import type {Store} from '../store/store.ts';
import {createTables, type RecordChange, type Tables} from '../store/tables.ts';

/** What ipamd knows of the store, kept current by a watch: the records with their revisions, and the same arranged for allocation. */
export interface Ledger extends Pick<Mirror, 'revision' | 'ageMs' | 'run' | 'reached' | 'sync'> {
  readonly keys: Keys;
  readonly store: Store;
  readonly tables: Tables;
  readonly index: IpamIndex;
  /** The first whole listing has been read. */
  readonly isReady: boolean;
}

export interface LedgerOptions extends Pick<MirrorOptions, 'store' | 'keys' | 'clock' | 'id'> {
  readonly log: MirrorOptions['log'] & {error(fields: object, message: string): void};
}

export function createLedger({store, keys, clock, log, id}: LedgerOptions): Ledger {
  let tables: Tables;
  let index: IpamIndex;
  const reset = () => {
    const newIndex = createIpamIndex();
    index = newIndex;
    tables = createTables({
      keys,
      onUnreadable: (key, reason) => log.error({key, reason}, 'stored value cannot be read, the last good one stays'),
      onChange: change => applyToIndex(newIndex, change),
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
    get isReady() {
      return mirror.revision > 0;
    },
    get revision() {
      return mirror.revision;
    },
    get ageMs() {
      return mirror.ageMs;
    },
    run: mirror.run,
    reached: mirror.reached,
    sync: mirror.sync,
  };
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
