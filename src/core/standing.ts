import type {NodeState} from './node-state.ts';

/** What an operator should know of how the store sees this host: that it does not know it, or means another machine. Undefined where all is well. */
export function warnOfStanding({self, state, interfaces}: Pick<NodeState, 'self' | 'state' | 'interfaces'>): string | undefined {
  const host = state.hosts.get(self.name);
  if (host === undefined) {
    const others = state.hosts.size === 0 ? 'it knows none yet' : `it knows ${state.hosts.size} by other names`;
    return `the store knows no host ${self.name} (${others}): add it (romana host add), or set host.name`;
  }
  const isHere = interfaces.some(({addresses}) => addresses.some(({address}) => address === host.ip));
  if (isHere) return undefined;
  return `the store has host ${self.name} at ${host.ip}, which no interface of this machine has: another machine may have the same host.name, or the host has moved`;
}
