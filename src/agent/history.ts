import {messageOf} from '../core/errors.ts';
import type {StepResult} from '../reconcile/reconcile.ts';

/** How one driver did in the last pass, and since the agent started. */
export interface DriverReport {
  readonly name: string;
  readonly wanted: number;
  readonly changes: number;
  readonly failures: number;
  readonly error?: string;
  readonly heldBackBy?: string;
  /** What it waits for, without having failed. */
  readonly pending?: string;
  /** What an operator should know, though nothing has failed. */
  readonly warning?: string;
  /** When the first of the passes was since which it has not done all it had to, in milliseconds since 1970. */
  readonly waitsSince?: number;
}

export interface PassReport {
  readonly at: number;
  readonly durationMs: number;
  readonly isGood: boolean;
  readonly drivers: readonly DriverReport[];
}

export interface History {
  readonly last: PassReport | undefined;
  /** The error of a driver in the last pass, as it was thrown. */
  errorOf(driver: string): unknown;
  /** Takes in a finished pass, of all drivers or of some, and says what is worth a line in the log. */
  record(results: readonly StepResult[], at: number, durationMs: number): readonly Finding[];
}

export interface Finding {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Remembers how passes went, for status, metrics and log. A quiet host logs nothing, and a lasting failure is logged once. All of the named drivers must have had a pass before one is good. */
export function createHistory(order: readonly string[] = []): History {
  let last: PassReport | undefined;
  const results = new Map<string, StepResult>();
  const failures = new Map<string, number>();
  return {
    get last() {
      return last;
    },
    errorOf: driver => results.get(driver)?.error,
    record(newResults, at, durationMs) {
      const findings = joinFailures(newResults.flatMap(result => [...findingsOf(result, last), ...warningsOf(result, last)]));
      for (const {name, error} of newResults) if (error !== undefined) failures.set(name, (failures.get(name) ?? 0) + 1);
      for (const result of newResults) results.set(result.name, result);
      const before = new Map((last?.drivers ?? []).map(driver => [driver.name, driver]));
      const reports = newResults.map(result => ({
        ...reportOf(result, failures.get(result.name) ?? 0),
        ...(!isGood(result) && {waitsSince: before.get(result.name)?.waitsSince ?? at}),
      }));
      const drivers = [...before.values()].filter(({name}) => !newResults.some(result => result.name === name));
      last = {
        at,
        durationMs,
        isGood: order.every(name => results.has(name)) && [...results.values()].every(isGood),
        drivers: [...drivers, ...reports].toSorted((a, b) => placeOf(a, order) - placeOf(b, order)),
      };
      return findings;
    },
  };
}

function placeOf({name}: DriverReport, order: readonly string[]): number {
  const place = order.indexOf(name);
  return place === -1 ? order.length : place;
}

function reportOf({name, wanted, changes, error, heldBackBy, pending, warning}: StepResult, failures: number): DriverReport {
  return {
    name,
    wanted,
    changes,
    failures,
    ...(error !== undefined && {error: messageOf(error)}),
    ...(heldBackBy !== undefined && {heldBackBy}),
    ...(pending !== undefined && {pending}),
    ...(warning !== undefined && {warning}),
  };
}

/** True for a step that did all it had to. */
export function isGood({error, heldBackBy, pending}: StepResult): boolean {
  return error === undefined && heldBackBy === undefined && pending === undefined;
}

function findingsOf(result: StepResult, last: PassReport | undefined): Finding[] {
  const {name: driver, changes, isDrift, error} = result;
  const before = last?.drivers.find(({name}) => name === driver);
  if (error !== undefined) {
    const isNew = before?.error !== messageOf(error);
    return isNew ? [{level: 'error', message: 'reconcile failed, will retry', fields: {driver, err: error}}] : [];
  }
  if (result.pending !== undefined && before?.pending === undefined) {
    return [{level: 'info', message: 'driver is not done yet', fields: {driver, waitsFor: result.pending}}];
  }
  if (!isGood(result)) return [];
  if (before?.error !== undefined) return [{level: 'info', message: 'driver works again', fields: {driver}}];
  if (changes === 0) return [];
  if (isDrift === true) return [{level: 'warn', message: 'drift repaired', fields: {driver, changes}}];
  return [{level: 'info', message: 'host changed', fields: {driver, changes}}];
}

/** What several drivers failed at together (a file that all of them need) is told once, with all their names. */
function joinFailures(findings: readonly Finding[]): Finding[] {
  const textOf = ({level, fields: {err}}: Finding) => (level === 'error' && err !== undefined ? messageOf(err) : undefined);
  return findings.flatMap(finding => {
    const text = textOf(finding);
    if (text === undefined) return [finding];
    const same = findings.filter(other => textOf(other) === text);
    if (same[0] !== finding) return [];
    return same.length === 1
      ? [finding]
      : [{...finding, fields: {...finding.fields, driver: same.map(({fields}) => fields['driver']).join(', ')}}];
  });
}

/** Told once, as long as it stays the same. */
function warningsOf({name: driver, warning}: StepResult, last: PassReport | undefined): Finding[] {
  const before = last?.drivers.find(({name}) => name === driver);
  return warning === undefined || warning === before?.warning
    ? []
    : [{level: 'warn', message: 'to be looked at', fields: {driver, warning}}];
}
