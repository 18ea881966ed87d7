import type {OwnedObject} from '../agent/objects.ts';
import {renderTable} from './table.ts';

/** What is not as wanted, or everything, as a table; nothing where there is nothing to show. `told` are problems that stand above it already. */
export function renderObjects(objects: readonly OwnedObject[], withAll: boolean, told: ReadonlySet<string> = new Set()): string {
  const shown = objects.filter(object => ('state' in object ? withAll || object.state !== 'as wanted' : !told.has(object.problem)));
  if (shown.length === 0) return '';
  return `\n${renderTable(
    ['DRIVER', 'STATE', 'OBJECT'],
    shown.flatMap(object => rowsOf(object)),
  )}`;
}

function rowsOf(object: OwnedObject): string[][] {
  if ('problem' in object) return [[object.driver, 'unknown', object.problem]];
  const {driver, state, object: key, wanted = key, actual = key} = object;
  if (state !== 'different' || wanted === actual) return [[driver, state, state === 'not wanted' ? actual : wanted]];
  return [
    [driver, state, `wanted ${wanted}`],
    ['', '', `found  ${actual}`],
  ];
}
