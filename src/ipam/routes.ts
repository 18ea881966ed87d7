import type {Route} from '../rest/route.ts';
import type {Addresses} from './addresses.ts';
import type {Blackouts} from './blackouts.ts';
import type {Hosts} from './hosts.ts';
import type {Ledger} from './ledger.ts';
import {addressRoutes} from './routes/addresses.ts';
import {blackoutRoutes} from './routes/blackouts.ts';
import {hostRoutes} from './routes/hosts.ts';
import {networkRoutes} from './routes/networks.ts';
import {statusRoutes} from './routes/status.ts';
import {tenantRoutes} from './routes/tenants.ts';
import {topologyRoutes} from './routes/topology.ts';
import type {HostStatusAnswer} from './status-answer.ts';
import type {Tenants} from './tenants.ts';
import type {Topologies} from './topology.ts';
import {createViews} from './views.ts';

export interface RoutesOptions {
  readonly ledger: Ledger;
  readonly addresses: Addresses;
  readonly hosts: Hosts;
  readonly blackouts: Blackouts;
  readonly tenants: Tenants;
  readonly topologies: Topologies;
  /** The last report of every agent, or of that of one host. */
  status(host?: string): HostStatusAnswer[];
}

/** Every route of ipamd (contract, section 4). */
export function ipamRoutes({ledger, addresses, hosts, blackouts, tenants, topologies, status}: RoutesOptions): Route[] {
  const views = createViews(ledger);
  const byTag: Readonly<Record<string, readonly Route[]>> = {
    networks: networkRoutes(views),
    topology: topologyRoutes(views, topologies),
    hosts: hostRoutes(views, hosts),
    addresses: addressRoutes(views, ledger, addresses),
    blackouts: blackoutRoutes(views, blackouts),
    tenants: tenantRoutes(tenants),
    status: statusRoutes(status),
  };
  return Object.entries(byTag).flatMap(([tag, routes]) => routes.map(route => ({...route, tag})));
}
