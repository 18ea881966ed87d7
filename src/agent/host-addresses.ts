import {desiredHostAddresses} from '../core/desired-host-addresses.ts';
import {messageOf} from '../core/errors.ts';
import type {NodeState} from '../core/node-state.ts';
import type {Keys} from '../store/keys.ts';
import type {Store} from '../store/store.ts';
import type {Clock} from '../system/clock.ts';
import type {Logger} from '../system/log.ts';

export interface HostAddressesOptions {
  readonly host: string;
  readonly keys: Pick<Keys, 'host' | 'hostAddresses'>;
  readonly store: Pick<Store, 'get' | 'commit'>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** What the last pass decided from; undefined before the first, and while that was a cached state. */
  readNode(): NodeState | undefined;
}

const lookMs = 1000;
const maxWaitMs = 30_000;

/** Tells the other hosts, by the store, under which addresses this one is reached, until the signal aborts. Writes only what has changed; never rejects. */
export async function tellHostAddresses(options: HostAddressesOptions, signal: AbortSignal): Promise<void> {
  const {clock, log} = options;
  let failures = 0;
  while (!signal.aborted) {
    try {
      await tellOnce(options);
      if (failures > 0) log.info({}, 'addresses of this host reach the store again');
      failures = 0;
    } catch (error) {
      failures += 1;
      if (failures === 1) log.warn({reason: messageOf(error)}, 'addresses of this host could not be written, will retry');
    }
    await clock.sleep(Math.min(lookMs * 2 ** failures, maxWaitMs), signal);
  }
}

async function tellOnce({host, keys, store, log, readNode}: HostAddressesOptions): Promise<void> {
  const node = readNode();
  const addresses = node && desiredHostAddresses(node);
  if (node === undefined || addresses === undefined) return;
  if (addresses.join() === (node.state.hostAddresses.get(host) ?? []).join()) return;
  // The state may be a moment old; of a host that was removed meanwhile nothing is to stay behind.
  const record = await store.get(keys.host(host));
  if (record === undefined) return;
  const operation = {put: keys.hostAddresses(host), value: JSON.stringify({addresses})};
  const {succeeded} = await store.commit({conditions: [{key: record.key, modRevision: record.modRevision}], operations: [operation]});
  if (succeeded) log.info({addresses}, 'other hosts are told by which addresses this one is reached');
}
