import type {Driver} from './driver.ts';

/** One thing that is wanted or there: how it should be, and how it is. */
export interface ObjectReport {
  readonly object: string;
  readonly state: 'as wanted' | 'missing' | 'different' | 'not wanted';
  readonly wanted?: string;
  readonly actual?: string;
}

/** Sets what is there beside what is wanted, item by item, sorted as wanted, and what is not wanted last. */
export function compareItems<Item>(desired: readonly Item[], actual: readonly Item[], driver: Driver<Item>): ObjectReport[] {
  const {keyOf, isEqual, isPermanent = false} = driver;
  const show = (name: 'wanted' | 'actual', item: Item) => {
    const text = driver.show?.(item);
    return text === undefined ? {} : {[name]: text};
  };
  const present = new Map(actual.map(item => [keyOf(item), item]));
  const reports = desired.map((item): ObjectReport => {
    const object = keyOf(item);
    const current = present.get(object);
    present.delete(object);
    if (current === undefined) return {object, state: 'missing', ...show('wanted', item)};
    const state = isEqual(current, item) ? 'as wanted' : 'different';
    return {object, state, ...show('wanted', item), ...show('actual', current)};
  });
  const others = isPermanent
    ? []
    : [...present].map(([object, item]): ObjectReport => ({object, state: 'not wanted', ...show('actual', item)}));
  return [...reports, ...others];
}
