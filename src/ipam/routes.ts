import type {Address} from '../core/prefix.ts';
import type {Route} from '../rest/route.ts';
import type {Addresses} from './addresses.ts';
import type {Blackouts} from './blackouts.ts';
import type {ExplanationAnswer} from './explain-answer.ts';
import type {Hosts} from './hosts.ts';
import type {Ledger} from './ledger.ts';
import {addressRoutes} from './routes/addresses.ts';
import {blackoutRoutes} from './routes/blackouts.ts';
import {explainRoutes} from './routes/explain.ts';
import {hostRoutes} from './routes/hosts.ts';
import {networkRoutes} from './routes/networks.ts';
import {statusRoutes} from './routes/status.ts';
import {tenantRoutes} from './routes/tenants.ts';
import {topologyRoutes} from './routes/topology.ts';
import {vipRoutes} from './routes/vips.ts';
import type {HostStatusAnswer} from './status-answer.ts';
import type {Tenants} from './tenants.ts';
import type {Topologies} from './topology.ts';
import type {Views} from './views.ts';
import type {Vips} from './vips.ts';

export interface RoutesOptions {
  readonly ledger: Ledger;
  readonly views: Views;
  readonly addresses: Addresses;
  readonly hosts: Hosts;
  readonly blackouts: Blackouts;
  readonly tenants: Tenants;
  readonly vips: Vips;
  readonly topologies: Topologies;
  /** The last report of every agent, or of that of one host. */
  status(host?: string): HostStatusAnswer[];
  explain(ip: Address): ExplanationAnswer;
}

/** Every route of ipamd (contract, section 4). */
export function ipamRoutes(options: RoutesOptions): Route[] {
  const {ledger, views, addresses, hosts, blackouts, tenants, vips, topologies, status, explain} = options;
  const byTag: Readonly<Record<string, readonly Route[]>> = {
    networks: networkRoutes(views),
    topology: topologyRoutes(views, topologies),
    hosts: hostRoutes(views, hosts),
    addresses: addressRoutes(views, ledger, addresses),
    blackouts: blackoutRoutes(views, blackouts),
    tenants: tenantRoutes(tenants),
    vips: vipRoutes(views, vips),
    status: [...statusRoutes(status), ...explainRoutes(explain)],
  };
  return Object.entries(byTag).flatMap(([tag, routes]) => routes.map(route => ({...route, tag})));
}
