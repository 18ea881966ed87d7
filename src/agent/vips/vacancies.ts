import type {Vip} from '../../core/state.ts';
import {claimDelayMs} from '../../core/vip-candidates.ts';
import {type HostFacts, obstacleTo} from './holding.ts';

/** The VIPs that nobody holds, each since this host has known for certain that it was vacant all the time. */
export interface Vacancies {
  /** Somebody has taken the VIP, or given it up: what was known of it is over. */
  forget(vip: string): void;
  forgetAll(): void;
  /** Leaves a VIP alone until then. */
  defer(vip: string, until: number): void;
  /** The VIPs that are this host's to take now, and when to look again. */
  look(facts: HostFacts, now: number): {readonly due: readonly Vip[]; readonly nextAt: number};
}

export function createVacancies(): Vacancies {
  const since = new Map<string, number>();
  const deferred = new Map<string, number>();
  return {
    forget: vip => void since.delete(vip),
    forgetAll: () => since.clear(),
    defer: (vip, until) => void deferred.set(vip, until),
    look(facts, now) {
      const {state, self} = facts;
      const due: Vip[] = [];
      let nextAt = Infinity;
      for (const vip of state.vips.values()) {
        const {name} = vip;
        if (state.vipHolders.has(name)) {
          since.delete(name);
          continue;
        }
        const vacantSince = since.get(name) ?? now;
        since.set(name, vacantSince);
        if (obstacleTo(vip, facts) !== undefined) continue;
        const at = Math.max(vacantSince + claimDelayMs(vip, self.name, state.hosts.values()), deferred.get(name) ?? 0);
        if (at <= now) due.push(vip);
        else nextAt = Math.min(nextAt, at);
      }
      for (const [name, until] of deferred) if (until <= now) deferred.delete(name);
      for (const name of since.keys()) if (!state.vips.has(name)) since.delete(name);
      return {due, nextAt};
    },
  };
}
