import type {IWatchResponse} from 'etcd3';
import {isCompacted, parseRpcError, RpcError, unavailable} from './etcd-faults.ts';
import type {WatchStream} from './etcd-member.ts';
import type {WatchEvent} from './store.ts';

/** The history that a watch needs is not there any more. */
export class LostError extends Error {
  readonly code = 'ERR_WATCH_LOST';
}

/** One watch on a stream of its own. */
export interface WatchLine {
  /** Etcd has taken the watch. */
  readonly isCreated: boolean;
  /** The highest revision that the member has told since it was last asked for it. */
  readonly revision: number;
  /** Rejects when the stream breaks (RpcError), or when the watch cannot go on at all (LostError). */
  readonly broken: Promise<never>;
  askRevision(): void;
  /** Resolves with true as soon as the check holds, with false when it has not for that time. */
  until(check: () => boolean, ms: number): Promise<boolean>;
  close(): void;
}

export interface WatchLineOptions {
  readonly range: {readonly key: Buffer; readonly range_end: Buffer};
  readonly fromRevision: number;
  onEvents(events: readonly WatchEvent[]): void;
}

/** Starts the watch. What comes is delivered as it comes, by whole revisions, until the line is closed. */
export function createWatchLine(stream: WatchStream, {range, fromRevision, onEvents}: WatchLineOptions): WatchLine {
  const broken = Promise.withResolvers<never>();
  // Whoever closes the line need not wait for its end.
  broken.promise.catch(() => undefined);
  let [isCreated, isClosed, revision] = [false, false, 0];
  let checks: (() => void)[] = [];

  stream.on('data', response => {
    if (isClosed) return;
    if (response.canceled) broken.reject(reasonOf(response));
    else if (response.created) isCreated = true;
    else if (response.events.length > 0) onEvents(response.events.map(parseEvent));
    else revision = Math.max(revision, Number(response.header.revision));
    for (const check of checks) check();
  });
  stream.on('error', error => broken.reject(parseRpcError(error)));
  stream.on('end', () => broken.reject(new RpcError(unavailable, 'etcd has ended the watch')));
  stream.write({create_request: {...range, start_revision: String(fromRevision)}});

  return {
    broken: broken.promise,
    get isCreated() {
      return isCreated;
    },
    get revision() {
      return revision;
    },
    askRevision() {
      revision = 0;
      stream.write({progress_request: {}});
    },
    until(isDone, ms) {
      const {promise, resolve} = Promise.withResolvers<boolean>();
      const check = () => isDone() && resolve(true);
      // Where this program itself was held up, the answer may have come long ago: it is looked at before the clock is believed.
      const timer = setTimeout(() => setImmediate(() => resolve(isDone())), ms);
      checks.push(check);
      check();
      return promise.finally(() => {
        clearTimeout(timer);
        checks = checks.filter(other => other !== check);
      });
    },
    close() {
      isClosed = true;
      stream.cancel();
    },
  };
}

function parseEvent({type, kv}: IWatchResponse['events'][number]): WatchEvent {
  return {key: kv.key.toString(), modRevision: Number(kv.mod_revision), ...(type === 'Put' && {value: kv.value.toString()})};
}

function reasonOf({compact_revision, cancel_reason}: IWatchResponse): Error {
  const error = new RpcError(unavailable, cancel_reason);
  if (compact_revision === '0' && !isCompacted(error)) return error;
  return new LostError(`etcd has compacted away what was changed before revision ${compact_revision}`);
}
