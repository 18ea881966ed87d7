import type {DeclaredHost} from './declared-hosts.ts';
import {InputError} from './errors.ts';
import {leafAround, pathTo, placeIn} from './group-tree.ts';
import {contains, type Prefix} from './prefix.ts';
import {createRangeSet, rangeOf} from './range-set.ts';
import type {Group, Host, NetworkTree} from './state.ts';

type Labels = Readonly<Record<string, string>>;

/** A host that looks for its groups. */
export type HostCandidate = Pick<Host, 'name' | 'ip' | 'tags'>;

export interface PlacementOptions {
  readonly trees: readonly NetworkTree[];
  /** The hosts that are placed already. */
  readonly hosts: Iterable<Pick<Host, 'name' | 'groups' | 'fixed'>>;
  /** The hosts that the topology document lists (declaredHosts): each goes where the document lists it, whatever its tags. */
  readonly declared?: ReadonlyMap<string, DeclaredHost>;
}

/**
 * The leaf of each network that a host goes to: the eligible one with the fewest hosts, the first of them on a tie.
 * Throws InputError ERR_CONFLICT when no network takes the host.
 */
export function placeHost({host, ...options}: PlacementOptions & {readonly host: HostCandidate}): Record<string, Prefix> {
  return createPlacer({...options, hosts: [...options.hosts].filter(({name}) => name !== host.name)}).place(host);
}

export interface Placer {
  /** With the places that it keeps. Throws InputError ERR_CONFLICT when no network takes the host. */
  place(host: HostCandidate, kept?: Host['groups']): Record<string, Prefix>;
}

/** Places many hosts, one after the other; each counts for those that follow. */
export function createPlacer({trees, hosts, declared}: PlacementOptions): Placer {
  const present = [...hosts];
  const reserved = present.flatMap(({fixed}) => fixed ?? []);
  const choices = trees.map(tree => ({network: tree.network.name, tree, seats: seatsOf(tree, reserved)}));
  for (const {groups} of present) {
    for (const {network, tree, seats} of choices) {
      const place = placeIn(groups, network);
      // A host with a fixed prefix stands in a part of a leaf.
      if (place !== undefined) occupy(seatAt(seats, place) ?? seatAt(seats, leafAround(tree, place)?.cidr));
    }
  }
  return {
    place(host, kept = {}) {
      const listed = declared?.get(host.name)?.groups ?? {};
      const placed = choices.flatMap(({network, seats}): [string, Seat][] => {
        if (Object.hasOwn(kept, network)) return [];
        const seat = seatAt(seats, placeIn(listed, network)) ?? emptiestSeat(seats.values(), host.tags);
        return seat === undefined ? [] : [[network, seat]];
      });
      const entries = [...Object.entries(kept), ...placed.map(([network, {cidr}]) => [network, cidr] as const)];
      if (entries.length === 0) throw new InputError('ERR_CONFLICT', refusal(host));
      for (const [, seat] of placed) occupy(seat);
      return Object.fromEntries(entries);
    },
  };
}

/** True when tags like these may stand in the leaf with that CIDR: they match the assignments of all groups on the way to it. */
export function isEligible(tree: NetworkTree, leafCidr: Prefix, tags: Labels): boolean {
  const path = pathTo(tree, leafCidr);
  const last = path.at(-1);
  return last?.cidr === leafCidr && last.groups.length === 0 && matches(requirements(path), tags);
}

/** A leaf, what it asks of a host's tags, and how many hosts it has. */
interface Seat {
  readonly cidr: Prefix;
  readonly required: readonly Requirement[];
  /** Fixed prefixes of hosts take up all of it. */
  readonly isTaken: boolean;
  count: number;
}

/** A label that a host must have, with its value. */
type Requirement = readonly [label: string, value: string];

function seatsOf(tree: NetworkTree, fixed: readonly Prefix[]): Map<Prefix, Seat> {
  const seats = new Map<Prefix, Seat>();
  const reserved = createRangeSet(fixed.filter(prefix => contains(tree.network.cidr, prefix)).map(rangeOf));
  const visit = (group: Group, required: readonly Requirement[]) => {
    const all = [...required, ...requirements([group])];
    if (group.groups.length === 0)
      seats.set(group.cidr, {cidr: group.cidr, required: all, isTaken: reserved.covers(rangeOf(group.cidr)), count: 0});
    for (const child of group.groups) visit(child, all);
  };
  visit(tree.root, []);
  return seats;
}

function requirements(path: readonly Group[]): Requirement[] {
  return path.flatMap(({assignment}) => Object.entries(assignment));
}

function matches(required: readonly Requirement[], tags: Labels): boolean {
  return required.every(([label, value]) => tags[label] === value);
}

function seatAt(seats: ReadonlyMap<Prefix, Seat>, cidr: Prefix | undefined): Seat | undefined {
  return cidr === undefined ? undefined : seats.get(cidr);
}

function occupy(seat: Seat | undefined): void {
  if (seat !== undefined) seat.count++;
}

function emptiestSeat(seats: Iterable<Seat>, tags: Labels): Seat | undefined {
  let best: Seat | undefined;
  for (const seat of seats) {
    if (!seat.isTaken && (best === undefined || seat.count < best.count) && matches(seat.required, tags)) best = seat;
  }
  return best;
}

/** As Go prints a map: keys sorted, "map[rack:r9 zone:z]". */
function refusal({name, ip, tags}: HostCandidate): string {
  const labels = Object.keys(tags)
    .sort()
    .map(label => `${label}:${tags[label]}`);
  return `No suitable groups to add host ${ip} (${name})${labels.length === 0 ? '' : ` Tags: map[${labels.join(' ')}]`} to.`;
}
