import {placeIn} from './group-tree.ts';
import type {Prefix} from './prefix.ts';
import type {Group, NetworkTree} from './state.ts';
import {leafAround} from './topology-plan-leaf.ts';

type Labels = Readonly<Record<string, string>>;

/** Hosts that stand in the same groups. `leaves` has a leaf for each network that takes them. */
export interface HostSet {
  /** Set where it is one host that exists. */
  readonly name?: string | undefined;
  readonly count: number;
  readonly leaves: ReadonlyMap<NetworkTree, Group>;
}

/** A host that exists, or that the document lists. */
export interface KnownHost {
  readonly name: string;
  readonly tags: Labels;
  /** By network, the group or fixed prefix that it stands in. */
  readonly groups: Readonly<Record<string, Prefix>>;
  /** Only these groups count, tags are not asked. */
  readonly isPlaced: boolean;
}

export interface HostPlanOptions {
  readonly trees: readonly NetworkTree[];
  readonly known: Iterable<KnownHost>;
  /** Each leaf is filled up to so many hosts. */
  readonly hostsPerGroup: number;
  /** True of a leaf that own prefixes of hosts take up: no host can be added there. */
  isTaken(leaf: Group): boolean;
}

export interface HostPlan {
  readonly sets: readonly HostSet[];
  readonly refused: readonly RefusedHosts[];
}

/** Hosts that a network would take if own prefixes of other hosts did not take up all leaves for such labels. */
export interface RefusedHosts {
  readonly tree: NetworkTree;
  readonly leaves: readonly Group[];
  readonly tags: Labels;
  readonly count: number;
}

/**
 * Which hosts there are in which groups, when every leaf has at least so many. The hosts that are added have just the tags that leaves ask for, and
 * go to every network that takes such tags: to the emptiest leaf that is not taken, as in placement. It counts sets of hosts and not hosts, so their number costs nothing.
 */
export function planHosts({trees, known, hostsPerGroup, isTaken}: HostPlanOptions): HostPlan {
  const counts = new Map<Group, number>();
  const sets: HostSet[] = [];
  const refused: RefusedHosts[] = [];
  const add = (set: HostSet) => {
    for (const leaf of set.leaves.values()) counts.set(leaf, countIn(leaf) + set.count);
    sets.push(set);
  };
  const countIn = (leaf: Group) => counts.get(leaf) ?? 0;
  const lackIn = (leaf: Group) => Math.max(0, hostsPerGroup - countIn(leaf));
  const openLeaves = (leaves: readonly Group[]) => leaves.filter(leaf => !isTaken(leaf));

  for (const {name, tags, groups, isPlaced} of known) {
    const leaves = trees.flatMap((tree): [NetworkTree, Group][] => {
      const place = placeIn(groups, tree.network.name);
      const fixed = place === undefined ? undefined : leafAround(tree, place);
      const leaf = fixed ?? (isPlaced ? undefined : emptiest(openLeaves(eligibleLeaves(tree, tags)), countIn));
      return leaf === undefined ? [] : [[tree, leaf]];
    });
    add({name, count: 1, leaves: new Map(leaves)});
  }

  for (const {tags, leaves} of demands(trees)) {
    if ([...leaves.values()].every(exact => exact.every(leaf => lackIn(leaf) === 0))) continue;
    const places = trees.map(tree => {
      const eligible = eligibleLeaves(tree, tags);
      return {tree, eligible, open: openLeaves(eligible)};
    });
    const lacks = places.map(({tree, open}) => {
      const exact = leaves.get(tree) ?? [];
      // Where other leaves take such hosts, nobody misses one that is taken.
      if (open.length === 0) return sum(exact.map(lackIn));
      return openLeaves(exact).some(leaf => lackIn(leaf) > 0) ? sum(open.map(lackIn)) : 0;
    });
    const count = Math.max(...lacks);
    if (count === 0) continue;
    const closed = places.filter(({eligible, open}) => eligible.length > 0 && open.length === 0);
    refused.push(...closed.map(({tree, eligible}) => ({tree, leaves: eligible, tags, count})));
    const spreads = places.flatMap(({tree, open}) => {
      const parts = spread(count, open.map(countIn));
      const runs = open.map((leaf, index) => ({leaf, count: parts[index] ?? 0})).filter(run => run.count > 0);
      return runs.length === 0 ? [] : [{tree, runs}];
    });
    // No network at all takes these.
    if (spreads.length === 0) continue;
    for (const set of joinRuns(spreads, count)) add(set);
  }
  return {sets, refused};
}

/** Leaves that no host can get to, since two groups on the way ask for different values of one label. */
export function unreachableLeaves(
  tree: NetworkTree,
): {readonly leaf: Group; readonly label: string; readonly values: readonly [string, string]}[] {
  return leavesWithTags(tree).flatMap(({leaf, conflict}) => (conflict === undefined ? [] : [{leaf, ...conflict}]));
}

