import {type Address, contains, type Prefix} from '../core/prefix.ts';
import type {Vip} from '../core/state.ts';
import type {TopologyDocument} from '../core/topology-document.ts';
import {planTopologyUpdate, type TopologyUpdate} from '../core/topology-update.ts';
import type {Ledger} from './ledger.ts';

/**
 * Plans the update to a topology, and plans it again as often as others change what it stands on. A plan that still holds is not made anew: on a
 * system where blocks are claimed all the time, one that takes longer than the pause between two of them would always come too late.
 */
export function createUpdatePlan(ledger: Ledger, document: TopologyDocument): () => TopologyUpdate {
  let last: Plan | undefined;
  return () => {
    last = last !== undefined && holds(ledger, last) ? {...last, revision: ledger.revision} : makePlan(ledger, document);
    return last.update;
  };
}

interface Plan {
  readonly update: TopologyUpdate;
  readonly groups: ReadonlyMap<string, readonly Prefix[]>;
  readonly topologyRevision: number | undefined;
  readonly hostCount: number;
  /** Nothing that it has not seen is as old as this. */
  readonly revision: number;
}

function makePlan({tables, index, revision}: Ledger, document: TopologyDocument): Plan {
  const vips = vipsByIp(tables);
  const update = planTopologyUpdate({
    document,
    trees: tables.topology?.value.trees ?? [],
    hosts: [...tables.hosts.values()].map(({value}) => value),
    blocks: [...tables.blocks.values()].map(({value}) => value),
    firstAddressIn: cidr => index.addressesIn(cidr)[0],
    address: ip => index.address(ip),
    vipAt: ip => vips.get(ip),
  });
  return {
    update,
    groups: new Map(update.hosts.map(({name, groups}) => [name, Object.values(groups)])),
    topologyRevision: tables.topology?.modRevision,
    hostCount: tables.hosts.size,
    revision,
  };
}

/** The same topology and hosts, every block that was claimed since lies where the plan has its host, and nobody got the IP of a host that is to come. */
function holds({tables, index}: Ledger, {update, groups, topologyRevision, hostCount, revision}: Plan): boolean {
  if (update.problems.length > 0 || tables.topology?.modRevision !== topologyRevision || tables.hosts.size !== hostCount) return false;
  for (const {modRevision} of tables.hosts.values()) if (modRevision > revision) return false;
  const vips = vipsByIp(tables);
  if (update.hosts.some(({name, ip}) => update.added.has(name) && (index.address(ip) !== undefined || vips.has(ip)))) return false;
  for (const {value, modRevision} of tables.blocks.values()) {
    if (modRevision <= revision || value.host === '') continue;
    if (groups.get(value.host)?.some(group => contains(group, value.cidr)) !== true) return false;
  }
  return true;
}

function vipsByIp({vips}: Ledger['tables']): ReadonlyMap<Address, Vip> {
  return new Map([...vips.values()].map(({value}) => [value.ip, value]));
}
