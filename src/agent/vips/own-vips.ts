import type {VipFacts} from '../../core/node-state.ts';
import {hostPrefix, type Prefix} from '../../core/prefix.ts';
import type {Vip} from '../../core/state.ts';
import type {Logger} from '../../system/log.ts';
import type {Holding} from './holding.ts';

/** How often this host has taken a VIP, given one up, and lost one with its lease, since the agent started. */
export interface VipChanges {
  readonly taken: number;
  readonly released: number;
  readonly lost: number;
}

export interface OwnVips {
  readonly holdings: ReadonlyMap<string, Holding>;
  readonly changes: VipChanges;
  take(vip: Vip, revision: number, since: number): void;
  /** The same for one that an agent before this one has taken. */
  resume(vip: Vip, revision: number, since: number): void;
  leave(holding: Holding, reason: string, phase: 'withdrawing' | 'removing', until: number): void;
  released(holding: Holding): void;
  /** All at once: the lease is gone. */
  lose(reason: string): void;
  facts(): VipFacts;
}

/** The VIPs that the store says are held by this host, and what the log and the metrics tell of them. */
export function createOwnVips(log: Pick<Logger, 'info' | 'warn' | 'error'>): OwnVips {
  const holdings = new Map<string, Holding>();
  const changes = {taken: 0, released: 0, lost: 0};
  const show = ({name, ip}: Vip) => ({vip: name, ip});
  const ever = new Set<Prefix>();
  const hold = (vip: Vip, revision: number, since: number) => {
    holdings.set(vip.name, {vip, revision, since, phase: 'held', dev: undefined});
    ever.add(hostPrefix(vip.ip));
  };
  return {
    holdings,
    changes,
    take(vip, revision, since) {
      hold(vip, revision, since);
      changes.taken += 1;
      log.info(show(vip), 'VIP is taken');
    },
    resume(vip, revision, since) {
      hold(vip, revision, since);
      log.info(show(vip), 'VIP is still held by this host');
    },
    leave(holding, reason, phase, until) {
      holding.phase = phase;
      holding.leaving = {reason, until};
      log.info({...show(holding.vip), reason}, 'VIP is given up');
    },
    released({vip}) {
      holdings.delete(vip.name);
      changes.released += 1;
    },
    lose(reason) {
      if (holdings.size === 0) return;
      log.error({reason, vips: [...holdings.values()].map(({vip}) => show(vip))}, 'VIPs are lost with their lease');
      changes.lost += holdings.size;
      holdings.clear();
    },
    facts() {
      const all = [...holdings.values()];
      const held = prefixesOf(all.filter(({phase, dev}) => phase === 'held' && dev !== undefined));
      const leaving = prefixesOf(all.filter(({phase}) => phase !== 'held'));
      const present = new Set(prefixesOf(all));
      return {held, leaving, former: [...ever].filter(prefix => !present.has(prefix))};
    },
  };
}

function prefixesOf(holdings: readonly Holding[]): Prefix[] {
  return holdings.map(({vip}) => hostPrefix(vip.ip));
}
