import {renderBird} from './bird-config.ts';
import {type FrrDaemon, renderFrr} from './frr-config.ts';
import type {LabNode, LabProcess} from './plan-types.ts';
import type {Router} from './router.ts';

/** The files and processes of a ToR or spine: one bird, or the daemons of FRR. */
export function routerFiles(router: Router, daemon: 'bird' | 'frr', folder: string): Pick<LabNode, 'files' | 'processes' | 'owner'> {
  if (daemon === 'bird') {
    return {
      files: [{path: 'bird.conf', text: renderBird(router)}],
      processes: [birdProcess(folder, `${folder}/bird.conf`)],
    };
  }
  const configs = [...renderFrr(router)];
  return {
    owner: 'frr',
    files: configs.map(([name, text]) => ({path: `${name}.conf`, text})),
    processes: configs.map(([name]) => frrProcess(name, folder)),
  };
}

/** BIRD makes its socket before it reads its configuration, so only an answer says that it runs. */
export function birdProcess(folder: string, config: string, flags: readonly string[] = []): LabProcess {
  const socket = `${folder}/bird.ctl`;
  return {
    what: 'bird',
    layer: 'fabric',
    command: ['bird', '-f', ...flags, '-c', config, '-s', socket],
    socket,
    ready: ['birdc', '-s', socket, 'show', 'status'],
  };
}

/**
 * FRR's daemons drop to user frr by themselves (they refuse to run as root), so the folder must be that user's.
 * Zebra is ready when the others can reach it.
 */
function frrProcess(name: FrrDaemon, folder: string): LabProcess {
  const zebraSocket = `${folder}/zserv.api`;
  const command: [string, ...string[]] = [
    `/usr/lib/frr/${name}`,
    ...['-f', `${folder}/${name}.conf`, '-i', `${folder}/${name}.frr-pid`, '-z', zebraSocket],
    ...['--vty_socket', folder, '-A', '127.0.0.1', '--log', 'stdout'],
    ...(name === 'bfdd' ? ['--bfdctl', `${folder}/bfdd.sock`] : []),
  ];
  return {what: name, layer: 'fabric', command, socket: name === 'zebra' ? zebraSocket : `${folder}/${name}.vty`};
}
