/** The small interface behind which etcd stands. Keys are whole keys, values are text, revisions are etcd's. */
export interface Store {
  get(key: string): Promise<KeyValue | undefined>;
  /** Every key that begins with the prefix, all as of one revision. */
  list(prefix: string): Promise<Listing>;
  /** Does all operations if every condition holds, else none. Rejects with StoreError also when the answer is not known: they may be done or not. */
  commit(transaction: Transaction): Promise<CommitResult>;
  /** Every change of keys that begin with the prefix, from that revision on, in order. */
  watch(prefix: string, fromRevision: number, handlers: WatchHandlers): Promise<Watch>;
  close(): void;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly modRevision: number;
  /** The lease that it goes with, if there is one. */
  readonly lease?: string;
}

export interface Listing {
  readonly revision: number;
  readonly entries: readonly KeyValue[];
}

/**
 * `modRevision` 0: the key must not exist. A range (both ends included) must hold no key that was written after `unchangedSince`;
 * 0: it must hold no key at all. Keys that were deleted do not count.
 */
export type Condition =
  | {readonly key: string; readonly modRevision: number}
  | {readonly from: string; readonly to: string; readonly unchangedSince: number};

/** A key that is put with a lease goes when that ends; a transaction whose lease has ended already is refused. */
export type Operation = {readonly put: string; readonly value: string; readonly lease?: string} | {readonly delete: string};

export interface Transaction {
  readonly conditions: readonly Condition[];
  readonly operations: readonly Operation[];
}

/** Leases: keys that are put with one go when it ends. All reject with StoreError when etcd does not answer. */
export interface Leases {
  /** Begins the lease of that number (1 to 2^63-1, in decimal digits). Gives its time to live in seconds: etcd may make it longer than was asked for. */
  grant(id: string, ttlSeconds: number): Promise<number>;
  /** Has it run for its whole time again, and gives that in seconds; 0: it has ended. Gives up after the limit. */
  keepAlive(id: string, limitMs: number): Promise<number>;
  /** Ends it, and deletes its keys. One that has ended is no error. */
  revoke(id: string): Promise<void>;
}

export interface CommitResult {
  readonly succeeded: boolean;
  readonly revision: number;
}

/** What etcd takes at most in one transaction of conditions, and of operations (its default of --max-txn-ops). */
export const maxOperations = 128;

/** What etcd takes at most in one request, keys and values and conditions together (its default of --max-request-bytes, 1.5 MiB). */
export const maxRequestBytes = 1_572_864;

/** A key that changed; without `value` it was deleted. */
export interface WatchEvent {
  readonly key: string;
  readonly value?: string;
  readonly modRevision: number;
}

export interface WatchHandlers {
  /** Whole revisions, the last of them `revision`; never a part of one. */
  onEvents(events: readonly WatchEvent[], revision: number): void;
  /** What was told may be out of date from now on: the watch has broken, or nobody can say that it has not missed anything. */
  onDisconnected(error: unknown): void;
  /** The watch stands, and whoever follows it is at most a few seconds behind the store. */
  onConnected(): void;
  /** The watch has ended for good (compacted history, for one): list again and start a new one. */
  onLost(error: unknown): void;
}

export interface Watch {
  close(): void;
}

/** The store did not answer, or did not take a request for a reason of its own: try again later. */
export class StoreError extends Error {
  readonly code = 'ERR_STORE';

  constructor(message: string, options: {cause?: unknown} = {}) {
    super(message, options);
    this.name = 'StoreError';
  }
}
