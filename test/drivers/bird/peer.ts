import {mkdir, writeFile} from 'node:fs/promises';
import type {ExecutionContext} from 'ava';
import {parseProtocols} from '../../../src/drivers/bird/protocols.ts';
import {birdPaths, birdRoutes, type RunningBird, startBird} from '../../helpers/bird.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {connect, createNamespace} from '../../helpers/namespace.ts';
import {waitFor} from '../../helpers/wait.ts';
import {type BirdHost, createBirdHost, type Templates, writeFirstConf} from './bird-host.ts';
import {speaking} from './neighbours.ts';

const timers = 'hold time 9; connect delay time 1; connect retry time 2; error wait time 1, 2;';

/** A host whose BIRD peers with a ToR of AS 65000, also a BIRD. */
export interface PeeringHost extends BirdHost {
  readonly bird: RunningBird;
  readonly tor: RunningBird;
  /** What the ToR has learned from this host. */
  learned(): Promise<string[]>;
  /** Since when the host's session is up, in BIRD's words; undefined while it is not. */
  upSince(): Promise<string | undefined>;
}

/** A template that peers with the ToR. `session` goes into the protocol, `routes` stands for the static routes. */
export function peering({
  local = 65001,
  as = 65000,
  session = '',
  channel = 'export where proto = "romana";',
  name = 'tor',
} = {}): Templates {
  const lines = [
    `protocol bgp ${name} {`,
    `  local as ${local};`,
    `  neighbor 192.168.20.1 as ${as};`,
    `  ${timers}`,
    `  ${session}`,
    `  ipv4 { import none; ${channel} };`,
    '}',
  ];
  return speaking(...lines);
}

/** Both are running; the session is there once a first set has been published. */
export async function createPeeringHost(t: ExecutionContext, label: string): Promise<PeeringHost> {
  const host = await createBirdHost(t, label);
  const torSpace = await createNamespace(t, `${label}-tor`);
  await connect(host.namespace, torSpace, {addresses: [['192.168.20.30/24'], ['192.168.20.1/24']]});
  const paths = birdPaths(await temporaryFolder(t));
  await mkdir(paths.confDir);
  await writeFile(
    paths.birdConf,
    `router id 192.168.20.1;\nprotocol device {}\nprotocol bgp host {\n  local as 65000;\n  neighbor 192.168.20.30 as 65001;\n  ${timers}\n  ipv4 { import all; export none; };\n}\n`,
  );
  const tor = await startBird(t, torSpace, paths);
  await writeFirstConf(host);
  const bird = await host.start();
  return {
    ...host,
    bird,
    tor,
    learned: () => birdRoutes(tor.control),
    async upSince() {
      const protocols = parseProtocols(await host.control.command('show protocols'));
      return protocols.find(({proto, info}) => proto === 'BGP' && info.startsWith('Established'))?.since;
    },
  };
}

/** Waits until the session is up, and the ToR has exactly these prefixes. */
export async function learnedExactly(host: PeeringHost, prefixes: readonly string[]): Promise<void> {
  await waitFor('the session is up', async () => (await host.upSince()) !== undefined);
  await waitFor(`the ToR has ${prefixes.join(', ')}`, async () => (await host.learned()).join() === prefixes.join());
}
