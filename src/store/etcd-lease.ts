import type {LeaseClient} from 'etcd3';
import type {Cluster} from './etcd-cluster.ts';
import {parseRpcError, RpcError, unavailable} from './etcd-faults.ts';
import type {Leases} from './store.ts';

/** Creates the leases of etcd. To be kept alive a lease takes one request and one answer: a stream that merely stands proves nothing. */
export function createLeases(cluster: Cluster): Leases {
  return {
    async grant(id, ttlSeconds) {
      const {TTL} = await cluster.write(
        'get a lease from',
        ({lease}, options) => lease.leaseGrant({ID: id, TTL: ttlSeconds}, options),
        () => 'the request is for a lease',
      );
      return Number(TTL);
    },
    async keepAlive(id, limitMs) {
      const {TTL} = await cluster.readWithin(limitMs, 'renew a lease at', ({lease}, options) => keepAliveOnce(lease, id, options));
      return Number(TTL);
    },
    async revoke(id) {
      await cluster.readWithin(undefined, 'give a lease back to', ({lease}, options) => revokeOnce(lease, id, options));
    },
  };
}

async function keepAliveOnce(lease: LeaseClient, id: string, options: {readonly deadline: number}): Promise<{readonly TTL: string}> {
  const stream = await lease.leaseKeepAlive(options);
  const answer = Promise.withResolvers<{readonly TTL: string}>();
  stream.on('data', answer.resolve);
  stream.on('error', error => answer.reject(parseRpcError(error)));
  stream.on('end', () => answer.reject(new RpcError(unavailable, 'etcd has ended the request without an answer')));
  stream.write({ID: id});
  try {
    return await answer.promise;
  } finally {
    stream.cancel();
  }
}

/** To give back what has ended already is to be done with it. */
async function revokeOnce(lease: LeaseClient, id: string, options: {readonly deadline: number}): Promise<void> {
  await lease.leaseRevoke({ID: id}, options).catch((error: unknown) => {
    if (!(error instanceof RpcError && /requested lease not found/.test(error.message))) throw error;
  });
}
