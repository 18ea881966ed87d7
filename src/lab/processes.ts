import {InputError} from '../core/errors.ts';
import type {Run} from '../system/run.ts';
import {type LabParts, shell, until} from './parts.ts';
import type {LabNode, LabProcess} from './plan-types.ts';

/** Starts one of a node's processes in its namespace and waits until it is ready. It outlives us; output goes to <what>.log. */
export async function startProcess(parts: LabParts, node: LabNode, what: string): Promise<void> {
  const {run, clock} = parts;
  const {command, socket, ready = socket === undefined ? undefined : ['test', '-S', socket]} = processOf(node, what);
  await shell(run, 'rm -f "$@"', socket === undefined ? [] : [socket]);
  const script = 'pid=$1 log=$2; shift 2; cd /; setsid "$@" </dev/null >>"$log" 2>&1 & echo $! >"$pid"';
  await run('ip', ['netns', 'exec', node.namespace, 'sh', '-c', script, 'sh', pidFile(node, what), logFile(node, what), ...command]);
  if (ready === undefined) return;
  const [program, ...args] = ready;
  await until(clock, `${what} of ${node.name} is ready`, async () => {
    const isReady = await run(program, args).then(
      () => true,
      () => false,
    );
    if (!isReady && !(await isAlive(parts, node, what))) throw new Error(await failure(parts, node, what));
    return isReady;
  });
}

/** Ends one process of a node and waits until it is gone. Its pid counts only while that process lives in the node's namespace. */
export async function killProcess(parts: LabParts, node: LabNode, what: string, signal: 'TERM' | 'KILL' = 'KILL'): Promise<void> {
  const pid = await pidOf(parts, node, what);
  if (pid === undefined) return;
  await signalProcesses(parts.run, [pid], signal);
  await until(parts.clock, `${what} of ${node.name} ends`, async () => !(await isAlive(parts, node, what)));
}

/** True while the process that startProcess began is there. */
export async function isAlive(parts: LabParts, node: LabNode, what: string): Promise<boolean> {
  return (await pidOf(parts, node, what)) !== undefined;
}

/** The pid of a process, or undefined when it does not run. */
export async function pidOf({run, readFileIfPresent}: LabParts, node: LabNode, what: string): Promise<number | undefined> {
  processOf(node, what);
  const pid = Number(await readFileIfPresent(pidFile(node, what)));
  if (!(pid > 0)) return undefined;
  return (await processesIn(run, node.namespace)).includes(pid) ? pid : undefined;
}

/** The pids of all processes in a namespace; none when there is no such namespace. */
export async function processesIn(run: Run, namespace: string): Promise<number[]> {
  const text = await shell(run, '[ ! -e "/run/netns/$1" ] || ip netns pids "$1"', [namespace]);
  return text.split('\n').filter(Boolean).map(Number);
}

/** Sends a signal; processes that are gone by now are no error. */
export async function signalProcesses(run: Run, pids: readonly number[], signal: 'TERM' | 'KILL'): Promise<void> {
  if (pids.length > 0) await shell(run, `kill -s ${signal} "$@" 2>/dev/null || :`, pids.map(String));
}

export function logFile(node: LabNode, what: string): string {
  return `${node.folder}/${what}.log`;
}

function pidFile(node: LabNode, what: string): string {
  return `${node.folder}/${what}.pid`;
}

function processOf(node: LabNode, what: string): LabProcess {
  const found = node.processes.find(process => process.what === what);
  if (found !== undefined) return found;
  const known = node.processes.map(process => process.what).join(', ');
  throw new InputError('ERR_LAB_PROCESS', `${node.name} has no process ${JSON.stringify(what)}, expected one of: ${known}`);
}

async function failure({readFileIfPresent}: LabParts, node: LabNode, what: string): Promise<string> {
  const log = (await readFileIfPresent(logFile(node, what))) ?? '';
  return `${what} of ${node.name} ended at once: ${log.trim().split('\n').slice(-5).join('\n') || 'nothing in its log'} (${logFile(node, what)})`;
}