interface Demand {
  readonly tags: Labels;
  readonly leaves: Map<NetworkTree, Group[]>;
}

/** The sets of tags that leaves ask for, with those leaves; the most particular first, since such hosts fit the other leaves as well. */
function demands(trees: readonly NetworkTree[]): Demand[] {
  const found = new Map<string, Demand>();
  for (const tree of trees) {
    for (const {leaf, tags, conflict} of leavesWithTags(tree)) {
      if (conflict !== undefined) continue;
      const key = JSON.stringify(Object.entries(tags).sort());
      const demand = found.get(key) ?? {tags, leaves: new Map<NetworkTree, Group[]>()};
      found.set(key, demand);
      const leaves = demand.leaves.get(tree);
      if (leaves === undefined) demand.leaves.set(tree, [leaf]);
      else leaves.push(leaf);
    }
  }
  return [...found.values()].sort((a, b) => Object.keys(b.tags).length - Object.keys(a.tags).length);
}

interface TaggedLeaf {
  readonly leaf: Group;
  readonly tags: Labels;
  readonly conflict?: {readonly label: string; readonly values: readonly [string, string]} | undefined;
}

function leavesWithTags({root}: NetworkTree): TaggedLeaf[] {
  const visit = (group: Group, above: Omit<TaggedLeaf, 'leaf'>): TaggedLeaf[] => {
    const label = Object.keys(group.assignment).find(key => Object.hasOwn(above.tags, key) && above.tags[key] !== group.assignment[key]);
    const conflict = label === undefined ? undefined : {label, values: [above.tags[label] ?? '', group.assignment[label] ?? ''] as const};
    const here = {tags: {...above.tags, ...group.assignment}, conflict: above.conflict ?? conflict};
    return group.groups.length === 0 ? [{leaf: group, ...here}] : group.groups.flatMap(child => visit(child, here));
  };
  return visit(root, {tags: {}});
}

function eligibleLeaves({root}: NetworkTree, tags: Labels): Group[] {
  const visit = (group: Group): Group[] => {
    for (const label in group.assignment) if (!Object.hasOwn(tags, label) || tags[label] !== group.assignment[label]) return [];
    return group.groups.length === 0 ? [group] : group.groups.flatMap(visit);
  };
  return visit(root);
}

function emptiest(leaves: readonly Group[], countIn: (leaf: Group) => number): Group | undefined {
  return leaves.reduce<Group | undefined>((best, leaf) => (best === undefined || countIn(leaf) < countIn(best) ? leaf : best), undefined);
}

/** What each of some groups gets of a number of hosts when they go, one by one, to the emptiest. */
function spread(count: number, present: readonly number[]): number[] {
  const order = present.map((level, index) => ({level, index})).sort((a, b) => a.level - b.level || a.index - b.index);
  const gains = present.map(() => 0);
  let below = 0;
  for (const [index, {level}] of order.entries()) {
    below += level;
    const size = index + 1;
    const next = order[size]?.level ?? Number.POSITIVE_INFINITY;
    // As long as the next group is emptier than the level that these would reach, it takes its share, too.
    if (next * size - below < count) continue;
    const filled = order.slice(0, size).sort((a, b) => a.index - b.index);
    const [base, extra] = [Math.floor((below + count) / size), (below + count) % size];
    for (const [rank, group] of filled.entries()) gains[group.index] = base + (rank < extra ? 1 : 0) - group.level;
    break;
  }
  return gains;
}

interface Spread {
  readonly tree: NetworkTree;
  readonly runs: readonly {readonly leaf: Group; readonly count: number}[];
}

/** Which of so many equal hosts stand in which leaf is free: taken in the order of the leaves in every tree, few sets are enough. */
function joinRuns(spreads: readonly Spread[], count: number): HostSet[] {
  const cursors = spreads.map(({tree, runs}) => ({tree, runs: runs.values(), leaf: runs[0]?.leaf, end: 0}));
  const sets: HostSet[] = [];
  for (let start = 0; start < count; ) {
    let stop = count;
    for (const cursor of cursors) {
      const run = cursor.end > start ? undefined : cursor.runs.next().value;
      if (run !== undefined) {
        cursor.leaf = run.leaf;
        cursor.end += run.count;
      }
      stop = Math.min(stop, cursor.end);
    }
    const leaves = cursors.flatMap(({tree, leaf}): [NetworkTree, Group][] => (leaf === undefined ? [] : [[tree, leaf]]));
    sets.push({count: stop - start, leaves: new Map(leaves)});
    start = stop;
  }
  return sets;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
