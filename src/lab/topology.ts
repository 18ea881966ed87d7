import {type Prefix, prefixLength, subPrefix} from '../core/prefix.ts';
import type {LabFile} from './lab-file.ts';

/** The topology document of a lab, as POST /topology takes it: one group for each rack, with hosts assigned by their tag `rack`. */
export function topologyOf(file: LabFile): TopologyDocument {
  return {
    networks: file.networks.map(({name, cidr, blockMask, tenants}) => ({
      name,
      cidr,
      block_mask: blockMask,
      ...(tenants.length === 0 ? {} : {tenants}),
    })),
    topologies: [
      {
        networks: file.networks.map(network => network.name),
        map: file.racks.map(({name}) => ({name, assignment: {rack: name}, groups: []})),
      },
    ],
  };
}

export interface TopologyDocument {
  readonly networks: readonly {
    readonly name: string;
    readonly cidr: Prefix;
    readonly block_mask: number;
    readonly tenants?: readonly string[];
  }[];
  readonly topologies: readonly {
    readonly networks: readonly string[];
    readonly map: readonly {readonly name: string; readonly assignment: {readonly rack: string}; readonly groups: readonly []}[];
  }[];
}

/** The prefixes of the rack with that index, one of each network: racks are padded to a power of two, as the groups of a topology are. */
export function rackPrefixes(file: LabFile, index: number): Prefix[] {
  return file.networks.map(({cidr}) => subPrefix(cidr, prefixLength(cidr) + rackBits(file), index));
}

/** By how many bits a rack's prefix is longer than its network. */
export function rackBits(file: LabFile): number {
  return Math.ceil(Math.log2(file.racks.length));
}
