import {messageOf} from '../core/errors.ts';
import type {Keys} from './keys.ts';
import {type Operation, type Store, StoreError, type Watch, type WatchEvent} from './store.ts';

/** A copy of everything below a prefix, kept current by a watch. */
export interface Mirror {
  /** The revision that the copy shows; 0 before the first whole listing. */
  readonly revision: number;
  /** Milliseconds since the copy is known to be out of touch with the store; 0 while the watch stands. */
  readonly ageMs: number;
  /** Why it is out of touch, as far as anything has failed so far; undefined while the watch stands. */
  readonly fault: string | undefined;
  /** How long the watch took to show what this program wrote last, or has been taking so far; milliseconds. */
  readonly lagMs: number;
  /** Lists and watches until the signal aborts; lists anew whenever the watch is lost. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when the copy shows that revision; rejects with StoreError after the time. */
  reached(revision: number): Promise<void>;
  /** Resolves when the copy shows everything that anyone had written before the call. */
  sync(): Promise<void>;
  /** Takes in at once what this program itself has written with that revision; the watch shows it a moment later. */
  own(operations: readonly Operation[], revision: number): void;
}

/** Who is told. `onReset` announces a whole new listing: all that was told before is void. */
export interface MirrorListener {
  onReset(): void;
  onEvent(event: WatchEvent): void;
  /** After each batch, and after the first whole listing: now everything is as of `revision`. */
  onRevision(revision: number): void;
}

export interface MirrorOptions {
  readonly store: Store;
  readonly keys: Keys;
  readonly listener: MirrorListener;
  readonly clock: {now(): number; sleep(ms: number, signal?: AbortSignal): Promise<void>};
  readonly log: {warn(fields: object, message: string): void; info(fields: object, message: string): void};
  /** Names this program's own barrier key. */
  readonly id: string;
  readonly timeoutMs?: number;
}

const retryMs = 500;

export function createMirror({store, keys, listener, clock, log, id, timeoutMs = 3000}: MirrorOptions): Mirror {
  let revision = 0;
  let outOfTouchSince: number | undefined = clock.now();
  let isMissed = false;
  let fault: string | undefined;
  let loseWatch: (reason: unknown) => void = () => undefined;
  // What was written here and the watch has not shown yet, by key.
  const ahead = new Map<string, WatchEvent>();
  let aheadSince: number | undefined;
  let lastLagMs = 0;
  let waiters: {readonly revision: number; readonly done: () => void}[] = [];

  const advance = (to: number) => {
    revision = to;
    for (const [key, {modRevision}] of ahead) if (modRevision <= to) ahead.delete(key);
    if (aheadSince !== undefined && ahead.size === 0) {
      lastLagMs = clock.now() - aheadSince;
      aheadSince = undefined;
    }
    listener.onRevision(revision);
    const isReached = ({revision: wanted}: {revision: number}) => wanted <= revision;
    const reached = waiters.filter(isReached);
    waiters = waiters.filter(waiter => !isReached(waiter));
    for (const {done} of reached) done();
  };
  const isInTouch = (is: boolean) => {
    outOfTouchSince = is ? undefined : (outOfTouchSince ?? clock.now());
  };

  /** One listing and the watch that goes on from it; ends when the watch is lost. */
  const follow = async (signal: AbortSignal) => {
    const listing = await store.list(keys.all);
    listener.onReset();
    for (const entry of listing.entries) listener.onEvent(entry);
    for (const event of ahead.values()) if (event.modRevision > listing.revision) listener.onEvent(event);
    advance(listing.revision);
    const lost = Promise.withResolvers<unknown>();
    loseWatch = lost.resolve;
    // A watch that is being closed may still have something to say, which must not mix with what comes after it.
    let isOver = false;
    const watch: Watch = await store.watch(keys.all, listing.revision + 1, {
      onEvents(events, at) {
        if (isOver) return;
        for (const event of events) if ((ahead.get(event.key)?.modRevision ?? 0) < event.modRevision) listener.onEvent(event);
        advance(at);
      },
      onConnected() {
        if (isOver) return;
        if (isMissed) log.info({}, 'store is in touch again');
        isMissed = false;
        fault = undefined;
        isInTouch(true);
      },
      onDisconnected(error) {
        if (isOver) return;
        if (!isMissed) log.warn({err: error}, 'store is out of touch');
        isMissed = true;
        fault = messageOf(error);
        isInTouch(false);
      },
      onLost: lost.resolve,
    });
    const stop = () => lost.resolve(undefined);
    signal.addEventListener('abort', stop, {once: true});
    if (signal.aborted) stop();
    const reason = await lost.promise;
    isOver = true;
    signal.removeEventListener('abort', stop);
    watch.close();
    if (!signal.aborted) log.warn({err: reason}, 'watch was lost, listing again');
  };

  const reached = async (wanted: number) => {
    if (wanted <= revision) return;
    const {promise, resolve} = Promise.withResolvers<void>();
    const waiter = {revision: wanted, done: resolve};
    waiters.push(waiter);
    const timer = new AbortController();
    const isInTime = await Promise.race([promise.then(() => true), clock.sleep(timeoutMs, timer.signal).then(() => false)]);
    timer.abort();
    if (isInTime) return;
    waiters = waiters.filter(other => other !== waiter);
    throw new StoreError(`the store's watch has not shown revision ${wanted} within ${timeoutMs} ms (it is at ${revision})`);
  };

  return {
    get revision() {
      return revision;
    },
    get lagMs() {
      return aheadSince === undefined ? lastLagMs : Math.max(lastLagMs, clock.now() - aheadSince);
    },
    get ageMs() {
      return outOfTouchSince === undefined ? 0 : Math.max(1, clock.now() - outOfTouchSince);
    },
    get fault() {
      return fault;
    },
    async run(signal) {
      let isFirstFailure = true;
      while (!signal.aborted) {
        try {
          await follow(signal);
          isFirstFailure = true;
        } catch (error) {
          if (isFirstFailure) log.warn({err: error}, 'store is not reachable, will retry');
          isMissed = true;
          fault = messageOf(error);
          isFirstFailure = false;
          await clock.sleep(retryMs, signal);
        }
        isInTouch(false);
      }
    },
    reached,
    own(operations, at) {
      // The watch may be faster than the answer.
      if (at <= revision) return;
      aheadSince ??= clock.now();
      for (const operation of operations) {
        const event =
          'put' in operation ? {key: operation.put, value: operation.value, modRevision: at} : {key: operation.delete, modRevision: at};
        ahead.set(event.key, event);
        listener.onEvent(event);
      }
    },
    async sync() {
      const key = keys.barrier(id);
      const shown = revision;
      const {revision: written} = await store.commit({conditions: [], operations: [{put: key, value: ''}]});
      if (written <= shown) {
        const error = new StoreError(`the store was replaced: it is at revision ${written} and was at ${shown}`);
        loseWatch(error);
        throw error;
      }
      await reached(written);
    },
  };
}
