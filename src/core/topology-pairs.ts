import type {Group, Network, NetworkTree} from './state.ts';

/** What each network, or group, was before: those without an entry are new. What was and is no more is `removed`. */
export interface Pairs<Item> {
  readonly beforeOf: ReadonlyMap<Item, Item>;
  readonly removed: readonly Item[];
}

/** Pairs the networks of two documents: one with the same CIDR is the same, whatever it is called; of the others, one with the same name. */
export function pairNetworks(before: readonly Network[], after: readonly Network[]): Pairs<Network> {
  const pairs = createPairing(before, after);
  pairs.by(({cidr}) => cidr);
  pairs.by(({name}) => name);
  return pairs;
}

/**
 * Pairs the groups of one network: one with the same CIDR at the same depth of the map is the same, since addresses and hosts stay with the prefix;
 * of the others, one with the same name in the same parent. The container of several top groups is none of them.
 */
export function pairGroups(before: NetworkTree | undefined, after: NetworkTree | undefined): Pairs<Group> {
  const beforeOf = new Map<Group, Group>();
  const afterOf = new Map<Group, Group>();
  let [old, young] = [topLevel(before), topLevel(after)];
  while (old.length > 0 || young.length > 0) {
    const parentOf = new Map([...old, ...young].map(({group, parent}) => [group, parent]));
    const pairs = createPairing(groupsOf(old), groupsOf(young));
    pairs.by(({cidr}) => cidr);
    const keyIn = (parent: Group | undefined, {name}: Group) => (name === '' ? undefined : `${parent?.cidr ?? ''} ${name}`);
    pairs.by(
      group => {
        const parent = parentOf.get(group);
        const counterpart = parent && afterOf.get(parent);
        return parent !== undefined && counterpart === undefined ? undefined : keyIn(counterpart, group);
      },
      group => keyIn(parentOf.get(group), group),
    );
    for (const [group, was] of pairs.beforeOf) {
      beforeOf.set(group, was);
      afterOf.set(was, group);
    }
    [old, young] = [nextLevel(old), nextLevel(young)];
  }
  return {beforeOf, removed: declaredGroups(before).filter(group => !afterOf.has(group))};
}

/** The groups that a map declares, depth first. */
export function declaredGroups(tree: NetworkTree | undefined): Group[] {
  return groupsOf(topLevel(tree)).flatMap(withGroupsBelow);
}

interface Placed {
  readonly group: Group;
  readonly parent: Group | undefined;
}

function topLevel(tree: NetworkTree | undefined): Placed[] {
  if (tree === undefined) return [];
  // Only the container of several groups has no path.
  const groups = tree.root.path === '' ? tree.root.groups : [tree.root];
  return groups.map(group => ({group, parent: undefined}));
}

function nextLevel(level: readonly Placed[]): Placed[] {
  return level.flatMap(({group: parent}) => parent.groups.map(group => ({group, parent})));
}

function groupsOf(level: readonly Placed[]): Group[] {
  return level.map(({group}) => group);
}

function withGroupsBelow(group: Group): Group[] {
  return [group, ...group.groups.flatMap(withGroupsBelow)];
}

interface Pairing<Item> extends Pairs<Item> {
  /** Pairs those that have no pair yet and the same key, in their order. What has no key gets no pair. */
  by(keyBefore: (item: Item) => string | undefined, keyAfter?: (item: Item) => string | undefined): void;
}

function createPairing<Item>(before: readonly Item[], after: readonly Item[]): Pairing<Item> {
  const beforeOf = new Map<Item, Item>();
  let removed = before;
  return {
    beforeOf,
    get removed() {
      return removed;
    },
    by(keyBefore, keyAfter = keyBefore) {
      const left = Map.groupBy(removed, keyBefore);
      const taken = new Set<Item>();
      for (const item of after.filter(candidate => !beforeOf.has(candidate))) {
        const key = keyAfter(item);
        const was = key === undefined ? undefined : left.get(key)?.shift();
        if (was === undefined) continue;
        beforeOf.set(item, was);
        taken.add(was);
      }
      removed = removed.filter(item => !taken.has(item));
    },
  };
}
