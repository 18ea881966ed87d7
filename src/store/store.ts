/** The small interface behind which etcd stands. Keys are whole keys, values are text, revisions are etcd's. */
export interface Store {
  get(key: string): Promise<KeyValue | undefined>;
  /** Every key that begins with the prefix, all as of one revision. */
  list(prefix: string): Promise<Listing>;
  /** Does all operations if every condition holds, else none. Rejects with StoreError when the answer is not known. */
  commit(transaction: Transaction): Promise<CommitResult>;
  /** Every change of keys that begin with the prefix, from that revision on, in order. */
  watch(prefix: string, fromRevision: number, handlers: WatchHandlers): Promise<Watch>;
  close(): void;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly modRevision: number;
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

export type Operation = {readonly put: string; readonly value: string} | {readonly delete: string};

export interface Transaction {
  readonly conditions: readonly Condition[];
  readonly operations: readonly Operation[];
}

export interface CommitResult {
  readonly succeeded: boolean;
  readonly revision: number;
}

/** A key that changed; without `value` it was deleted. */
export interface WatchEvent {
  readonly key: string;
  readonly value?: string;
  readonly modRevision: number;
}

export interface WatchHandlers {
  /** Whole revisions, the last of them `revision`; never a part of one. */
  onEvents(events: readonly WatchEvent[], revision: number): void;
  onDisconnected(error: unknown): void;
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
