import {isPrintable} from './names.ts';
import {isAddress, isIpv4Mapped, parseAddress} from './prefix.ts';
import type {GroupSpec, HostSpec} from './topology-document.ts';
import type {EntryShape} from './topology-shape.ts';

/**
 * The groups of one map; what is wrong with them is added to `problems`.
 * A map that is empty, or that lists hosts, is one nameless group for the whole network.
 */
export function parseMap(entries: readonly EntryShape[], problems: string[]): GroupSpec[] {
  if (entries.length === 0 || isHostList(entries)) return [parseGroup({groups: [...entries]}, problems)];
  return entries.map(entry => parseGroup(entry, problems));
}

function parseGroup(entry: EntryShape, problems: string[]): GroupSpec {
  const name = entry.name ?? '';
  const members = entry.groups ?? [];
  const hosts = [...(entry.hosts ?? []), ...(isHostList(members) ? members : [])];
  const groups = isHostList(members) ? [] : members;
  if (!isPrintable(name)) problems.push(`Bad group name: ${JSON.stringify(name)}`);
  if (hosts.length > 0 && groups.length > 0)
    problems.push(`Group ${JSON.stringify(name)} has both hosts and groups; it can have only one of them`);
  return {
    name,
    assignment: entry.assignment ?? {},
    routing: entry.routing ?? '',
    groups: groups.map(group => parseGroup(group, problems)),
    hosts: hosts.flatMap(host => parseHost(host, problems)),
  };
}

function isHostList(entries: readonly EntryShape[]): boolean {
  return entries.some(({ip}) => typeof ip === 'string');
}

function parseHost(entry: EntryShape, problems: string[]): HostSpec[] {
  const {name, ip, assignment} = entry;
  const shown = JSON.stringify({name: name ?? '', ip: ip ?? ''});
  if (!name || !ip) problems.push(`Both name and IP are required for hosts: ${shown}`);
  else if ((entry.groups ?? []).length + (entry.hosts ?? []).length > 0)
    problems.push(`Hosts cannot have groups or hosts of their own: ${shown}`);
  else if (!isAddress(ip) || isIpv4Mapped(parseAddress(ip))) problems.push(`invalid IP address ${JSON.stringify(ip)} of host ${name}`);
  else return [{name, ip: parseAddress(ip), tags: assignment ?? {}}];
  return [];
}
