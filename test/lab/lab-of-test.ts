import {randomBytes} from 'node:crypto';
import {readFileSync} from 'node:fs';
import anyTest, {type ExecutionContext, type TestFn} from 'ava';
import {removeLab} from '../../src/lab/down.ts';
import {startLab} from '../../src/lab/lab.ts';
import {parseLabFile} from '../../src/lab/lab-file.ts';
import type {LabParts} from '../../src/lab/parts.ts';
import type {LabPlan} from '../../src/lab/plan-types.ts';
import {systemClock} from '../../src/system/clock.ts';
import {readFileIfPresent, replaceFile} from '../../src/system/files.ts';
import {silentLogger} from '../../src/system/log.ts';
import {createRun} from '../../src/system/run.ts';

export const parts: LabParts = {
  run: createRun(),
  clock: systemClock,
  log: silentLogger,
  replaceFile,
  readFileIfPresent,
  root: process.cwd(),
  node: process.execPath,
};

/** `test.serial` for what needs a lab; skipped, with the reason in its title, where there is no root. */
export function labTest(title: string, implementation: (t: ExecutionContext) => Promise<void>): void {
  const test: TestFn = anyTest;
  if (process.getuid?.() === 0) test.serial(title, implementation);
  else test.skip(`${title} (needs root)`, implementation);
}

/** A name that no other lab has; whatever carries it goes with the test, failed or not. */
export function labName(t: ExecutionContext): string {
  const name = `test-${randomBytes(4).toString('hex')}`;
  t.teardown(async () => {
    await removeLab(parts, name);
  });
  return name;
}

/** Starts a lab of the test's own, its routers and hosts only. */
export function startTestLab(t: ExecutionContext, file: string): Promise<LabPlan> {
  return startLab(parts, parseLabFile(readFileSync(file, 'utf8'), file, labName(t)), {control: false});
}
