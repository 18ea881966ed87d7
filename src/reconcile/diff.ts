/** What must change: `create` is missing, `update` is there but differs (the wanted form), `remove` is not wanted (the present form). */
export interface Plan<Item> {
  readonly create: readonly Item[];
  readonly update: readonly Item[];
  readonly remove: readonly Item[];
}

export interface Identity<Item> {
  keyOf(item: Item): string;
  isEqual(a: Item, b: Item): boolean;
}

/** The plan that turns the actual items into the desired ones. */
export function diff<Item>(desired: readonly Item[], actual: readonly Item[], identity: Identity<Item>): Plan<Item> {
  const create = new Map<string, Item>();
  const update: Item[] = [];
  const remove = pair(desired, actual, identity, (item, current) => {
    if (current === undefined) create.set(identity.keyOf(item), item);
    else if (!identity.isEqual(current, item)) update.push(item);
  });
  return {create: [...create.values()], update, remove};
}

/**
 * Tells for each desired item the actual one with its key, or undefined; gives the actual items that are left. Where somebody has put a second one beside
 * an item (the kernel can have two routes that differ in nothing but where they lead), the one that is as desired is it, else the first.
 */
export function pair<Item>(
  desired: readonly Item[],
  actual: readonly Item[],
  {keyOf, isEqual}: Identity<Item>,
  tell: (item: Item, current: Item | undefined) => void,
): Item[] {
  // There may be tens of thousands of each, nearly always the same: no more than one map is made of them.
  const present = new Map<string, Item | typeof taken>();
  const twins = new Map<string, Item[]>();
  for (const item of actual) {
    const key = keyOf(item);
    if (!present.has(key)) present.set(key, item);
    else twins.set(key, [...(twins.get(key) ?? []), item]);
  }
  const choose = (first: Item, key: string, item: Item) => {
    const others = twins.get(key);
    const index = others === undefined || isEqual(first, item) ? -1 : others.findIndex(twin => isEqual(twin, item));
    const [better = first] = index === -1 ? [] : (others?.splice(index, 1, first) ?? []);
    return better;
  };
  for (const item of desired) {
    const key = keyOf(item);
    const first = present.get(key);
    if (first === taken) continue;
    if (first !== undefined) present.set(key, taken);
    tell(item, first === undefined ? undefined : choose(first, key, item));
  }
  return [...[...present.values()].filter((item): item is Item => item !== taken), ...[...twins.values()].flat()];
}

/** Stands for what is there and was told. */
const taken = Symbol('taken');

/** True when there is nothing to do. */
export function isEmptyPlan<Item>({create, update, remove}: Plan<Item>): boolean {
  return create.length + update.length + remove.length === 0;
}
