/** Random choices that a seed decides. */
export interface Random {
  /** From 0 up to, but without, 1. */
  number(): number;
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
}

/** The seed of this run: SEED of the environment walks the same way again. Its failure must name it. */
export const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

/** Mulberry32. */
export function createRandom(start: number): Random {
  let state = start >>> 0;
  const number = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number) => least + Math.floor(number() * (most - least + 1));
  return {number, between, pick: items => items[between(0, items.length - 1)] ?? items[0]};
}
