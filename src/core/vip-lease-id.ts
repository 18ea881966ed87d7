import {hash32} from './hash.ts';

/** Numbers for leases by which an agent that was restarted knows its own again. */
export interface LeaseIds {
  next(): string;
  /** Whether the lease was begun by an agent of this host, since this machine was started. */
  isOwn(id: string): boolean;
}

export interface LeaseIdOptions {
  readonly hostName: string;
  /** What the kernel has made up for this run of the machine, so that another one that is called the same does not take a lease for its own. */
  readonly bootId: string;
  /** From 0 to 1, without 1. */
  readonly random: () => number;
}

/** The upper half says whose it is, the lower half is chance. Etcd takes 1 to 2^63-1. */
export function createLeaseIds({hostName, bootId, random}: LeaseIdOptions): LeaseIds {
  const owner = BigInt(hash32(`${bootId} ${hostName}`) >>> 1);
  return {
    next: () => String((owner << 32n) | BigInt(1 + Math.floor(random() * 0xffff_ffff))),
    isOwn: id => BigInt(id) >> 32n === owner,
  };
}
