import {messageOf} from '../../core/errors.ts';
import type {Interface, Self} from '../../core/node-state.ts';
import {type Address, hostPrefix, type Prefix} from '../../core/prefix.ts';
import type {State, Vip} from '../../core/state.ts';
import type {LeaseIds} from '../../core/vip-lease-id.ts';
import type {VipAnnouncer} from '../../drivers/vip-announcer.ts';
import type {VipDriver} from '../../drivers/vips.ts';
import type {Leases} from '../../store/store.ts';
import type {VipClaims} from '../../store/vip-claims.ts';
import type {Clock} from '../../system/clock.ts';
import type {Logger} from '../../system/log.ts';
import type {VipListener} from '../follow.ts';
import {createVipAddresses} from './addresses.ts';
import {type HostFacts, isOn, mayTakeAny, reasonToLeave} from './holding.ts';
import {createVipLease} from './lease.ts';
import {createOwnVips, type OwnVips} from './own-vips.ts';
import {createResumption} from './resumption.ts';
import {createVacancies} from './vacancies.ts';
import {type VipStatus, vipStatuses} from './vip-status.ts';

export interface VipsOptions {
  readonly claims: VipClaims;
  readonly leases: Leases;
  readonly ids: LeaseIds;
  readonly leaseSeconds: number;
  readonly driver: VipDriver;
  readonly announcer: VipAnnouncer;
  /** Milliseconds of a clock that never jumps and goes on while the machine sleeps. */
  readonly uptime: () => number;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  self(): Self;
  /** The addresses by which this host reaches others: its gateways, and etcd. */
  gateways(): readonly Address[];
  /** Resolves when the states that are offered show all that was written before the call. Rejects with StoreError. */
  sync(): Promise<void>;
  /** What others announce may have to change. */
  onChange(): void;
}

/** The VIPs of this host: takes those that nobody holds, keeps them as long as its lease is renewed, and gives them up in order. */
export interface Vips extends Pick<OwnVips, 'facts' | 'changes'> {
  readonly listener: VipListener;
  /** Something on this machine has changed: look again. */
  nudge(): void;
  /** Takes in that none of these, which this host gives up, is announced any more. */
  settled(leaving: readonly Prefix[]): void;
  /** Every VIP, and what this host has to do with it; none before the first state of the store. */
  readonly status: readonly VipStatus[];
  /** Works until the signal aborts. What is on the host stays then. */
  run(signal: AbortSignal): Promise<void>;
}

const lookMs = 2000;
const retryMs = 1000;
const failedMs = 10_000;
// BIRD withdraws by itself once the address is gone; to do it before only saves packets.
const withdrawMs = 2000;
// For the last word of BIRD to reach the neighbours, and to be acted upon there.
const partingMs = 100;
const atOnce = 16;

