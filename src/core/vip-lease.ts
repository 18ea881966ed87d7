/**
 * How long a VIP's address may stay on its holder, in times that never overlap with another holder's. All times are milliseconds of one clock
 * that never jumps and goes on while the machine sleeps.
 *
 * Etcd ends a lease, at the earliest, its time to live after it has received the last renewal, so after that was sent. Whoever sees the holder
 * gone waits holdOffMs before taking the VIP. Before that moment the old holder's address must be gone, whatever has become of its agent: the
 * kernel removes it when its lifetime ends. That counts in whole seconds, and the kernel looks after lifetimes at most once a second: it was
 * seen to remove an address 1.0 s late when another one had been added just before its end (0.25 s otherwise). So, for a lifetime that is set
 * at the moment `at`:
 *
 *   at + lifetime + kernelLateMs + spareMs <= sent + time to live + holdOffMs
 *
 * For 3 s: a lifetime of 2 s, set within 150 ms after the renewal was sent, or of 1 s, within 1150 ms.
 */
export const holdOffMs = 200;
const kernelLateMs = 1000;
const spareMs = 50;

/** A renewal of a lease that etcd has confirmed: when it was sent, and the time to live that etcd gives. */
export interface LeaseProof {
  readonly sentAt: number;
  readonly ttlMs: number;
}

/** A lifetime for the kernel, which must not be set later than told. */
export interface AddressLifetime {
  readonly seconds: number;
  readonly latestAt: number;
}

/** The longest lifetime that may be set now; undefined when it is too late for any. */
export function addressLifetime(proof: LeaseProof, now: number): AddressLifetime | undefined {
  const seconds = Math.floor((holdUntil(proof) - now) / 1000);
  return seconds < 1 ? undefined : {seconds, latestAt: holdUntil(proof) - seconds * 1000};
}

/** Until when the addresses may be held on to; a lifetime that is set in time ends before. */
export function holdUntil({sentAt, ttlMs}: LeaseProof): number {
  return sentAt + ttlMs + holdOffMs - kernelLateMs - spareMs;
}

/** From one renewal to the next. Several may fail before an address goes. */
export function renewEveryMs({ttlMs}: LeaseProof): number {
  return ttlMs / 6;
}

/** How long a renewal may take: after that its answer would not help any more. */
export function renewLimitMs({ttlMs}: LeaseProof): number {
  return ttlMs / 3;
}
