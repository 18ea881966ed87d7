import path from 'node:path';
import {statusTable} from '../cli/lab-table.ts';
import {messageOf} from '../core/errors.ts';
import {demoChecks} from '../lab/demo.ts';
import {removeLab} from '../lab/down.ts';
import {startLab} from '../lab/lab.ts';
import {parseLabFile} from '../lab/lab-file.ts';
import type {LabPlan} from '../lab/plan-types.ts';
import {labStatus} from '../lab/status.ts';
import {onStopSignal} from '../system/signals.ts';
import {createLabParts} from './lab-parts.ts';

// `npm start`: a lab of two racks in network namespaces, shown to work; then a live status until Ctrl-C. With --once without that.

const labName = 'demo';
const refreshMs = 2000;
const parts = createLabParts();
const {print} = parts;

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find(argument => argument !== '--once');
  if (unknown !== undefined) {
    process.stderr.write(`npm start: unknown argument ${JSON.stringify(unknown)}, expected --once or nothing\n`);
    return 2;
  }
  if (parts.userId !== 0) {
    process.stderr.write('npm start: the lab makes network namespaces and so needs root: run it with sudo\n');
    return 1;
  }
  const signal = onStopSignal({isPatient: true});
  const start = parts.clock.now();
  try {
    print('Starting a spine, two racks (FRR and BIRD as ToRs), four hosts with BIRD and an agent, etcd and the daemon …');
    const plan = await startDemoLab();
    print(`… up after ${seconds(start)} s. Look around with: bin/romana lab status ${labName}\n`);
    const isGood = await showChecks(plan, signal);
    print(isGood ? `\nAll of it held, after ${seconds(start)} s.` : '\nNot all of it held.');
    if (isGood && !args.includes('--once')) await showStatus(plan, signal);
    return isGood ? 0 : 1;
  } catch (error) {
    process.stderr.write(`npm start: ${messageOf(error)}\n`);
    return 1;
  } finally {
    await removeLab(parts, labName);
  }
}

async function startDemoLab(): Promise<LabPlan> {
  const file = path.join(parts.root, 'lab/two-racks.yaml');
  return startLab(parts, parseLabFile((await parts.readFileIfPresent(file)) ?? '', file, labName));
}

/** Goes on after a check that fails, so that all that is wrong is seen at once. */
async function showChecks(plan: LabPlan, signal: AbortSignal): Promise<boolean> {
  let isGood = true;
  for (const {claim, show} of demoChecks(parts, plan)) {
    if (signal.aborted) return false;
    try {
      const seen = await show();
      print(`ok      ${claim}\n        ${seen}`);
    } catch (error) {
      isGood = false;
      print(`FAILED  ${claim}\n        ${messageOf(error)}`);
    }
  }
  return isGood;
}

async function showStatus(plan: LabPlan, signal: AbortSignal): Promise<void> {
  const clear = process.stdout.isTTY ? '\u001b[H\u001b[2J' : '\n';
  while (!signal.aborted) {
    const table = statusTable(await labStatus(parts, plan));
    print(`${clear}Lab ${labName}: hosts, sessions, and Romana routes at every node. Ctrl-C ends it and removes everything.\n\n${table}`);
    await parts.clock.sleep(refreshMs, signal);
  }
  print('\nRemoving the lab …');
}

function seconds(start: number): string {
  return ((parts.clock.now() - start) / 1000).toFixed(1);
}

process.exitCode = await main(process.argv.slice(2));
