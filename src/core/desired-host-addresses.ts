import type {NodeState} from './node-state.ts';
import {type Address, compareAddresses} from './prefix.ts';
import {vipMetric} from './route-protocol.ts';

/**
 * By which addresses other hosts may reach this one, beside the one that it was added to the store with: its address of the other family, and those of the
 * further interfaces that `routes.uplinks` names. Undefined for a host that the store does not know.
 */
export function desiredHostAddresses({self, settings, state, interfaces}: NodeState): readonly Address[] | undefined {
  const host = state.hosts.get(self.name);
  if (host === undefined) return undefined;
  const further = interfaces
    .filter(({name}) => settings.routes.uplinks.includes(name))
    .flatMap(({addresses}) => addresses.filter(({scope, metric}) => scope === 'global' && metric !== vipMetric));
  const all = [...self.addresses, ...further].map(({address}) => address);
  return [...new Set(all)].filter(address => address !== host.ip).toSorted(compareAddresses);
}
