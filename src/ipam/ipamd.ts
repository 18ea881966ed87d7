import {InputError} from '../core/errors.ts';
import type {Route} from '../rest/route.ts';
import type {Keys} from '../store/keys.ts';
import {type Store, StoreError} from '../store/store.ts';
import type {Clock} from '../system/clock.ts';
import type {Logger} from '../system/log.ts';
import {type Addresses, createAddresses} from './addresses.ts';
import {type Blackouts, createBlackouts} from './blackouts.ts';
import {type Collector, createCollector} from './collector.ts';
import {createExplain} from './explain.ts';
import {createHosts, type Hosts} from './hosts.ts';
import {createLedger, type Ledger} from './ledger.ts';
import {createLeftovers} from './leftovers.ts';
import {createIpamMetrics, type IpamMetrics} from './metrics.ts';
import {createReports, type Reports} from './reports.ts';
import {ipamRoutes} from './routes.ts';
import {createStatus} from './status.ts';
import {createTenants, type Tenants} from './tenants.ts';
import {createTopologies, type Topologies} from './topology.ts';
import {createTransactor} from './transact.ts';
import {createViews} from './views.ts';
import {createVips, type Vips} from './vips.ts';

export interface Ipamd {
  readonly ledger: Ledger;
  readonly addresses: Addresses;
  readonly hosts: Hosts;
  readonly blackouts: Blackouts;
  readonly tenants: Tenants;
  readonly vips: Vips;
  readonly topologies: Topologies;
  readonly collector: Collector;
  readonly reports: Reports;
  readonly routes: readonly Route[];
  readonly metrics: IpamMetrics;
}

export interface IpamdOptions {
  readonly store: Store;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Logger;
  /** Differs between the daemons of one store. */
  readonly id: string;
  /** How long a block must have been free before another host may have it. */
  readonly cooldownMs?: number;
  /** From 0 to 1, spreads retries. */
  readonly random?: () => number;
}

/** The parts of ipamd, wired. Nothing runs before `ledger.run`, `reports.run` and `collector.run`. */
export function createIpamd({store, keys, clock, log, id, cooldownMs = 0, random = Math.random}: IpamdOptions): Ipamd {
  const ledger = createLedger({store, keys, clock, log, id});
  const reports = createReports({store, keys, clock, log, id});
  const metrics = createIpamMetrics(ledger);
  const transact = createTransactor({ledger, clock, onRetry: metrics.retry, random});
  const addresses = measured(createAddresses({ledger, transact, clock, cooldownMs}), metrics, clock);
  const hosts = createHosts({ledger, transact, clock});
  const blackouts = createBlackouts({ledger, transact});
  const tenants = createTenants({ledger, transact});
  const vips = createVips({ledger, transact});
  const leftovers = createLeftovers({ledger, transact});
  const topologies = createTopologies({ledger, transact, leftovers, clock, id: `${id} ${random().toString(36).slice(2)}`});
  const collector = createCollector({ledger, transact, leftovers, clock, log});
  const views = createViews(ledger);
  const routes = ipamRoutes({
    ledger,
    views,
    addresses,
    hosts,
    blackouts,
    tenants,
    vips,
    topologies,
    status: createStatus({ledger, reports, clock}),
    explain: createExplain({ledger, views, reports, clock}),
  });
  return {
    ledger,
    addresses,
    hosts,
    blackouts,
    tenants,
    vips,
    topologies,
    collector,
    reports,
    metrics,
    routes: routes.map(route => afterFirstSnapshot(route, ledger)),
  };
}

/** Before the first whole snapshot nothing is known, and "no hosts" would be a lie. */
function afterFirstSnapshot(route: Route, ledger: Ledger): Route {
  return {
    ...route,
    handle(request) {
      if (ledger.fault !== undefined) throw new StoreError(ledger.fault);
      return route.handle(request);
    },
  };
}

function measured(addresses: Addresses, metrics: IpamMetrics, clock: Clock): Addresses {
  return {
    ...addresses,
    async allocate(request) {
      const start = clock.now();
      const report = (result: Parameters<IpamMetrics['allocation']>[0]) => metrics.allocation(result, (clock.now() - start) / 1000);
      try {
        const ip = await addresses.allocate(request);
        report('ok');
        return ip;
      } catch (error) {
        report(error instanceof InputError ? 'refused' : 'failed');
        throw error;
      }
    },
  };
}
