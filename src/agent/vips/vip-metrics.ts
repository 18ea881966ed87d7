import {Counter, Gauge, type Registry} from 'prom-client';
import type {AgentStatus} from '../status.ts';

/** Creates the metrics of VIPs; they are taken from each status that is handed in. README.md of the folder above explains each. */
export function createVipMetrics(registry: Registry): (status: Pick<AgentStatus, 'vips' | 'vipChanges'>) => void {
  const registers = [registry];
  const held = new Gauge({name: 'romana_vips_held', help: 'VIPs whose address is on this host.', registers});
  const proven = new Gauge({
    name: 'romana_vip_lease_proven_seconds',
    help: 'For how long the lease of the VIPs held here certainly lives; 0 where none is held.',
    registers,
  });
  const changes = new Counter({
    name: 'romana_vip_changes_total',
    help: 'VIPs that this host has taken, has released in order, and has lost with its lease.',
    labelNames: ['change'],
    registers,
  });
  return ({vips = [], vipChanges = {}}) => {
    held.set(vips.filter(({isHere}) => isHere).length);
    proven.set(Math.max(0, ...vips.map(({provenForSeconds = 0}) => provenForSeconds)));
    changes.reset();
    for (const [change, count] of Object.entries(vipChanges)) changes.inc({change}, count);
  };
}
