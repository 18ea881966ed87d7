import {spawn} from 'node:child_process';
import {once} from 'node:events';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {type BirdControl, createBirdControl} from '../../src/drivers/bird/control-socket.ts';
import type {Namespace} from './namespace.ts';
import {waitFor} from './wait.ts';

export interface RunningBird {
  readonly pid: number;
  readonly control: BirdControl;
  kill(name?: NodeJS.Signals): Promise<void>;
}

export interface BirdPaths {
  readonly birdConf: string;
  readonly birdSocket: string;
  readonly birdPidFile: string;
  /** The daemon; default the "bird" of the system. */
  readonly program?: string;
  readonly args?: readonly string[];
}

/** Where a BIRD of a test has its files. */
export function birdPaths(folder: string): BirdPaths & {confDir: string} {
  const file = (name: string) => path.join(folder, name);
  return {birdConf: file('bird.conf'), confDir: file('conf.d'), birdSocket: file('bird.ctl'), birdPidFile: file('bird.pid')};
}

/** Starts a real BIRD in the foreground inside a namespace and waits until it answers; it ends with the test. */
export async function startBird(
  t: Pick<ExecutionContext, 'teardown'>,
  {name}: Namespace,
  {birdConf, birdSocket, birdPidFile, program = 'bird', args = []}: BirdPaths,
): Promise<RunningBird> {
  const child = spawn('ip', ['netns', 'exec', name, program, '-f', '-c', birdConf, '-s', birdSocket, '-P', birdPidFile, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', chunk => {
    output += String(chunk);
  });
  const ended = once(child, 'exit');
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal);
    await ended;
  };
  t.teardown(() => kill());
  const control = createBirdControl(birdSocket);
  await waitFor('BIRD answers', async () => {
    if (child.exitCode !== null) throw new Error(`BIRD ended with ${child.exitCode}: ${output}`);
    return control.command('show status').then(
      ({code}) => code === '0013',
      () => false,
    );
  });
  return {pid: child.pid ?? 0, control, kill};
}

/** The prefixes in BIRD's tables, sorted; with a protocol's name only those that it announces. */
export async function birdRoutes(control: BirdControl, filter = ''): Promise<string[]> {
  const {lines} = await control.command(`show route ${filter}`.trim());
  return lines.flatMap(line => /^[0-9a-f:.]+\/\d+(?= )/.exec(line)?.[0] ?? []).toSorted();
}
