import {messageOf} from '../../core/errors.ts';
import {holdUntil, type LeaseProof, renewEveryMs, renewLimitMs} from '../../core/vip-lease.ts';
import type {LeaseIds} from '../../core/vip-lease-id.ts';
import type {Leases} from '../../store/store.ts';
import type {Clock} from '../../system/clock.ts';

/** The one lease of this agent, under which it holds its VIPs. */
export interface VipLease {
  readonly id: string | undefined;
  /** The last renewal; undefined without a lease. */
  readonly proof: LeaseProof | undefined;
  /** Begins a lease where there is none. Rejects with StoreError. */
  begin(): Promise<void>;
  /** Goes on with a lease that an agent of this host has begun before; false: it has ended. Rejects with StoreError. */
  resume(id: string): Promise<boolean>;
  /** Has no lease any more. Gives the one that it was. */
  forget(): string | undefined;
  /** Renews the lease, whenever there is one, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface VipLeaseOptions {
  readonly leases: Leases;
  readonly ids: LeaseIds;
  readonly leaseSeconds: number;
  /** Milliseconds of a clock that never jumps. */
  readonly uptime: () => number;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: {warn(fields: object, message: string): void; info(fields: object, message: string): void};
  onRenewed(): void;
  /** The lease has ended, or was not renewed in time, and is forgotten. */
  onLost(id: string, reason: string): void;
}

const resumeLimitMs = 1000;

export function createVipLease({leases, ids, leaseSeconds, uptime, clock, log, onRenewed, onLost}: VipLeaseOptions): VipLease {
  let current: {readonly id: string; readonly proof: LeaseProof} | undefined;
  let begun = Promise.withResolvers<void>();
  let failures = 0;

  const hold = (id: string, sentAt: number, ttlSeconds: number) => {
    current = {id, proof: {sentAt, ttlMs: ttlSeconds * 1000}};
    begun.resolve();
  };
  const forget = () => {
    const id = current?.id;
    if (current !== undefined) begun = Promise.withResolvers();
    current = undefined;
    return id;
  };
  const lose = (id: string, reason: string) => {
    forget();
    failures = 0;
    onLost(id, reason);
  };

  /** Renews once. Gives when to do so again. */
  const renew = async ({id, proof}: NonNullable<typeof current>): Promise<number> => {
    const sentAt = uptime();
    const leftMs = holdUntil(proof) - sentAt;
    if (leftMs <= 0) {
      lose(id, 'it could not be renewed in time');
      return sentAt;
    }
    try {
      const ttlSeconds = await leases.keepAlive(id, Math.min(renewLimitMs(proof), leftMs));
      if (current?.id !== id) return sentAt;
      if (ttlSeconds === 0) {
        lose(id, 'it has ended');
        return sentAt;
      }
      hold(id, sentAt, ttlSeconds);
      if (failures > 0) log.info({failures}, 'lease of the VIPs is renewed again');
      failures = 0;
      onRenewed();
    } catch (error) {
      failures += 1;
      if (failures === 1) log.warn({reason: messageOf(error)}, 'lease of the VIPs could not be renewed, will retry');
    }
    return Math.min(sentAt + renewEveryMs(proof), current === undefined ? sentAt : holdUntil(current.proof));
  };

  return {
    get id() {
      return current?.id;
    },
    get proof() {
      return current?.proof;
    },
    async begin() {
      if (current !== undefined) return;
      const id = ids.next();
      const sentAt = uptime();
      hold(id, sentAt, await leases.grant(id, leaseSeconds));
    },
    async resume(id) {
      const sentAt = uptime();
      const ttlSeconds = await leases.keepAlive(id, resumeLimitMs);
      if (ttlSeconds > 0) hold(id, sentAt, ttlSeconds);
      return ttlSeconds > 0;
    },
    forget,
    async run(signal) {
      const {promise: stopped, resolve: stop} = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => stop(), {once: true});
      while (!signal.aborted) {
        const due = current === undefined ? undefined : await renew(current);
        if (due === undefined) await Promise.race([begun.promise, stopped]);
        else await clock.sleep(Math.max(0, due - uptime()), signal);
      }
    },
  };
}
