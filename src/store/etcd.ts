import {X509Certificate} from 'node:crypto';
import {createCluster} from './etcd-cluster.ts';
import {createLeases} from './etcd-lease.ts';
import {type Credentials, createMember, type Login} from './etcd-member.ts';
import {watchRange} from './etcd-watch.ts';
import type {Condition, KeyValue, Leases, Operation, Store, Watch} from './store.ts';

export interface EtcdOptions {
  /** URLs of the members of one cluster. */
  readonly endpoints: readonly string[];
  readonly credentials?: Credentials;
  readonly auth?: Login;
  /** A request without answer ends after this. */
  readonly deadlineMs?: number;
  /** How often a watch makes sure that it is in touch. */
  readonly probeMs?: number;
}

export interface EtcdStore extends Store {
  readonly leases: Leases;
}

const pageSize = 5000;

/** Creates the store on etcd's v3 API (3.4 or later). README.md of this folder says what it does about which failure. */
export function createEtcdStore({endpoints, credentials, auth, deadlineMs = 3000, probeMs = 2000}: EtcdOptions): EtcdStore {
  const certificate = credentials?.certChain && describeCertificate(credentials.certChain);
  const members = endpoints.map(endpoint => createMember({endpoint, ...(credentials && {credentials}), ...(auth && {login: auth})}));
  const accused = {...(auth && {username: auth.username}), ...(certificate !== undefined && {certificate})};
  const cluster = createCluster({members, deadlineMs, accused});
  const watches = new Set<Watch>();

  return {
    leases: createLeases(cluster),

    async get(key) {
      const {kvs} = await cluster.read('read from', ({kv}, options) => kv.range({key: Buffer.from(key)}, options));
      return kvs.map(parseKeyValue)[0];
    },

    async list(prefix) {
      const entries: KeyValue[] = [];
      const page = {...rangeOf(prefix), limit: pageSize};
      let revision = 0;
      for (;;) {
        const asOf = {...page, ...(revision > 0 && {revision})};
        const {header, kvs, more} = await cluster.readMuch('list', ({kv}, options) => kv.range(asOf, options));
        if (revision === 0) revision = Number(header.revision);
        entries.push(...kvs.map(parseKeyValue));
        const last = kvs.at(-1);
        if (!more || last === undefined) return {revision, entries};
        page.key = Buffer.concat([last.key, Buffer.from([0])]);
      }
    },

    async commit({conditions, operations}) {
      const request = {compare: conditions.map(renderCondition), success: operations.map(renderOperation), failure: []};
      const {succeeded, header} = await cluster.write(
        'write to',
        ({kv}, options) => kv.txn(request, options),
        () => `the transaction has ${conditions.length} conditions and ${operations.length} operations with ${sizeOf(operations)} bytes`,
      );
      return {succeeded, revision: Number(header.revision)};
    },

    async watch(prefix, fromRevision, handlers) {
      const range = rangeOf(prefix);
      const readRevision = async () => {
        const {header} = await cluster.read('read from', ({kv}, options) => kv.range({key: range.key}, options));
        return Number(header.revision);
      };
      const watch = watchRange({cluster, range, fromRevision, handlers, probeMs, readRevision});
      watches.add(watch);
      return {
        close() {
          watches.delete(watch);
          watch.close();
        },
      };
    },

    close() {
      for (const watch of watches) watch.close();
      for (const member of members) member.close();
    },
  };
}
function sizeOf(operations: readonly Operation[]): number {
  const sizes = operations.map(operation =>
    'put' in operation ? Buffer.byteLength(operation.put + operation.value) : operation.delete.length,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function describeCertificate(chain: Buffer): string {
  const {subject, validTo} = new X509Certificate(chain);
  return `${subject.replaceAll('\n', ', ')}, valid until ${validTo} (etcd.tls.cert)`;
}

function parseKeyValue({key, value, mod_revision, lease}: {key: Buffer; value: Buffer; mod_revision: string; lease: string}): KeyValue {
  return {key: key.toString(), value: value.toString(), modRevision: Number(mod_revision), ...(lease !== '0' && {lease})};
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
  if ('put' in operation) {
    const {put, value, lease} = operation;
    return {request_put: {key: Buffer.from(put), value: Buffer.from(value), ...(lease !== undefined && {lease})}};
  }
  return {request_delete_range: {key: Buffer.from(operation.delete)}};
}

/** All keys with the prefix (all our prefixes end in "/"). */
function rangeOf(prefix: string): {key: Buffer; range_end: Buffer} {
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return {key: Buffer.from(prefix), range_end: end};
}
