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
export function diff<Item>(desired: readonly Item[], actual: readonly Item[], {keyOf, isEqual}: Identity<Item>): Plan<Item> {
  // There may be tens of thousands of each, nearly always the same: no more than one map is made of them.
  const present = new Map<string, Item | typeof wanted>();
  for (const item of actual) present.set(keyOf(item), item);
  const create = new Map<string, Item>();
  const update: Item[] = [];
  for (const item of desired) {
    const key = keyOf(item);
    const current = present.get(key);
    if (current === undefined) create.set(key, item);
    else if (current !== wanted) {
      present.set(key, wanted);
      if (!isEqual(current, item)) update.push(item);
    }
  }
  const remove = [...present.values()].filter((item): item is Item => item !== wanted);
  return {create: [...create.values()], update, remove};
}

/** Stands for what is there and stays. */
const wanted = Symbol('wanted');

/** True when there is nothing to do. */
export function isEmptyPlan<Item>({create, update, remove}: Plan<Item>): boolean {
  return create.length + update.length + remove.length === 0;
}
