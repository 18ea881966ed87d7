import {threadId} from 'node:worker_threads';
import type {ExecutionContext, TestFn} from 'ava';
import anyTest from 'ava';
import {createRun, type Run, runInNamespace} from '../../src/system/run.ts';

export interface Namespace {
  readonly name: string;
  /** Runs a command inside. */
  readonly run: Run;
}

const run = createRun();
let count = 0;

/**
 * `test` for what needs network namespaces; skipped, with the reason in its title, where there is no root. `isSerial`: one after the other, for what
 * runs many processes or hangs on time.
 */
export function namespaceTest({
  isSerial = false,
}: {
  isSerial?: boolean;
} = {}): (title: string, implementation: (t: ExecutionContext) => Promise<void>) => void {
  const test: TestFn = anyTest;
  const isRoot = process.getuid?.() === 0;
  const make = isSerial ? test.serial : test;
  return (title, implementation) => (isRoot ? make(title, implementation) : test.skip(`${title} (needs root)`, implementation));
}

/** Makes a network namespace of this test's own, with its loopback up; it goes with the test, failed or not. */
export async function createNamespace(t: ExecutionContext, label: string): Promise<Namespace> {
  count += 1;
  const name = `romana.test-${process.pid}.${threadId}-${count}-${label}`;
  await run('ip', ['netns', 'add', name]);
  t.teardown(async () => {
    await run('ip', ['netns', 'del', name]);
  });
  const inside = runInNamespace(run, name);
  await inside('ip', ['link', 'set', 'lo', 'up']);
  return {name, run: inside};
}

/** Joins two namespaces by a veth pair, `device` at each end, with an address of a /24 or /64 on each. */
export async function connect(
  a: Namespace,
  b: Namespace,
  {device = 'eth0', addresses}: {device?: string; addresses: readonly [string[], string[]]},
): Promise<void> {
  await a.run('ip', ['link', 'add', device, 'type', 'veth', 'peer', 'name', device, 'netns', b.name]);
  for (const [index, {run: inside}] of [a, b].entries()) {
    for (const address of addresses[index] ?? []) {
      await inside('ip', ['address', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : [])]);
    }
    await inside('ip', ['link', 'set', device, 'up']);
  }
}
