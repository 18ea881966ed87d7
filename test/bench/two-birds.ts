import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {createRun, type Run, runInNamespace} from '../../src/system/run.ts';
import {birdPaths, type RunningBird, startBird} from '../helpers/bird.ts';
import {temporaryFolder} from '../helpers/folder.ts';

export interface TwoBirds {
  readonly folder: string;
  readonly host: ReturnType<typeof birdPaths> & {readonly bird: RunningBird; readonly run: Run; readonly namespace: string};
  readonly tor: RunningBird;
  remove(): Promise<void>;
}

/** A host and its ToR, both BIRD, in two network namespaces with a link between them; the host's BIRD starts without any session. */
export async function startTwoBirds(): Promise<TwoBirds> {
  const undo: (() => unknown)[] = [];
  const scope = {teardown: (action: () => unknown) => void undo.push(action)};
  const run = createRun();
  const [host, tor] = [`romana.bench-${process.pid}-host`, `romana.bench-${process.pid}-tor`];
  const remove = async () => {
    for (const action of undo.toReversed()) await action();
  };
  try {
    for (const name of [host, tor]) {
      await run('ip', ['netns', 'add', name]);
      scope.teardown(() => run('ip', ['netns', 'del', name]));
      await run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    }
    await run('ip', ['-n', host, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', tor]);
    for (const [name, address] of [
      [host, '192.168.20.30/24'],
      [tor, '192.168.20.1/24'],
    ] as const) {
      await run('ip', ['-n', name, 'address', 'add', address, 'dev', 'eth0']);
      await run('ip', ['-n', name, 'link', 'set', 'eth0', 'up']);
    }
    const folder = await temporaryFolder(scope);
    const paths = birdPaths(folder);
    await mkdir(paths.confDir);
    await writeFile(paths.birdConf, 'router id 192.168.20.30;\nprotocol device {}\ninclude "conf.d/*.conf";\n');
    const torPaths = birdPaths(path.join(folder, 'tor'));
    await mkdir(torPaths.confDir, {recursive: true});
    await writeFile(torPaths.birdConf, torConf);
    const torBird = await startBird(scope, {name: tor, run}, torPaths);
    const bird = await startBird(scope, {name: host, run}, paths);
    return {folder, host: {...paths, bird, run: runInNamespace(run, host), namespace: host}, tor: torBird, remove};
  } catch (error) {
    await remove();
    throw error;
  }
}

export const timers = 'hold time 9; connect delay time 1; connect retry time 2; error wait time 1, 2;';

const torConf = `router id 192.168.20.1;
timeformat route iso long us;
protocol device {}
protocol bgp host {
  local as 65000;
  neighbor 192.168.20.30 as 65001;
  ${timers}
  ipv4 { import all; export none; };
}
`;
