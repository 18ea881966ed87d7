import {contains, familyOf, overlaps, type Prefix, prefixLength} from '../core/prefix.ts';
import type {LabFile} from './lab-file.ts';
import {hostNames, spineNames, torName} from './names.ts';
import {rackBits} from './topology.ts';

/** What is wrong with a lab file although each value is fine by itself: one sentence each. */
export function labFileProblems(file: LabFile): string[] {
  return [...nameProblems(file), ...networkProblems(file), ...fabricProblems(file)];
}

function nameProblems(file: LabFile): string[] {
  const nodes = ['master', ...spineNames(file), ...file.racks.map((_, index) => torName(file, index)), ...hostNames(file).flat()];
  return [
    ...repeated(nodes).map(name => `two nodes are named ${name}`),
    ...repeated(file.racks.map(rack => rack.name)).map(name => `two racks are named ${name}`),
    ...repeated(file.networks.map(network => network.name)).map(name => `two networks are named ${name}`),
  ];
}

function networkProblems(file: LabFile): string[] {
  const bits = rackBits(file);
  const small = file.networks
    .filter(({cidr, blockMask}) => blockMask < prefixLength(cidr) + bits || blockMask > (familyOf(cidr) === 'ipv4' ? 32 : 128))
    .map(
      ({name, blockMask, cidr}) =>
        `networks: blocks of /${blockMask} do not fit the rack prefixes (/${prefixLength(cidr) + bits}) of network ${name}`,
    );
  const ranges: [string, Prefix][] = [
    ...file.networks.map(({name, cidr}): [string, Prefix] => [`network ${name}`, cidr]),
    ['fabric.ipv4', file.fabric.ipv4],
    ['fabric.ipv6', file.fabric.ipv6],
    ['management', file.management],
  ];
  const overlapping = ranges.flatMap(([name, cidr], index) =>
    ranges
      .slice(index + 1)
      .filter(([, other]) => overlaps(cidr, other))
      .map(([otherName, other]) => `${name} (${cidr}) overlaps with ${otherName} (${other})`),
  );
  return [...small, ...overlapping];
}

function fabricProblems({fabric, management, racks, spines}: LabFile): string[] {
  const problems: string[] = [];
  const hosts = racks.reduce((sum, {hosts}) => sum + (typeof hosts === 'number' ? hosts : hosts.length), 0);
  if (familyOf(fabric.ipv4) !== 'ipv4' || prefixLength(fabric.ipv4) > 16)
    problems.push(`fabric.ipv4: expected an IPv4 /16 or larger (got ${fabric.ipv4})`);
  if (familyOf(fabric.ipv6) !== 'ipv6' || prefixLength(fabric.ipv6) > 48)
    problems.push(`fabric.ipv6: expected an IPv6 /48 or larger (got ${fabric.ipv6})`);
  if (familyOf(management) !== 'ipv4' || 2 ** (32 - prefixLength(management)) < hosts + 12)
    problems.push(`management: expected an IPv4 prefix with room for ${hosts} hosts (got ${management})`);
  if (racks.length * spines.count > 128) problems.push(`${racks.length} racks with ${spines.count} spines need more than 128 links`);
  if (contains(management, fabric.ipv4)) problems.push('management: must not cover the fabric');
  return problems;
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
