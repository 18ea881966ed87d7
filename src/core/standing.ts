import type {NodeState} from './node-state.ts';

type Known = Pick<NodeState, 'self' | 'state' | 'interfaces'>;

/**
 * What an operator should know of who this host is: that it has not the address that it goes by, that the store does not know it, or means another
 * machine. Undefined where all is well.
 */
export function warnOfStanding(node: Known): string | undefined {
  const missing = missingAddresses(node);
  const warnings = [
    ...(missing.length === 0
      ? []
      : [`no interface of this machine has ${missing.join(' or ')}, by which this host goes: see host.address`]),
    ...warnOfRecord(node, missing),
  ];
  return warnings.length === 0 ? undefined : warnings.join('; ');
}

function missingAddresses({self, interfaces}: Known): string[] {
  const present = new Set(interfaces.flatMap(({addresses}) => addresses.map(({address}) => address)));
  return self.addresses.map(({address}) => address).filter(address => !present.has(address));
}

function warnOfRecord({self, state, interfaces}: Known, missing: readonly string[]): string[] {
  const host = state.hosts.get(self.name);
  if (host === undefined) {
    const others = state.hosts.size === 0 ? 'it knows none yet' : `it knows ${state.hosts.size} by other names`;
    return [`the store knows no host ${self.name} (${others}): add it (romana host add), or set host.name`];
  }
  const isHere = interfaces.some(({addresses}) => addresses.some(({address}) => address === host.ip));
  if (isHere || missing.includes(host.ip)) return [];
  return [
    `the store has host ${self.name} at ${host.ip}, which no interface of this machine has: another machine may have the same host.name, or the host has moved`,
  ];
}
