import {mkdir, writeFile} from 'node:fs/promises';
import type {ExecutionContext} from 'ava';
import {type ProtocolState, parseProtocolStates} from '../../../src/drivers/bird/baseline.ts';
import {birdPaths, type RunningBird, startBird} from '../../helpers/bird.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {connect, createNamespace} from '../../helpers/namespace.ts';
import {waitFor} from '../../helpers/wait.ts';
import {type BirdHost, createBirdHost, type Templates, writeFirstConf} from './bird-host.ts';

export const timers = 'hold time 9; connect delay time 1; connect retry time 2; error wait time 1, 2;';

/** A host with as many ToRs as there are texts of a bird.conf for them. ToR 0 is on eth0, 192.168.20.1 and fd20::1; ToR 1 on eth1, 192.168.21.1 …; the host is .30. */
export interface NeighbouringHost extends BirdHost {
  readonly bird: RunningBird;
  readonly tors: readonly RunningBird[];
  /** How a protocol of the host does; undefined when there is none of that name. */
  stateOf(name: string): Promise<ProtocolState | undefined>;
  isUp(name: string): Promise<void>;
  /** Since when it is up, in BIRD's words. */
  upSince(name: string): Promise<string>;
}

export async function createNeighbouringHost(t: ExecutionContext, label: string, torConfs: readonly string[]): Promise<NeighbouringHost> {
  const host = await createBirdHost(t, label);
  const tors: RunningBird[] = [];
  for (const [index, text] of torConfs.entries()) {
    const space = await createNamespace(t, `${label}-tor${index}`);
    const addresses = (last: number) => [`192.168.${20 + index}.${last}/24`, `fd${20 + index}::${last}/64`];
    await connect(host.namespace, space, {device: `eth${index}`, addresses: [addresses(30), addresses(1)]});
    const paths = birdPaths(await temporaryFolder(t));
    await mkdir(paths.confDir);
    await writeFile(paths.birdConf, `router id 192.168.${20 + index}.1;\nprotocol device {}\n${text}`);
    tors.push(await startBird(t, space, paths));
  }
  await writeFirstConf(host);
  const bird = await host.start();
  const stateOf = async (name: string) => parseProtocolStates(await host.control.command('show protocols all')).get(name);
  return {
    ...host,
    bird,
    tors,
    stateOf,
    upSince: async name => (await stateOf(name))?.since ?? 'never',
    async isUp(name) {
      await waitFor(`${name} is up`, async () => (await stateOf(name))?.isUp);
    },
  };
}

/** A bird.conf of a ToR of AS 65000 that talks to the host. */
export function torConf({index = 0, session = '', channels = 'ipv4 { import all; export none; };'} = {}): string {
  return `protocol bgp host {\n  local as 65000;\n  neighbor 192.168.${20 + index}.30 as 65001;\n  ${timers}\n  ${session}\n  ${channels}\n}\n`;
}

/** A host's templates: the networks as static routes, and what speaks of them. */
export function speaking(...protocols: readonly string[]): Templates {
  return {
    'bird.conf':
      'router id 192.168.20.30;\nlog stderr all;\ntimeformat protocol iso long ms;\nprotocol device {}\ninclude "conf.d/*.conf";\n',
    'publisher.conf': [
      'protocol static romana {',
      '  ipv4;',
      '{{#each Networks}}',
      '  route {{this}} reject;',
      '{{/each}}',
      '}',
      ...protocols,
      '',
    ].join('\n'),
  };
}

/** A host's BGP session with a ToR. */
export function session({
  name = 'tor0',
  index = 0,
  as = 65000,
  local = 65001,
  more = '',
  channels = 'ipv4 { import none; export where proto = "romana"; };',
} = {}): string {
  return `protocol bgp ${name} {\n  local as ${local};\n  neighbor 192.168.${20 + index}.1 as ${as};\n  ${timers}\n  ${more}\n  ${channels}\n}`;
}