export function createVips(options: VipsOptions): Vips {
  const {claims, leases, driver, uptime, clock, log, self, gateways, onChange} = options;
  const own = createOwnVips(log);
  const {holdings} = own;
  const vacancies = createVacancies();
  const finished = new Set<string>();
  let state: State | undefined;
  let interfaces: readonly Interface[] = [];
  let bell = Promise.withResolvers<void>();
  let shown = '';
  let isClean = false;
  let lastFault = '';

  const ring = () => bell.resolve();
  const lease = createVipLease({
    ...options,
    onRenewed() {
      addresses.prolong().then(() => [...holdings.values()].some(({dev}) => dev === undefined) && ring(), ring);
    },
    onLost(id, reason) {
      own.lose(reason);
      resumption.close();
      finished.add(id);
      isClean = false;
      show();
      ring();
    },
  });
  const resumption = createResumption({claims, ids: options.ids, lease});
  const addresses = createVipAddresses({
    ...options,
    proof: () => lease.proof,
    holdings,
    isUndecided: ip => [...(state?.vips.values() ?? [])].some(vip => vip.ip === ip && resumption.isOpen(vip.name)),
  });

  const show = () => {
    const {held, leaving} = own.facts();
    const now = [...held, '', ...leaving].join(' ');
    if (now !== shown) onChange();
    shown = now;
  };

  const judge = (facts: HostFacts, now: number) => {
    for (const holding of holdings.values()) {
      const {phase, leaving} = holding;
      if (phase === 'withdrawing' && leaving !== undefined && now >= leaving.until) holding.phase = 'removing';
      const why = phase === 'held' ? reasonToLeave(holding, facts) : undefined;
      if (why === undefined) continue;
      if (holding.failure !== undefined) vacancies.defer(holding.vip.name, now + failedMs);
      own.leave(holding, why.reason, why.isLost || holding.dev === undefined ? 'removing' : 'withdrawing', now + withdrawMs);
    }
    show();
  };

  /** Makes the addresses be as they should, then tells the store of those that are gone. */
  const place = async () => {
    const present = await addresses.make();
    isClean = true;
    show();
    const gone = [...holdings.values()].filter(({phase, vip}) => phase === 'removing' && !isOn(present, vip.ip));
    for (const holding of gone) {
      if (lease.id !== undefined) await claims.release(holding.vip, lease.id);
      own.released(holding);
      vacancies.forget(holding.vip.name);
    }
  };

  const take = async (vip: Vip) => {
    const {id} = lease;
    if (id === undefined) return;
    const since = clock.now();
    const revision = await claims.take(vip, {host: self().name, since, lease: id}).catch((error: unknown) => {
      resumption.doubt(vip.name);
      throw error;
    });
    // The lease may have been lost meanwhile, and the VIP with it.
    if (revision !== undefined && lease.id === id) own.take(vip, revision, since);
    else vacancies.forget(vip.name);
  };

  /** Takes what is due; gives when to look again. */
  const campaign = async (facts: HostFacts, signal: AbortSignal): Promise<number> => {
    const first = vacancies.look(facts, uptime());
    if (first.due.length === 0) return first.nextAt;
    // Most often somebody else has been faster, and what tells of it has not come here yet.
    const held = await Promise.all(first.due.map(async ({name}) => (await claims.heldBy(name)) !== undefined && name));
    for (const name of held) if (name !== false) vacancies.forget(name);
    if (!held.includes(false)) return uptime() + retryMs;
    // It may also be that somebody has held it meanwhile, and does not any more, whose time is not over yet.
    await options.sync();
    if (state === undefined || signal.aborted) return first.nextAt;
    const {due, nextAt} = vacancies.look({...facts, state}, uptime());
    if (due.length > 0) await lease.begin();
    for (let start = 0; start < due.length; start += atOnce) {
      const results = await Promise.allSettled(due.slice(start, start + atOnce).map(take));
      const failed = results.find(({status}) => status === 'rejected');
      if (holdings.size > 0) await place();
      if (failed?.status === 'rejected') throw failed.reason;
    }
    return nextAt;
  };

  /** A lease without any VIP is given back, and one that was lost, so that nobody has to wait for its end. */
  const giveBack = async () => {
    if (holdings.size === 0 && lease.id !== undefined) finished.add(lease.forget() ?? '');
    for (const id of finished) {
      await leases.revoke(id);
      finished.delete(id);
    }
  };

  /** Gives when to look again. */
  const round = async (known: State, signal: AbortSignal): Promise<number> => {
    const now = uptime();
    resumption.begin(known, self().name);
    const isWaiting = holdings.size > 0 || mayTakeAny(known, self().name);
    if (isClean && !isWaiting && finished.size === 0 && !resumption.isAnyOpen) return Infinity;
    ({interfaces} = await driver.look());
    const facts = {self: self(), interfaces, state: known, gateways: gateways()};
    await resumption.resume(known, (vip, revision, since = clock.now()) => own.resume(vip, revision, since));
    judge(facts, now);
    await place();
    const nextAt = await campaign(facts, signal);
    await giveBack();
    const partings = [...holdings.values()].flatMap(({phase, leaving}) => (phase === 'withdrawing' && leaving ? [leaving.until] : []));
    return Math.min(nextAt, ...partings, isWaiting || holdings.size > 0 ? uptime() + lookMs : Infinity);
  };

  const work = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      bell = Promise.withResolvers();
      let nextAt = Infinity;
      try {
        if (state !== undefined) nextAt = await round(state, signal);
        lastFault = '';
      } catch (error) {
        const fault = messageOf(error);
        if (fault !== lastFault) log.warn({reason: fault}, 'VIPs are not as they should be, will retry');
        lastFault = fault;
        nextAt = uptime() + retryMs;
      }
      const wait = new AbortController();
      await Promise.race([bell.promise, clock.sleep(Math.max(0, nextAt - uptime()), AbortSignal.any([signal, wait.signal]))]);
      wait.abort();
    }
  };

  return {
    facts: own.facts,
    changes: own.changes,
    listener: {
      onReset: () => vacancies.forgetAll(),
      onHolder: vip => vacancies.forget(vip),
      offer(offered) {
        state = offered;
        ring();
      },
    },
    nudge: ring,
    settled(leaving) {
      for (const holding of holdings.values()) {
        if (holding.leaving === undefined || !leaving.includes(hostPrefix(holding.vip.ip))) continue;
        const {reason, until} = holding.leaving;
        holding.leaving = {reason, until: Math.min(until, uptime() + partingMs)};
        ring();
      }
    },
    get status() {
      const {proof} = lease;
      const provenSeconds = proof && (proof.sentAt + proof.ttlMs - uptime()) / 1000;
      return state === undefined
        ? []
        : vipStatuses(state, holdings, {facts: {self: self(), interfaces, gateways: gateways()}, provenSeconds});
    },
    async run(signal) {
      await Promise.all([lease.run(signal), work(signal)]);
    },
  };
}
