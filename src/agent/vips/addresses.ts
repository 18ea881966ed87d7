import {desiredVips, type VipAddress} from '../../core/desired-vips.ts';
import {messageOf} from '../../core/errors.ts';
import type {Self} from '../../core/node-state.ts';
import type {Address} from '../../core/prefix.ts';
import {addressLifetime, type LeaseProof} from '../../core/vip-lease.ts';
import type {VipAnnouncer} from '../../drivers/vip-announcer.ts';
import type {VipDriver} from '../../drivers/vips.ts';
import {diff} from '../../reconcile/diff.ts';
import {type Holding, isOn, onHost} from './holding.ts';

export interface VipAddressesOptions {
  readonly driver: VipDriver;
  readonly announcer: VipAnnouncer;
  readonly uptime: () => number;
  self(): Self;
  proof(): LeaseProof | undefined;
  readonly holdings: ReadonlyMap<string, Holding>;
  /** Addresses of which it is not yet known whether they are still ours: they stay until the kernel removes them. */
  isUndecided(ip: Address): boolean;
}

/** The addresses of the VIPs on this host. Changes go one after the other, and each decides anew what is to be, right before. */
export interface VipAddresses {
  /** Makes those of the holdings be there and removes all others of ours, and notes in each holding where its address is. Gives all that are there. */
  make(): Promise<readonly VipAddress[]>;
  /** Gives those that are there more time, as far as the lease allows. */
  prolong(): Promise<void>;
}

/** Neighbours that have missed it, or that were told otherwise by a holder that had not gone yet, are told again. */
const reminderMs = 60_000;

export function createVipAddresses(options: VipAddressesOptions): VipAddresses {
  const {driver, announcer, uptime, self, proof, holdings, isUndecided} = options;
  let last: Promise<unknown> = Promise.resolve();
  let isProlonging = false;
  let endsAt = 0;
  let toldAt = uptime();

  const inTurn = <Result>(change: () => Promise<Result>): Promise<Result> => {
    const result = last.then(change);
    last = result.catch(() => undefined);
    return result;
  };
  const lifetimeNow = () => {
    const current = proof();
    return current && addressLifetime(current, uptime());
  };

  /** What is there already stays as it is: a shorter lifetime would not help. */
  const wantedWith = (own: readonly VipAddress[], all: readonly VipAddress[]): VipAddress[] =>
    all.map(address => (own.some(({ip, dev}) => ip === address.ip && dev === address.dev) ? {ip: address.ip, dev: address.dev} : address));

  const make = async () => {
    const {interfaces, own} = await driver.look();
    const vips = onHost(holdings.values()).map(({vip}) => vip);
    const undecided = own.filter(({ip}) => isUndecided(ip) && !isOn(vips, ip));
    const wanted = wantedWith(own, desiredVips(vips, {self: self(), interfaces}, lifetimeNow()));
    const plan = diff([...wanted, ...undecided], own, driver);
    const isQuiet = plan.create.length + plan.remove.length === 0;
    const failure = isQuiet ? undefined : await driver.apply(plan).then(() => undefined, messageOf);
    const present = isQuiet ? own : (await driver.look()).own;
    // What is new may have less time than the others.
    if (plan.create.length > 0) endsAt = 0;
    note(present, wanted, failure);
    const made = present.filter(({ip, dev}) => plan.create.some(other => other.ip === ip && other.dev === dev));
    const isReminder = uptime() - toldAt >= reminderMs;
    if (isReminder) toldAt = uptime();
    announcer.announce(isReminder ? present : made, isStillOn);
    if (present.some(({ip}) => !isOn(vips, ip) && !isOn(undecided, ip)))
      throw new Error(failure ?? 'an address of a VIP could not be removed');
    return present;
  };

  const isStillOn = ({ip}: VipAddress) => [...holdings.values()].some(({vip, dev}) => vip.ip === ip && dev !== undefined);

  const note = (present: readonly VipAddress[], wanted: readonly VipAddress[], failure: string | undefined) => {
    for (const holding of holdings.values()) {
      const {ip} = holding.vip;
      const address = present.find(other => other.ip === ip);
      holding.dev = address?.dev;
      // Without a lifetime nobody has tried.
      const wasTried = wanted.some(other => other.ip === ip && other.lifetime !== undefined);
      if (address === undefined && wasTried && failure !== undefined && holding.phase === 'held') holding.failure = failure;
    }
  };

  const prolong = async () => {
    const lifetime = lifetimeNow();
    if (lifetime === undefined) return;
    const end = uptime() + lifetime.seconds * 1000;
    const update = onHost(holdings.values()).flatMap(({vip: {ip}, dev}) => (dev === undefined ? [] : [{ip, dev, lifetime}]));
    if (update.length === 0 || end <= endsAt) return;
    await driver.apply({create: [], update, remove: []});
    endsAt = end;
  };

  return {
    make: () => inTurn(make),
    async prolong() {
      if (isProlonging) return;
      isProlonging = true;
      await inTurn(prolong).finally(() => {
        isProlonging = false;
      });
    },
  };
}
