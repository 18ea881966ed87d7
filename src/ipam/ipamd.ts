import {InputError} from '../core/errors.ts';
import type {Route} from '../rest/route.ts';
import type {Keys} from '../store/keys.ts';
import {type Store, StoreError} from '../store/store.ts';
import type {Clock} from '../system/clock.ts';
import type {Logger} from '../system/log.ts';
import {type Addresses, createAddresses} from './addresses.ts';
import {createHosts, type Hosts} from './hosts.ts';
import {createLedger, type Ledger} from './ledger.ts';
import {createIpamMetrics, type IpamMetrics} from './metrics.ts';
import {createReports, type Reports} from './reports.ts';
import {ipamRoutes} from './routes.ts';
import {createStatus} from './status.ts';
import {createTopologies, type Topologies} from './topology.ts';
import {createTransactor} from './transact.ts';

export interface Ipamd {
  readonly ledger: Ledger;
  readonly addresses: Addresses;
  readonly hosts: Hosts;
  readonly topologies: Topologies;
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
}

/** The parts of ipamd, wired. Nothing runs before `ledger.run` and `reports.run`. */
export function createIpamd({store, keys, clock, log, id}: IpamdOptions): Ipamd {
  const ledger = createLedger({store, keys, clock, log, id});
  const reports = createReports({store, keys, clock, log, id});
  const metrics = createIpamMetrics(ledger);
  const transact = createTransactor({ledger, clock, onRetry: metrics.retry});
  const addresses = measured(createAddresses({ledger, transact, clock}), metrics, clock);
  const hosts = createHosts({ledger, transact});
  const topologies = createTopologies({ledger, transact});
  return {
    ledger,
    addresses,
    hosts,
    topologies,
    reports,
    metrics,
    routes: ipamRoutes({ledger, addresses, hosts, topologies, status: createStatus({ledger, reports, clock})}).map(route =>
      afterFirstSnapshot(route, ledger),
    ),
  };
}

/** Before the first whole snapshot nothing is known, and "no hosts" would be a lie. */
function afterFirstSnapshot(route: Route, ledger: Ledger): Route {
  return {
    ...route,
    handle(request) {
      if (!ledger.isReady) throw new StoreError('the store has not been read yet');
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
