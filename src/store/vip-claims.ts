import type {Vip} from '../core/state.ts';
import type {Keys} from './keys.ts';
import {parseVip} from './records.ts';
import type {Store} from './store.ts';

/** Who holds which VIP, as the store has it: a key of the VIP and one of its IP, both under the lease of the holder. All reject with StoreError. */
export interface VipClaims {
  /**
   * Takes a VIP for the lease, if nobody holds it nor its IP and its record says what is known of it. Gives the revision from which on it is
   * taken; undefined: it could not be. When the answer is lost, a second call tells.
   */
  take(vip: Vip, holder: {readonly host: string; readonly since: number; readonly lease: string}): Promise<number | undefined>;
  /** Gives it up. What another lease holds stays. */
  release(vip: Pick<Vip, 'name' | 'ip'>, lease: string): Promise<void>;
  /** The lease that holds it, and since which revision; undefined where none does. */
  heldBy(name: string): Promise<{readonly lease: string; readonly revision: number} | undefined>;
}

export function createVipClaims(store: Pick<Store, 'get' | 'commit'>, keys: Keys): VipClaims {
  return {
    async take(vip, {host, since, lease}) {
      const {name, ip} = vip;
      const [holder, record] = await Promise.all([store.get(keys.vipHolder(name)), store.get(keys.vip(name))]);
      if (holder !== undefined) return holder.lease === lease ? holder.modRevision : undefined;
      if (record === undefined || !isSame(parseVip(record.key, record.value), vip)) return undefined;
      const {succeeded, revision} = await store.commit({
        conditions: [
          {key: keys.vipHolder(name), modRevision: 0},
          {key: keys.heldIp(ip), modRevision: 0},
          {key: record.key, modRevision: record.modRevision},
        ],
        operations: [
          {put: keys.vipHolder(name), value: JSON.stringify({host, since, ip}), lease},
          {put: keys.heldIp(ip), value: name, lease},
        ],
      });
      return succeeded ? revision : undefined;
    },

    async release({name, ip}, lease) {
      const own = await Promise.all([keys.vipHolder(name), keys.heldIp(ip)].map(key => store.get(key)));
      const held = own.filter(entry => entry !== undefined).filter(entry => entry.lease === lease);
      if (held.length === 0) return;
      // Where they have changed meanwhile, they are another's.
      await store.commit({
        conditions: held.map(({key, modRevision}) => ({key, modRevision})),
        operations: held.map(({key}) => ({delete: key})),
      });
    },

    async heldBy(name) {
      const holder = await store.get(keys.vipHolder(name));
      return holder?.lease === undefined ? undefined : {lease: holder.lease, revision: holder.modRevision};
    },
  };
}

function isSame(a: Vip, b: Vip): boolean {
  return a.ip === b.ip && a.hosts.length === b.hosts.length && a.hosts.every((host, index) => host === b.hosts[index]);
}
