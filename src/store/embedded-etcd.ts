import {type ChildProcess, spawn} from 'node:child_process';
import {closeSync, openSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import path from 'node:path';
import {InputError, messageOf} from '../core/errors.ts';
import type {Clock} from '../system/clock.ts';
import {makeFolder, readFileIfPresent, replaceFile} from '../system/files.ts';
import type {Logger} from '../system/log.ts';
import {StoreError} from './store.ts';

/** A real etcd on loopback for a lab or a single machine, started again whenever it ends. */
export interface EmbeddedEtcd {
  readonly endpoint: string;
  stop(): Promise<void>;
}

export interface EmbeddedEtcdOptions {
  readonly directory: string;
  /** 0: any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const startTimeoutMs = 25_000;
const restartMs = 500;
const stopTimeoutMs = 10_000;

/** Starts etcd on the directory and waits until it answers. What a killed daemon has left running there is ended first. */
export async function startEmbeddedEtcd({directory, port, clock, log}: EmbeddedEtcdOptions): Promise<EmbeddedEtcd> {
  await makeFolder(directory, 0o700).catch((error: unknown) => {
    throw new InputError('ERR_ETCD_DIRECTORY', `cannot start etcd in ${directory}: ${messageOf(error)}`, {cause: error});
  });
  await claimDirectory(directory);
  await endLeftover(directory, clock);
  const endpoint = `http://127.0.0.1:${await claimPort(port)}`;
  const stopping = new AbortController();
  let running = await startOnce(directory, endpoint);
  const supervise = async () => {
    for (;;) {
      const status = await running.ended;
      if (stopping.signal.aborted) return;
      log.error(status, 'embedded etcd has ended, starting it again');
      await clock.sleep(restartMs, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        running = await startOnce(directory, endpoint);
        if (stopping.signal.aborted) running.child.kill('SIGTERM');
      } catch (error) {
        log.error({err: error}, 'embedded etcd cannot be started, will retry');
      }
    }
  };
  const supervised = supervise();
  const stop = async () => {
    stopping.abort();
    running.child.kill('SIGTERM');
    const timer = new AbortController();
    const isGone = await Promise.race([supervised.then(() => true), clock.sleep(stopTimeoutMs, timer.signal).then(() => false)]);
    timer.abort();
    if (!isGone) running.child.kill('SIGKILL');
    await supervised;
  };
  try {
    await waitUntilHealthy(endpoint, clock, () => running.child.exitCode, path.join(directory, 'etcd.log'));
  } catch (error) {
    await stop();
    throw error;
  }
  await replaceFile(path.join(directory, 'endpoint'), `${endpoint}\n`);
  log.info({endpoint, directory}, 'embedded etcd is running');
  return {endpoint, stop};
}

interface RunningEtcd {
  readonly child: ChildProcess;
  readonly ended: Promise<{readonly code: number | null; readonly signal: NodeJS.Signals | null}>;
}

async function startOnce(directory: string, endpoint: string): Promise<RunningEtcd> {
  const log = openSync(path.join(directory, 'etcd.log'), 'a');
  const child = spawn(
    'etcd',
    [
      '--name=romana',
      `--data-dir=${dataDirectory(directory)}`,
      `--listen-client-urls=${endpoint}`,
      `--advertise-client-urls=${endpoint}`,
      '--listen-peer-urls=http://127.0.0.1:0',
      '--auto-compaction-mode=periodic',
      '--auto-compaction-retention=1h',
      // Without it, etcd 3.4 stays slow after many keys were written in large transactions.
      '--backend-batch-limit=200',
    ],
    // Of its own process group: Ctrl-C in a terminal is for the daemon, which ends etcd last.
    {stdio: ['ignore', log, log], env: {...process.env, ETCD_UNSUPPORTED_ARCH: process.arch}, detached: true},
  );
  closeSync(log);
  const ended: RunningEtcd['ended'] = new Promise(resolve => child.once('exit', (code, signal) => resolve({code, signal})));
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', error =>
      reject(new InputError('ERR_NO_ETCD', `cannot start etcd: ${error.message} (is the package etcd-server installed?)`)),
    );
  });
  try {
    await replaceFile(path.join(directory, 'etcd.pid'), `${child.pid}\n`);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {child, ended};
}

async function waitUntilHealthy(endpoint: string, clock: Clock, exitCode: () => number | null, logFile: string): Promise<void> {
  const end = clock.now() + startTimeoutMs;
  while (clock.now() < end && exitCode() === null) {
    const answer = await fetch(`${endpoint}/health`).catch(() => undefined);
    if (answer?.ok) return;
    await clock.sleep(50);
  }
  const tail = (await readFileIfPresent(logFile))?.trim().split('\n').slice(-3).join('\n') ?? '';
  const reason = exitCode() === null ? `no answer within ${startTimeoutMs / 1000} s` : `it ended with status ${exitCode()}`;
  throw new StoreError(`cannot start etcd at ${endpoint}: ${reason}; the end of ${logFile}:\n${tail}`);
}

/** One daemon a directory: two would end each other's etcd. After a restart of the machine, the pid may be another program's. */
async function claimDirectory(directory: string): Promise<void> {
  const file = path.join(directory, 'daemon.pid');
  const owner = Number(await readFileIfPresent(file));
  if (owner > 0 && owner !== process.pid && (await commandLineOf(owner)).includes('embedded-etcd')) {
    throw new InputError(
      'ERR_ETCD_IN_USE',
      `cannot start etcd in ${directory}: the daemon with pid ${owner} runs it; name its endpoint with --etcd-endpoints`,
    );
  }
  await replaceFile(file, `${process.pid}\n`);
}

async function endLeftover(directory: string, clock: Clock): Promise<void> {
  const pid = Number(await readFileIfPresent(path.join(directory, 'etcd.pid')));
  const isOurs = async () => pid > 0 && (await commandLineOf(pid)).includes(`--data-dir=${dataDirectory(directory)}\0`);
  for (let waitedMs = 0; await isOurs(); waitedMs += 50) {
    if (waitedMs % stopTimeoutMs === 0) sendSignal(pid, waitedMs === 0 ? 'SIGTERM' : 'SIGKILL');
    await clock.sleep(50);
  }
}

/** The process may end by itself in the same moment. */
function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function commandLineOf(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
}

function dataDirectory(directory: string): string {
  return path.join(path.resolve(directory), 'data');
}

/** The port itself once it is seen to be free, or any free one for 0: another etcd on it would answer in place of ours. */
async function claimPort(port: number): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      'ERR_ETCD_PORT',
      `cannot start etcd on port ${port} of loopback: ${reason}; choose another with --embedded-etcd-port (0: any)`,
    );
  });
  const address = server.address();
  await new Promise(resolve => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : port;
}
