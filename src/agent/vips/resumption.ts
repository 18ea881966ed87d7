import type {State, Vip, VipHolder} from '../../core/state.ts';
import type {LeaseIds} from '../../core/vip-lease-id.ts';
import type {VipClaims} from '../../store/vip-claims.ts';
import type {VipLease} from './lease.ts';

export interface ResumptionOptions {
  readonly claims: Pick<VipClaims, 'heldBy'>;
  readonly ids: Pick<LeaseIds, 'isOwn'>;
  readonly lease: Pick<VipLease, 'id' | 'resume'>;
}

/** What an agent before this one has held, on this host and since this machine was started, and what was taken without an answer. */
export interface Resumption {
  /** With the first state of the store: it says what may be resumed. */
  begin(state: State, hostName: string): void;
  readonly isAnyOpen: boolean;
  /** It is not known yet whether this VIP is still ours. */
  isOpen(vip: string): boolean;
  /** Tells of those that are ours, their lease proven to live. Rejects with StoreError; what was not told of is as open as before. */
  resume(state: State, onOurs: (vip: Vip, revision: number, since: number | undefined) => void): Promise<void>;
  /** The answer to a request to take this VIP was lost. */
  doubt(vip: string): void;
  /** The lease is lost, and whatever it held. */
  close(): void;
}

export function createResumption({claims, ids, lease}: ResumptionOptions): Resumption {
  let open: Set<string> | undefined;
  const isAlive = async (id: string) => id === lease.id || (lease.id === undefined && ids.isOwn(id) && (await lease.resume(id)));
  return {
    begin({vips, vipHolders}, hostName) {
      const own = [...vipHolders.values()].filter(({vip, host, ip}) => host === hostName && (vips.has(vip) || ip !== undefined));
      open ??= new Set(own.map(({vip}) => vip));
    },
    get isAnyOpen() {
      return open !== undefined && open.size > 0;
    },
    isOpen: vip => open?.has(vip) === true,
    doubt: vip => void open?.add(vip),
    close: () => open?.clear(),
    async resume({vips, vipHolders}, onOurs) {
      for (const name of open ?? []) {
        const held = await claims.heldBy(name);
        const isOurs = held !== undefined && (await isAlive(held.lease));
        const vip = takenVip(vips.get(name), vipHolders.get(name));
        if (open?.delete(name) === true && isOurs && vip !== undefined) onOurs(vip, held.revision, vipHolders.get(name)?.since);
      }
    },
  };
}

/** The VIP as it was taken. It may be gone since, or have another IP; the lease goes on all the same, so what it holds of the old one has to be given up. */
function takenVip(known: Vip | undefined, holder: VipHolder | undefined): Vip | undefined {
  const ip = holder?.ip ?? known?.ip;
  return ip === undefined ? undefined : {name: known?.name ?? holder?.vip ?? '', hosts: known?.hosts ?? [], ip};
}
