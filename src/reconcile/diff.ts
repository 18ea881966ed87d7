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
  const wanted = new Map(desired.map(item => [keyOf(item), item]));
  const present = new Map(actual.map(item => [keyOf(item), item]));
  const create: Item[] = [];
  const update: Item[] = [];
  for (const [key, item] of wanted) {
    const current = present.get(key);
    if (current === undefined) create.push(item);
    else if (!isEqual(current, item)) update.push(item);
  }
  const remove = [...present].filter(([key]) => !wanted.has(key)).map(([, item]) => item);
  return {create, update, remove};
}

/** True when there is nothing to do. */
export function isEmptyPlan<Item>({create, update, remove}: Plan<Item>): boolean {
  return create.length + update.length + remove.length === 0;
}
