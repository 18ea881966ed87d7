import {messageOf} from './errors.ts';
import {isOwnerName, isPrintable} from './names.ts';
import {addressBits, comparePrefixes, contains, familyOf, isIpv4Mapped, type Prefix, parsePrefix, prefixLength} from './prefix.ts';
import type {Network} from './state.ts';
import type {NetworkShape} from './topology-shape.ts';

/** The networks of a topology document; what is wrong with them is added to `problems`. */
export function parseNetworks(shapes: readonly NetworkShape[], problems: string[]): Network[] {
  const networks = new Map<string, Network>();
  const names = new Set<string>();
  for (const shape of shapes) {
    if (names.has(shape.name)) {
      problems.push(`Network with name ${shape.name} already defined`);
      continue;
    }
    names.add(shape.name);
    // What networks have by name is kept in plain objects.
    if (!isPrintable(shape.name) || shape.name === '__proto__') problems.push(`Bad network name: ${JSON.stringify(shape.name)}`);
    if (shape.name === '') problems.push(`Network with CIDR ${shape.cidr} has an empty name`);
    const network = parseNetwork(shape, problems);
    if (network !== undefined) networks.set(shape.name, network);
  }
  problems.push(...overlapProblems([...networks.values()]));
  return [...networks.values()];
}

const defaultBlockMask = {ipv4: 29, ipv6: 122} as const;

function parseNetwork({name, cidr: text, block_mask: mask, tenants}: NetworkShape, problems: string[]): Network | undefined {
  const owners = parseTenants(tenants ?? [], problems);
  const cidr = parseCidr(text, name, problems);
  if (cidr === undefined) return undefined;
  if (isIpv4Mapped(cidr)) problems.push(`invalid CIDR ${JSON.stringify(text)} for network(${name}): IPv4 in the form of IPv6`);
  const shortest = prefixLength(cidr);
  const longest = addressBits[familyOf(cidr)];
  const blockMask = mask ?? Math.max(defaultBlockMask[familyOf(cidr)], shortest);
  if (blockMask < shortest || blockMask > longest) {
    problems.push(`invalid blockmask(${blockMask}) for network(${name}), must be ${shortest} <= blockmask <= ${longest}`);
  }
  return {name, cidr, blockMask, tenants: owners};
}

function parseCidr(text: string, network: string, problems: string[]): Prefix | undefined {
  try {
    return parsePrefix(text);
  } catch (error) {
    problems.push(`${messageOf(error)} for network(${network})`);
    return undefined;
  }
}

/** `["*"]`, as GET answers for a network that is open to every tenant, is the same as no list. */
function parseTenants(tenants: readonly string[], problems: string[]): string[] {
  if (tenants.length === 1 && tenants[0] === '*') return [];
  for (const tenant of tenants) if (!isOwnerName(tenant)) problems.push(`Bad tenant name: ${tenant}`);
  return [...new Set(tenants)];
}

/** Sorted by value, a network lies in another one only if that one is still open on the stack. */
function overlapProblems(networks: readonly Network[]): string[] {
  const problems: string[] = [];
  const open: Network[] = [];
  for (const inner of networks.toSorted((a, b) => comparePrefixes(a.cidr, b.cidr))) {
    let outer = open.at(-1);
    while (outer !== undefined && !contains(outer.cidr, inner.cidr)) {
      open.pop();
      outer = open.at(-1);
    }
    if (outer !== undefined) {
      problems.push(`CIDR ${inner.cidr} of network ${inner.name} already is contained in CIDR ${outer.cidr} of network ${outer.name}`);
    }
    open.push(inner);
  }
  return problems;
}
