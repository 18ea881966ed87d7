import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {type BirdFile, desiredBirdFiles} from '../../../src/core/desired-bird-files.ts';
import type {NodeState} from '../../../src/core/node-state.ts';
import {type BirdFilesDriver, createBirdFiles} from '../../../src/drivers/bird/bird-files.ts';
import {type BirdControl, createBirdControl} from '../../../src/drivers/bird/control-socket.ts';
import {step} from '../../../src/reconcile/step.ts';
import {systemClock} from '../../../src/system/clock.ts';
import {type FileSystem, systemFiles} from '../../../src/system/file-system.ts';
import {birdPaths, type RunningBird, startBird} from '../../helpers/bird.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {createNamespace, type Namespace} from '../../helpers/namespace.ts';
import {nodeState} from '../../helpers/node-state.ts';

export const defaultTemplates = {
  'bird.conf': 'router id 192.168.20.30;\nlog stderr all;\nprotocol device {}\ninclude "conf.d/*.conf";\n',
  'publisher.conf': '{{!-- note --}}\nprotocol static romana {\n  ipv4;\n{{#each Networks}}\n  route {{this}} reject;\n{{/each}}\n}\n',
};

export type Templates = Readonly<Record<string, string>>;

/** A host's side of the tests: templates, the driver, a log of every command, question to BIRD and signal, and a BIRD to start. */
export interface BirdHost {
  readonly namespace: Namespace;
  readonly folder: string;
  readonly paths: ReturnType<typeof birdPaths>;
  readonly control: BirdControl;
  /** What was done to the machine since the last pass began. */
  readonly log: string[];
  node(blocks: readonly string[], templates?: Templates): NodeState;
  driver(files?: FileSystem): BirdFilesDriver;
  /** One pass of the reconcile loop over this driver. */
  pass(driver: BirdFilesDriver, node: NodeState): Promise<void>;
  start(): Promise<RunningBird>;
}

export async function createBirdHost(t: ExecutionContext, label: string): Promise<BirdHost> {
  const folder = await temporaryFolder(t);
  const namespace = await createNamespace(t, label);
  const paths = birdPaths(folder);
  const {birdConf, confDir, birdSocket} = paths;
  const control = createBirdControl(birdSocket);
  const log: string[] = [];
  await mkdir(confDir);

  return {
    namespace,
    folder,
    paths,
    control,
    log,
    node: (blocks, templates = defaultTemplates) =>
      nodeState({
        blocks,
        publish: {birdConf, confDir},
        templates: Object.entries(templates).map(([name, text]) => ({file: path.join(folder, 'templates', name), text})),
      }),
    driver: (files = systemFiles) =>
      createBirdFiles({
        ...paths,
        files,
        clock: systemClock,
        run: (command, args, options) => {
          log.push([command, ...args.slice(0, 1)].join(' '));
          return namespace.run(command, args, options);
        },
        control: {
          command: text => {
            log.push(text);
            return control.command(text);
          },
        },
        signal: (pid, name) => {
          log.push(name);
          process.kill(pid, name);
        },
      }),
    async pass(driver, node) {
      log.length = 0;
      const planned = await step<NodeState, BirdFile>(driver, desiredBirdFiles).plan(node);
      await planned.add();
      await planned.remove();
    },
    async start() {
      return startBird(t, namespace, paths);
    },
  };
}

/** Puts a first bird.conf in place, as a package does, so that BIRD can run before the agent. */
export async function writeFirstConf({paths}: BirdHost): Promise<void> {
  await writeFile(paths.birdConf, defaultTemplates['bird.conf']);
}
