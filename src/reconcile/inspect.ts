import {pair} from './diff.ts';
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
  const reports: ObjectReport[] = [];
  const others = pair(desired, actual, driver, (item, current) => {
    const object = keyOf(item);
    if (current === undefined) reports.push({object, state: 'missing', ...show('wanted', item)});
    else
      reports.push({
        object,
        state: isEqual(current, item) ? 'as wanted' : 'different',
        ...show('wanted', item),
        ...show('actual', current),
      });
  });
  if (isPermanent) return reports;
  return [...reports, ...others.map((item): ObjectReport => ({object: keyOf(item), state: 'not wanted', ...show('actual', item)}))];
}
