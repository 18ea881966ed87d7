import {InputError} from './errors.ts';
import {groupSizeProblems} from './group-tree.ts';
import type {Address} from './prefix.ts';
import type {Network} from './state.ts';
import {parseMap} from './topology-map.ts';
import {parseNetworks} from './topology-networks.ts';
import {listProblems, parseTopologyShape, type TopologyShape} from './topology-shape.ts';

/** Which networks there are, and the groups that each of them is divided into. */
export interface TopologyDocument {
  readonly networks: readonly Network[];
  readonly topologies: readonly Topology[];
}

/** A map applies to each of its networks separately. It has at least one group. */
export interface Topology {
  readonly networks: readonly string[];
  readonly map: readonly GroupSpec[];
}

/** A group as declared: with groups, or with hosts, or a leaf that waits for hosts. */
export interface GroupSpec {
  readonly name: string;
  readonly assignment: Readonly<Record<string, string>>;
  readonly routing: string;
  readonly groups: readonly GroupSpec[];
  readonly hosts: readonly HostSpec[];
}

/** A host as declared. */
export interface HostSpec {
  readonly name: string;
  readonly ip: Address;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * Parses a topology document, as an operator writes it or as GET /topology answers it.
 * Throws InputError: ERR_MALFORMED where the shape is wrong, ERR_INVALID where the shape is right and the meaning is not; one problem a line.
 */
export function parseTopology(document: unknown): TopologyDocument {
  const shape = parseTopologyShape(document);
  const problems: string[] = [];
  const networks = parseNetworks(shape.networks, problems);
  const topologies = parseTopologies(shape, problems);
  if (problems.length === 0) problems.push(...groupSizeProblems({networks, topologies}));
  if (problems.length > 0) throw new InputError('ERR_INVALID', listProblems(problems));
  return {networks, topologies};
}

function parseTopologies(shape: TopologyShape, problems: string[]): Topology[] {
  const topologies = shape.topologies.map(({networks, map}) => ({networks, map: parseMap(map, problems)}));
  const defined = new Set(shape.networks.map(({name}) => name));
  const mapped = new Set<string>();
  for (const name of topologies.flatMap(({networks}) => networks)) {
    if (!defined.has(name)) problems.push(`Network with name ${name} not defined`);
    else if (mapped.has(name)) problems.push(`Network ${name} appears more than once.`);
    mapped.add(name);
  }
  problems.push(...hostProblems(topologies));
  return topologies;
}

/** A host has one name and one IP in the whole document, and one place in each map. */
function hostProblems(topologies: readonly Topology[]): string[] {
  const ips = new Map<string, Address>();
  const names = new Map<Address, string>();
  const problems = new Set<string>();
  for (const {map} of topologies) {
    const placed = new Set<string>();
    for (const {name, ip} of map.flatMap(hostsBelow)) {
      const knownIp = ips.get(name) ?? ip;
      const knownName = names.get(ip) ?? name;
      if (knownIp !== ip) problems.add(`Host ${name} has two IPs: ${knownIp} and ${ip}`);
      else if (knownName !== name) problems.add(`IP ${ip} has two hosts: ${knownName} and ${name}`);
      else if (placed.has(name)) problems.add(`Host ${name} appears more than once in one map.`);
      placed.add(name);
      ips.set(name, knownIp);
      names.set(ip, knownName);
    }
  }
  return [...problems];
}

function hostsBelow(group: GroupSpec): HostSpec[] {
  return [...group.hosts, ...group.groups.flatMap(hostsBelow)];
}
