import {setTimeout as sleep} from 'node:timers/promises';
import type {Cluster} from './etcd-cluster.ts';
import {deadlineExceeded, isTokenRefused, RpcError} from './etcd-faults.ts';
import type {Member} from './etcd-member.ts';
import {createWatchLine, LostError, type WatchLine} from './etcd-watch-stream.ts';
import type {Watch, WatchEvent, WatchHandlers} from './store.ts';

export interface WatchOptions {
  readonly cluster: Cluster;
  readonly range: {readonly key: Buffer; readonly range_end: Buffer};
  readonly fromRevision: number;
  readonly handlers: WatchHandlers;
  /** How often it is made sure that the watch is in touch with the cluster. */
  readonly probeMs: number;
  /** The revision that most members agree on, after the call. */
  readRevision(): Promise<number>;
}

const [shortestPauseMs, longestPauseMs] = [50, 1000];
const askAgainMs = 100;

/**
 * Watches keys on a stream of one member, and on another one when that breaks, from the first revision that was not delivered. A stream that
 * merely stands proves nothing: its member may hang, or be cut off from the others. So every few seconds the cluster is asked for its
 * revision, and then the member, over this very stream, until it has come to that revision too.
 *
 * Ends as lost when history was compacted away, or when the cluster is at an earlier revision than before (replaced, or restored).
 */
export function watchRange({cluster, range, fromRevision, handlers, probeMs, readRevision}: WatchOptions): Watch {
  const closing = new AbortController();
  const {signal} = closing;
  const {attemptMs} = cluster;
  let next = fromRevision;
  let failures = 0;

  const onEvents = (events: readonly WatchEvent[]) => {
    // Not the header's revision: for a watch that catches up in several batches, that one runs ahead of what was delivered.
    const last = events.at(-1);
    if (last === undefined) return;
    next = last.modRevision + 1;
    handlers.onEvents(events, last.modRevision);
  };

  /** Resolves when the member has come as far as the cluster, and says so over the line. */
  const prove = async (line: WatchLine, over: AbortSignal) => {
    const told = next - 1;
    const revision = await readRevision();
    if (revision < told) throw new LostError(`the store was replaced: it is at revision ${revision} and was at ${told}`);
    let [mark, since] = [next, Date.now()];
    for (;;) {
      over.throwIfAborted();
      line.askRevision();
      if (await line.until(() => line.revision >= revision, askAgainMs)) return;
      // A member that delivers what was missed may have no time for other answers.
      if (next !== mark) [mark, since] = [next, Date.now()];
      else if (Date.now() - since > attemptMs) throw behind(line.revision, revision);
    }
  };

  const stay = async (line: WatchLine, over: AbortSignal): Promise<never> => {
    if (!(await line.until(() => line.isCreated, attemptMs))) throw behind(0, next - 1);
    for (let isFirst = true; ; isFirst = false) {
      await prove(line, over);
      over.throwIfAborted();
      failures = 0;
      if (isFirst) handlers.onConnected();
      await sleep(probeMs, undefined, {signal: over});
    }
  };

  /** Until the stream breaks, or the watch is closed. */
  const follow = async (member: Member): Promise<never> => {
    const stream = await member.openWatch(Date.now() + attemptMs);
    const line = createWatchLine(stream, {range, fromRevision: next, onEvents});
    const broken = new AbortController();
    signal.addEventListener('abort', line.close);
    try {
      signal.throwIfAborted();
      return await Promise.race([line.broken, stay(line, AbortSignal.any([signal, broken.signal]))]);
    } finally {
      signal.removeEventListener('abort', line.close);
      broken.abort();
      line.close();
    }
  };

  const run = async () => {
    while (!signal.aborted) {
      const member = cluster.choose();
      try {
        await follow(member);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof LostError) return handlers.onLost(error);
        if (isTokenRefused(error)) member.forgetToken();
        else if (error instanceof RpcError) cluster.suspect(member, error);
        handlers.onDisconnected(error instanceof RpcError ? cluster.fault('watch', member, error) : error);
        const pauseMs = Math.min(shortestPauseMs * 2 ** failures, longestPauseMs);
        failures += 1;
        // Not all of a thousand agents at the same moment.
        await sleep(pauseMs * (0.5 + Math.random()), undefined, {signal}).catch(() => undefined);
      }
    }
  };

  void run();
  return {close: () => closing.abort()};
}

function behind(revision: number, wanted: number): RpcError {
  const reason = revision === 0 ? 'the watch is not answered' : `it has come to revision ${revision}, and the cluster to ${wanted}`;
  return new RpcError(deadlineExceeded, reason);
}
