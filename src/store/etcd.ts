import {ConsecutiveBreaker, circuitBreaker, handleWhen, noop} from 'cockatiel';
import {Etcd3, type IOptions, isRecoverableError} from 'etcd3';
import type {Condition, KeyValue, Operation, Store, Watch} from './store.ts';
import {StoreError} from './store.ts';

export interface EtcdOptions {
  readonly endpoints: readonly string[];
  readonly credentials?: NonNullable<IOptions['credentials']>;
  readonly auth?: {readonly username: string; readonly password: string};
  /** A request without answer ends after this. */
  readonly deadlineMs?: number;
}

const pageSize = 5000;
const maxWatchBackoffMs = 1000;
const memberPauseMs = 5000;

/**
 * Creates the store on etcd's v3 API. Differs from the client's defaults: every request has a deadline, replies may be of any size,
 * dead connections are found by keepalive (not below 5 s, or the server hangs up), watches reconnect within a second, and only where there
 * are several members is one that failed left out for a while.
 */
export function createEtcdStore({endpoints, credentials, auth, deadlineMs = 3000}: EtcdOptions): Store {
  const client = new Etcd3({
    hosts: [...endpoints],
    ...(credentials && {credentials}),
    ...(auth && {auth: {...auth}}),
    grpcOptions: {
      'grpc.max_receive_message_length': -1,
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 3000,
      'grpc.max_reconnect_backoff_ms': 1000,
    },
    defaultCallOptions: context => (context.isStream ? {} : {deadline: Date.now() + deadlineMs}),
    faultHandling: {host: endpoints.length === 1 ? () => noop : pauseAfterFailure, global: noop, watchBackoff: createBackoff(50)},
  });
  const where = endpoints.join(', ');

  const ask = async <Result>(what: string, request: () => Promise<Result>): Promise<Result> => {
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await request();
        } catch (error) {
          if (attempt >= endpoints.length || !wasNeverSent(error)) throw error;
        }
      }
    } catch (error) {
      throw new StoreError(`cannot ${what} etcd at ${where}: ${error instanceof Error ? error.message : String(error)}`, {cause: error});
    }
  };

  return {
    async get(key) {
      const {kvs} = await ask('read from', () => client.kv.range({key: Buffer.from(key)}));
      return kvs.map(parseKeyValue)[0];
    },

    async list(prefix) {
      const entries: KeyValue[] = [];
      let revision = 0;
      let start = Buffer.from(prefix);
      for (;;) {
        const page = await ask('list', () =>
          client.kv.range({key: start, range_end: endOfPrefix(prefix), limit: pageSize, ...(revision > 0 && {revision})}),
        );
        if (revision === 0) revision = Number(page.header.revision);
        entries.push(...page.kvs.map(parseKeyValue));
        const last = page.kvs.at(-1);
        if (!page.more || last === undefined) return {revision, entries};
        start = Buffer.concat([last.key, Buffer.from([0])]);
      }
    },

    async commit({conditions, operations}) {
      const {succeeded, header} = await ask('write to', () =>
        client.kv.txn({compare: conditions.map(renderCondition), success: operations.map(renderOperation), failure: []}),
      );
      return {succeeded, revision: Number(header.revision)};
    },

    async watch(prefix, fromRevision, handlers) {
      const watcher = client.watch().prefix(prefix).startRevision(String(fromRevision)).watcher();
      let next = fromRevision;
      // The client would go on after the revision that the server had when it connected, delivered or not: what a connection that broke
      // while it caught up has not shown would be lost.
      watcher.on('connecting', request => void Object.assign(request, {start_revision: String(next)}));
      watcher.on('data', ({events}) => {
        const changes = events.map(({type, kv}) => ({
          key: kv.key.toString(),
          modRevision: Number(kv.mod_revision),
          ...(type === 'Put' && {value: kv.value.toString()}),
        }));
        // Not the header's revision: for a watch that catches up in several batches, that one runs ahead of what was delivered.
        const last = changes.at(-1);
        if (last === undefined) return;
        next = last.modRevision + 1;
        handlers.onEvents(changes, last.modRevision);
      });
      watcher.on('connected', () => handlers.onConnected());
      watcher.on('disconnected', error => handlers.onDisconnected(error));
      watcher.on('error', error => handlers.onLost(error));
      return {close: () => void watcher.cancel().catch(() => undefined)} satisfies Watch;
    },

    close() {
      client.close();
    },
  };
}

function parseKeyValue({key, value, mod_revision}: {key: Buffer; value: Buffer; mod_revision: string}): KeyValue {
  return {key: key.toString(), value: value.toString(), modRevision: Number(mod_revision)};
}

/** A range compares key by key, and an empty one as a single key of revision 0: "all modified before 1" is true of no key (etcd, txn.go). */
function renderCondition(condition: Condition) {
  if ('key' in condition) {
    return {key: Buffer.from(condition.key), target: 'Mod' as const, result: 'Equal' as const, mod_revision: String(condition.modRevision)};
  }
  const range = {key: Buffer.from(condition.from), range_end: Buffer.from(`${condition.to}\0`)};
  return {...range, target: 'Mod' as const, result: 'Less' as const, mod_revision: String(condition.unchangedSince + 1)};
}

function renderOperation(operation: Operation) {
  if ('put' in operation) return {request_put: {key: Buffer.from(operation.put), value: Buffer.from(operation.value)}};
  return {request_delete_range: {key: Buffer.from(operation.delete)}};
}

/** The first key after all keys with the prefix (all our prefixes end in "/"). */
function endOfPrefix(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

/** Doubles from 50 ms to a second: after etcd is back, a watch must not sleep for half a minute. */
function createBackoff(durationMs: number): NonNullable<NonNullable<IOptions['faultHandling']>['watchBackoff']> {
  return {duration: durationMs, next: () => createBackoff(Math.min(durationMs * 2, maxWatchBackoffMs))};
}

/** A member that failed is not asked for a while, so that the others answer instead. */
function pauseAfterFailure() {
  return circuitBreaker(
    handleWhen(error => isRecoverableError(error)),
    {halfOpenAfter: memberPauseMs, breaker: new ConsecutiveBreaker(1)},
  );
}

/** Nothing has gone out, so that even a write may be tried again at another member. */
function wasNeverSent(error: unknown): boolean {
  return error instanceof Error && error.message.includes('No connection established');
}
