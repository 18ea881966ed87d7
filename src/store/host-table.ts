import type {Host} from '../core/state.ts';
import {type HostIdentity, type Placement, parseHost, parsePlacement} from './records.ts';
import type {WatchEvent} from './store.ts';
import {copyOf, createTable, type Versioned} from './table.ts';

/**
 * The hosts, each put together from its own record and its placement in the current topology. A topology and all the placements that belong to it
 * come into force in one moment, however many they are, since the topology's record names their generation.
 */
export interface HostTable {
  readonly records: ReadonlyMap<string, Versioned<Host>>;
  applyHost(event: WatchEvent): void;
  /** Says whether a host has changed by it. */
  applyPlacement(event: WatchEvent): boolean;
  setGeneration(generation: number): void;
  values(): ReadonlyMap<string, Host>;
  /** Placements in other topologies than the current one. */
  otherPlacements(): Iterable<Versioned<Placement>>;
  placement(generation: number, host: string): Versioned<Placement> | undefined;
  /** Hosts without a place in the current topology. */
  unplaced(): Iterable<Versioned<HostIdentity>>;
  /** The one of them with that name. */
  hidden(name: string): Versioned<HostIdentity> | undefined;
}

export function createHostTable(): HostTable {
  const identities = createTable(parseHost, ({name}) => name);
  const placements = createTable(parsePlacement, ({generation, host}) => placementKey(generation, host));
  const hosts = new Map<string, Versioned<Host>>();
  let current = 0;
  let copy: ReadonlyMap<string, Host> | undefined;

  const refresh = (name: string) => {
    copy = undefined;
    const identity = identities.records.get(name);
    const placement = placements.records.get(placementKey(current, name));
    if (identity === undefined || placement === undefined) hosts.delete(name);
    else hosts.set(name, {value: {...identity.value, groups: placement.value.groups}, modRevision: identity.modRevision});
  };

  return {
    records: hosts,
    applyHost(event) {
      const name = decodeURIComponent(event.key.slice(event.key.lastIndexOf('/') + 1));
      try {
        identities.apply(event);
      } finally {
        refresh(name);
      }
    },
    applyPlacement(event) {
      const {before, after} = placements.apply(event);
      const placement = after ?? before;
      if (placement?.generation !== current) return false;
      refresh(placement.host);
      return true;
    },
    setGeneration(generation) {
      if (generation === current) return;
      current = generation;
      for (const name of new Set([...hosts.keys(), ...identities.records.keys()])) refresh(name);
    },
    values() {
      copy ??= copyOf(hosts);
      return copy;
    },
    *otherPlacements() {
      for (const record of placements.records.values()) if (record.value.generation !== current) yield record;
    },
    placement: (generation, host) => placements.records.get(placementKey(generation, host)),
    hidden: name => (hosts.has(name) ? undefined : identities.records.get(name)),
    *unplaced() {
      for (const [name, record] of identities.records) if (!hosts.has(name)) yield record;
    },
  };
}

function placementKey(generation: number, host: string): string {
  return `${generation}/${host}`;
}
