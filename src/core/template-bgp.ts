import {isAddress} from './prefix.ts';
import {isRecord} from './template-values.ts';

/** A neighbour of the BGP templates. Names of an item of `Vars.neighbors` that stand for nothing here are kept, for templates of one's own. */
export interface TemplateNeighbor extends Readonly<Record<string, unknown>> {
  /** The protocol's name in BIRD. It depends on nothing but this neighbour, so that no other session restarts when one comes or goes. */
  readonly Name: string;
  readonly Address: string;
  readonly AS: number;
  /** True for iBGP. */
  readonly Internal: boolean;
}

/** The neighbours that Vars name: `neighbors`, a list of {address, as, name}, or the one `neighbor` with `neighborAs`. Throws an Error with the reason. */
export function bgpNeighbors(vars: unknown, hostAs: unknown): TemplateNeighbor[] {
  if (!isRecord(vars)) throw new Error('the first argument must be a map, such as Vars');
  const localAs = parseAs(vars['localAs'] ?? hostAs, 'the own AS number');
  const defaultAs = vars['neighborAs'] ?? localAs;
  const {neighbor, neighbors} = vars;
  if ((neighbor ?? undefined) === undefined) return parseList(neighbors, defaultAs, localAs);
  if ((neighbors ?? undefined) !== undefined) throw new Error('publish.vars has both "neighbor" and "neighbors": write one of them');
  return [parseNeighbor({item: {}, address: neighbor, as: defaultAs, localAs, what: 'Vars.neighbor', name: 'romana_bgp'})];
}

function parseList(list: unknown, defaultAs: unknown, localAs: number): TemplateNeighbor[] {
  if ((list ?? undefined) === undefined)
    throw new Error('"Vars.neighbor" is not defined: set it, or a list "neighbors", under publish.vars');
  if (!Array.isArray(list)) throw new Error('"Vars.neighbors" must be a list, such as [{address: 192.168.20.1, as: 65000}]');
  const neighbors = list.map((item: unknown, index) => {
    const what = `Vars.neighbors[${index}]`;
    if (!isRecord(item)) throw new Error(`"${what}" must be a map, such as {address: 192.168.20.1, as: 65000}`);
    const {address, as = defaultAs, name = address} = item;
    return parseNeighbor({item, address, as, localAs, what: `${what}.address`, name: `romana_bgp_${identifier(String(name))}`});
  });
  const twice = neighbors.find(({Name}, index) => neighbors.findIndex(other => other.Name === Name) !== index);
  if (twice !== undefined) throw new Error(`two items of "Vars.neighbors" give the name ${twice.Name}: give each a "name" of its own`);
  return neighbors;
}

interface NeighborParts {
  readonly item: Readonly<Record<string, unknown>>;
  readonly address: unknown;
  readonly as: unknown;
  readonly localAs: number;
  readonly what: string;
  readonly name: string;
}

function parseNeighbor({item, address, as, localAs, what, name}: NeighborParts): TemplateNeighbor {
  // A link-local neighbour carries its interface: fe80::1%eth0.
  const isGood = typeof address === 'string' && isAddress(address.replace(/%[\w.-]+$/, ''));
  if (!isGood) throw new Error(`"${what}" is ${JSON.stringify(address ?? null)}, expected an IP address`);
  const number = parseAs(as, `the AS number of ${address}`);
  return {...item, Name: name, Address: address, AS: number, Internal: number === localAs};
}

/** BIRD's statement that adds a community, standard ("65000:100") or large ("65000:1:2"). Throws an Error with the reason. */
export function communityStatement(community: unknown): string {
  const parts = typeof community === 'string' && /^\d+(?::\d+){1,2}$/.test(community) ? community.split(':').map(Number) : [];
  const isLarge = parts.length === 3;
  if (parts.length === 0 || parts.some(part => part > (isLarge ? 0xffffffff : 0xffff))) {
    throw new Error(`${JSON.stringify(community)} is no community: expected "65000:100" or, large, "65000:1:2"`);
  }
  return `${isLarge ? 'bgp_large_community' : 'bgp_community'}.add((${parts.join(', ')}));`;
}

function parseAs(value: unknown, what: string): number {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= 0xffffffff) return number;
  throw new Error(`${what} is ${JSON.stringify(value ?? null)}, expected a number from 1 to 4294967295`);
}

/** A name that BIRD takes without quotes, in 1.6, too. */
function identifier(text: string): string {
  return text.replaceAll(/[^0-9A-Za-z]/g, '_');
}
